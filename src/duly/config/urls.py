"""Every address: the staff app's pages stand at the root, the API under /api/v1/."""

from django.urls import include, path

urlpatterns = [path("api/v1/", include("duly.interfaces.api.urls")), path("", include("duly.interfaces.web.urls"))]

handler400 = "duly.interfaces.web.frame.failures.unreadable"
handler403 = "duly.interfaces.web.frame.failures.forbidden"
handler404 = "duly.interfaces.web.frame.failures.not_found"
handler500 = "duly.interfaces.web.frame.failures.fault"
