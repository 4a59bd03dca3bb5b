from django.urls import path

from duly.interfaces.web.work import entries, importing, milestones, recording, views

urlpatterns = [
    path("work/", views.unbilled, name="work"),
    path("work/time/", recording.add_time, name="work_time"),
    path("work/expense/", recording.add_expense, name="work_expense"),
    path("work/entries/", entries.entries, name="work_entries"),
    path("work/entries/approve/", entries.approve, name="work_approve"),
    path("work/entries/<int:item>/", entries.entry, name="work_entry"),
    path("work/entries/<int:item>/receipt/", entries.attach, name="work_attach"),
    path("work/entries/<slug:act>/", entries.act, name="work_act"),
    path("work/receipts/<int:receipt>/", entries.receipt, name="work_receipt"),
    path("work/milestones/", milestones.milestones, name="milestones"),
    path("work/milestones/<int:charge>/", milestones.milestone, name="milestone"),
    path("work/imports/", importing.batches, name="work_imports"),
    path("work/imports/<int:batch>/", importing.batch, name="work_batch"),
    path("work/import/", importing.hand_in, name="work_import"),
    path("work/import/<int:upload>/", importing.preview, name="work_import_file"),
    path("work/import/<int:upload>/map/", importing.map_names, name="work_import_map"),
]
