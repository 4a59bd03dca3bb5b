from django.urls import path

from duly.interfaces.web.invoices import change, detail, views

urlpatterns = [
    path("invoices/", views.invoices, name="invoices"),
    path("invoices/<int:document>/", detail.invoice, name="invoice"),
    path("invoices/<int:document>/file/", detail.file, name="invoice_file"),
    path("invoices/<int:document>/pages/<int:number>/<slug:version>.svg", detail.picture, name="invoice_picture"),
    path("invoices/<int:document>/<slug:name>/", change.change, name="invoice_change"),
]
