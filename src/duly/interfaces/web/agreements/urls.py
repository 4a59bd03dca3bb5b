from django.urls import path

from duly.interfaces.web.agreements import changing, editing, rates, views

urlpatterns = [
    path("agreements/", views.agreements, name="agreements"),
    path("agreements/new/", editing.new, name="agreement_new"),
    path("agreements/new/try/", editing.attempt, name="agreement_try"),
    path("agreements/rates/", rates.cards, name="rate_cards"),
    path("agreements/rates/new/", rates.new, name="rate_card_new"),
    path("agreements/rates/<path:code>/", rates.card, name="rate_card"),
    path("agreements/<path:number>/amend/", editing.amend, name="agreement_amend"),
    path("agreements/<path:number>/amend/try/", editing.attempt, name="agreement_amend_try"),
    path("agreements/<path:number>/change/", changing.change, name="agreement_change"),
    path("agreements/<path:number>/end/", changing.end, name="agreement_end"),
    path("agreements/<path:number>/pause/", changing.pausing, name="agreement_pause"),
    path("agreements/<path:number>/resume/", changing.resuming, name="agreement_resume"),
    path("agreements/<path:number>/project/", views.project, name="agreement_project"),
    path("agreements/<path:number>/", views.agreement, name="agreement"),
]
