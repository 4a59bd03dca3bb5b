from django.urls import path

from duly.interfaces.web.payments import recording, statement, views

urlpatterns = [
    path("payments/", views.payments, name="payments"),
    path("payments/new/", recording.record, name="payment_new"),
    path("payments/<int:receipt>/", views.receipt, name="receipt"),
    path("payments/<int:receipt>/receipt.pdf", views.document, name="receipt_pdf"),
    path("payments/<int:receipt>/send/", views.send, name="receipt_send"),
    path("payments/<int:receipt>/undo/<int:allocation>/", views.undo, name="receipt_undo"),
    path("payments/statement/<path:number>/", statement.statement, name="statement"),
]
