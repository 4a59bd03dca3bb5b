"""Bill runs: watched, stopped and resumed; what each of them came to."""

from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

from django.contrib import messages
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse

from duly.billing.invoicing import actions, draft_lists
from duly.billing.invoicing.compare import run_sums
from duly.interfaces.kit import printing
from duly.interfaces.kit.listing import Column, Filter, Listing
from duly.interfaces.web.billing.drafts import DRAFTS, acts, bulk, entities
from duly.interfaces.web.billing.rows import STATES, all_of, page_of
from duly.interfaces.web.page import StaffRequest, page, show

OPEN: Final = ("draft", "in_review", "client_check", "ready")
RUN_STATES: Final = {"running": ("Running", "info"), "stopped": ("Stopped", "warn"), "done": ("Done", "good"),
                     "failed": ("Needs you", "bad")}


def shown_run(row: dict[str, Any]) -> dict[str, Any]:
    """The run's row with its period in words, and `failed` as its state where nothing but failures is left."""
    state = "failed" if row["failed"] and not row["waiting"] and row["state"] == "running" else row["state"]
    return {**row, "period": printing.period(row["period_from"], row["period_to"] - timedelta(days=1)), "stands": state,
            "launched": printing.moment(row["launched_at"]), "open": sum(row[name] for name in OPEN)}


RUNS: Final = Listing(
    name="runs", read=page_of(draft_lists.runs, shown_run), read_all=all_of(draft_lists.every_run, shown_run),
    sort="-launched", row_url=lambda row: reverse("run", args=[row["id"]]),
    empty="No bill run yet. A run turns a period's unbilled work and due charges into drafts.",
    columns=(
        Column("period", "Period", "strong", sort="period", under="entity_name"),
        Column("launched", "Started", sort="launched", under="launched_by"),
        Column("stands", "State", "pill"),
        Column("drafts", "Drafts", "number"), Column("open", "Not issued", "number"),
        Column("issued", "Issued", "number"),
    ),
    filters=(
        Filter("entity", "Entity", "choice", entities),
        Filter("state", "State", "choice", (("running", "Running"), ("stopped", "Stopped"), ("done", "Done"))),
    ),
    tones=RUN_STATES,
)


@page()
def runs(request: StaffRequest) -> HttpResponseBase:
    return RUNS.respond(request, "web/billing/runs.html")


@page()
def run(request: StaffRequest, number: int) -> HttpResponseBase:
    found = shown_run(draft_lists.run_progress(actor=request.actor, on=request.on, run=number))
    documents = replace(
        DRAFTS, name="drafts", read=page_of(draft_lists.run_documents, run=number),
        read_all=all_of(draft_lists.every_run_document, run=number), tones={**DRAFTS.tones, **STATES},
        filters=(Filter("text", "Draft or account"), Filter("state", "State", "choice", [
            (state, title) for state, (title, _) in STATES.items() if state != "discarded"])),
        empty="No draft yet." if found["waiting"] else "This run made no drafts: there was nothing to bill.")
    sums = run_sums(actor=request.actor, on=request.on, run=number)
    return documents.respond(request, "web/billing/run.html", {
        "run": found, "sums": sums, **bulk(request, acts(request)),
        "note": ", ".join(f"{found[name]} {STATES[name][0].lower()}" for name in OPEN if found[name])})


@page()
def progress(request: StaffRequest, number: int) -> HttpResponseBase:
    """How far the run is, for the page that watches it; once there is nothing to wait for the page is drawn anew."""
    found = shown_run(draft_lists.run_progress(actor=request.actor, on=request.on, run=number))
    if found["stands"] != "running":
        answer = HttpResponse()
        answer["HX-Refresh"] = "true"
        return answer
    return show(request, "web/billing/run.html#progress", {"run": found})


@page(right="bill", methods="POST")
def stop(request: StaffRequest, number: int) -> HttpResponseBase:
    left = actions.stop(actor=request.actor, at=request.at, on=request.on, run=number)
    messages.success(request, "The run stops after what is under way." if left else "Nothing was left to stop.")
    return redirect("run", number)


@page(right="bill", methods="POST")
def resume(request: StaffRequest, number: int) -> HttpResponseBase:
    left = actions.resume(actor=request.actor, at=request.at, on=request.on, run=number, in_background=True)
    messages.success(request, "The run goes on." if left else "Nothing was left to draft.")
    return redirect("run", number)
