from django.urls import path

from duly.interfaces.web.accounts import changes, views

urlpatterns = [
    path("accounts/", views.accounts, name="accounts"),
    path("accounts/names/", views.names, name="account_names"),
    path("accounts/new/", changes.new, name="account_new"),
    path("accounts/<path:number>/edit/", changes.edit, name="account_edit"),
    path("accounts/<path:number>/manager/", changes.manager, name="account_manager"),
    path("accounts/<path:number>/contact/", changes.contact, name="account_contact"),
    path("accounts/<path:number>/tax-treatment/", changes.treatment, name="account_treatment"),
    path("accounts/<path:number>/withholding/", changes.withholding, name="account_withholding"),
    path("accounts/<path:number>/tax-number/", changes.tax_number, name="account_tax_number"),
    path("accounts/<path:number>/purchase-order/", changes.purchase_order, name="account_purchase_order"),
    path("accounts/<path:number>/unbilled/", views.unbilled, name="account_unbilled"),
    path("accounts/<path:number>/history/", views.history, name="account_history"),
    path("accounts/<path:number>/", views.account, name="account"),
]
