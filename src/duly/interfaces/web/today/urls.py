"""Today: what waits for whoever is signed in, ranked, with the reason and the next step."""

from django.urls import path

from duly.interfaces.web.today import views

urlpatterns = [
    path("today/", views.today, name="today"),
    path("today/unbilled/", views.unbilled, name="today_unbilled"),
    path("today/submit/<int:draft>/", views.submit, name="today_submit"),
]
