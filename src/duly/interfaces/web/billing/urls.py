from django.urls import path

from duly.interfaces.web.billing import batches, drafts, reviews, runs, starting

urlpatterns = [
    path("runs/", runs.runs, name="runs"),
    path("runs/new/", starting.start, name="run_start"),
    path("runs/<int:number>/", runs.run, name="run"),
    path("runs/<int:number>/progress/", runs.progress, name="run_progress"),
    path("runs/<int:number>/stop/", runs.stop, name="run_stop"),
    path("runs/<int:number>/resume/", runs.resume, name="run_resume"),
    path("drafts/", drafts.drafts, name="drafts"),
    path("drafts/chosen/", batches.chosen, name="drafts_chosen"),
    path("drafts/batches/", batches.begin, name="batch_begin"),
    path("drafts/batches/<slug:key>/", batches.batch, name="batch"),
    path("drafts/batches/<slug:key>/next/", batches.go_on, name="batch_next"),
    path("drafts/batches/<slug:key>/send/", batches.send, name="batch_send"),
    path("reviews/", reviews.reviews, name="reviews"),
]
