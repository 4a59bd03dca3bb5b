from django.urls import path

from duly.interfaces.web.usage import findings, importing, views

urlpatterns = [
    path("work/usage/", views.usage, name="usage"),
    path("work/usage/events/", views.events, name="usage_events"),
    path("work/usage/findings/", findings.findings, name="usage_findings"),
    path("work/usage/findings/<slug:decision>/", findings.decide, name="usage_decide"),
    path("work/usage/import/", importing.hand_in, name="usage_import"),
    path("work/usage/import/<int:upload>/", importing.preview, name="usage_import_file"),
    path("work/usage/of/<str:metric>/<path:agreement>/", views.used, name="usage_of"),
]
