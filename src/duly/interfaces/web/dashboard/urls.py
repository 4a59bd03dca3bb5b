"""The dashboard: what is open, late, billed, collected and unbilled, and how it moves."""

from django.urls import path

from duly.interfaces.web.dashboard import deferred, views

urlpatterns = [
    path("dashboard/", views.dashboard, name="dashboard"),
    path("dashboard/unbilled/", views.unbilled, name="dashboard_unbilled"),
    path("dashboard/deferred/", deferred.deferred, name="deferred"),
]
