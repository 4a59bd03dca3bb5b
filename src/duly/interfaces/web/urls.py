"""The staff app's addresses, area by area. Each area keeps its own in `<area>/urls.py`."""

from django.urls import include, path

from duly.interfaces.web.frame import views

AREAS = ("today", "dashboard", "accounts", "agreements", "work", "usage", "billing", "invoices", "payments", "outbox",
         "settings", "search", "sign_in")

urlpatterns = [
    path("", views.home, name="home"),
    path("theme/", views.theme, name="theme"),
    *(path("", include(f"duly.interfaces.web.{area}.urls")) for area in AREAS),
]
