from django.urls import path

from duly.interfaces.web.invoices import views

urlpatterns = [path("invoices/", views.invoices, name="invoices")]
