from django.urls import path

from duly.interfaces.web.search.views import search

urlpatterns = [path("search/", search, name="search")]
