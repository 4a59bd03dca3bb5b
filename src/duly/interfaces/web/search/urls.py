from django.urls import path

from duly.interfaces.web.search import views

urlpatterns = [path("search/", views.search, name="search")]
