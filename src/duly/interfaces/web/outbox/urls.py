from django.urls import path

from duly.interfaces.web.outbox import views

urlpatterns = [
    path("outbox/", views.outbox, name="outbox"),
    path("outbox/again/", views.again, name="send_again"),
    path("outbox/<int:message>/", views.message, name="message"),
    path("outbox/<int:message>/attachment.pdf", views.attachment, name="message_attachment"),
]
