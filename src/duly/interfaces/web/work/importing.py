"""Files of work: handed in, looked at, their names mapped, then imported; and what came of those that are in."""

from typing import Any, Final

from django.contrib import messages
from django.http import QueryDict
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse

from duly.billing.kernel.errors import Forbidden, NotFound, Refused
from duly.billing.work import actions, entry, lists, uploads
from duly.billing.work.actions.uploads import LARGEST
from duly.billing.work.rows import Imported
from duly.billing.work.uploads import Upload
from duly.billing.work.value import own_amount_differences
from duly.formats import FormatError
from duly.interfaces.kit.forms import beside
from duly.interfaces.kit.imports import TITLES, WorkFile, expenses_file, take_in, timesheet_file
from duly.interfaces.kit.listing import Column, Filter, Listing
from duly.interfaces.web.page import StaffRequest, page, show
from duly.interfaces.web.work.forms import by_account
from duly.interfaces.web.work.importing_forms import HandIn, Names, Reading
from duly.interfaces.web.work.sections import sections

LISTED: Final = 100
"""Rejected rows, notes and differences on a page."""

BATCHES: Final = Listing(
    name="imports", read=lists.batches, read_all=lists.every_batch, sort="-imported",
    empty="No file is imported yet. Hand in an export of your time tracker: you see first what would come of it.",
    row_url=lambda row: reverse("work_batch", args=[row["id"]]),
    columns=(
        Column("name", "File", "strong", under="layout"),
        Column("imported_on", "Imported", "date", sort="imported"),
        Column("by", "By"),
        Column("rows", "Rows", "number"), Column("created", "New work items", "number"),
        Column("rejected", "Kept out", "number"),
    ),
    filters=(Filter("text", "File"),
             Filter("kind", "Kind", "choice", (("timesheet", "Time"), ("expenses", "Expenses")))),
)


@page()
def batches(request: StaffRequest) -> HttpResponseBase:
    return BATCHES.respond(request, "web/work/imports.html", {"sections": sections("Imports")})


@page()
def batch(request: StaffRequest, batch: int) -> HttpResponseBase:
    found = uploads.batch(actor=request.actor, on=request.on, batch=batch)
    differences = own_amount_differences(actor=request.actor, batch=batch, on=request.on)
    return show(request, "web/work/batch.html", {
        "batch": found, "outcomes": _outcomes(found.result), **_listed(found.result), "differing": len(differences),
        "differences": differences[:LISTED], "sections": sections("Imports")})


@page(right="work", methods="GET POST")
def hand_in(request: StaffRequest) -> HttpResponseBase:
    """Takes the file; its preview is a page of its own, so that it can be reloaded and gone back to."""
    form = HandIn(request.POST or None, request.FILES or None)
    if form.is_valid():
        file = form.cleaned_data["file"]
        with beside(form):
            made = actions.hand_in(actor=request.actor, at=request.at, kind=form.cleaned_data["kind"],
                                   name=file.name or "", content=file.read(LARGEST + 1))
            return redirect("work_import_file", made.upload)
    return show(request, "web/work/import.html", {"sections": sections("Imports")}, form=form)


@page(right="work", methods="GET POST")
def preview(request: StaffRequest, upload: int) -> HttpResponseBase:
    """How the file would come out, as its address says that it is to be read; POST imports it so."""
    found = _upload(request, upload)
    reading = Reading(request.GET, kind=found.kind)
    shown: dict[str, Any] = {"upload": found, "reading": reading, "sections": sections("Imports")}
    try:
        if request.method == "POST" and reading.is_valid():
            done = take_in(_read(found, reading), actor=request.actor, at=request.at,
                           period=reading.cleaned_data["period"], keep_good=request.POST.get("keep") == "good")
            messages.success(request, _imported(done))
            return redirect("work_batch", done.batch)
        shown |= _preview(request, found, reading) if reading.is_valid() else {}
    except FormatError as error:
        shown["unreadable"] = error
    except (Forbidden, NotFound):
        raise
    except Refused as refused:
        shown |= {"refused": refused.text, **_preview(request, found, reading)}
    return show(request, "web/work/preview.html", shown, status=422 if "refused" in shown else 200)


@page(right="accounts", methods="POST")
def map_names(request: StaffRequest, upload: int) -> HttpResponseBase:
    """Keeps what the names stand for, and shows the preview anew."""
    found = _upload(request, upload)
    reading = Reading(request.GET, kind=found.kind)
    if not reading.is_valid():
        return redirect("work_import_file", upload)
    shown = _preview(request, found, reading, request.POST)
    names = shown["names"]
    if names is not None and names.is_valid() and any(names.mapped().values()):
        with beside(names):
            done = actions.map_names(actor=request.actor, at=request.at, **names.mapped())
            messages.success(request, f"{done.added + done.changed} names are mapped; the preview is counted anew.")
            return redirect(_address(upload, request.GET))
    elif names is None or names.is_valid():
        messages.warning(request, "No name was given something to stand for.")
        return redirect(_address(upload, request.GET))
    return show(request, "web/work/preview.html", {"upload": found, "reading": reading, **shown,
                                                   "sections": sections("Imports")}, form=names)


def _upload(request: StaffRequest, upload: int) -> Upload:
    """A file of work; one of usage has a page of its own."""
    found = uploads.upload(actor=request.actor, upload=upload)
    if found.kind == "usage":
        raise NotFound("This file holds no work.", "Look at it under Usage.")
    return found


def _address(upload: int, query: QueryDict) -> str:
    return f"{reverse('work_import_file', args=[upload])}?{query.urlencode()}".rstrip("?")


def _read(found: Upload, reading: Reading) -> WorkFile:
    read = timesheet_file if found.kind == "timesheet" else expenses_file
    return read(found.name, found.content, **reading.options())


def _preview(request: StaffRequest, found: Upload, reading: Reading, given: QueryDict | None = None) -> dict[str, Any]:
    file = _read(found, reading)
    counted = take_in(file, actor=request.actor, at=request.at, period=reading.cleaned_data["period"], preview=True)
    return {"file": file, "counted": counted, "outcomes": _outcomes(counted), **_listed(counted),
            "names": _names(request, counted, given), "query": request.GET.urlencode()}


def _names(request: StaffRequest, counted: Imported, given: QueryDict | None) -> Names | None:
    """The form that says what unknown names stand for; None where all are known, and for who may not say it."""
    if not any(counted.asked.values()) or not request.actor.may("accounts"):
        return None
    actor, on = request.actor, request.on
    choices = {"person": entry.people(), "client": entry.clients(actor=actor, on=on),
               "project": by_account(entry.projects(actor=actor, on=on))}
    return Names(given, asked=counted.asked, choices=choices)


def _outcomes(counted: Imported) -> dict[str, Any]:
    """The table that adds up to the file."""
    rows = [{"title": title.capitalize(), "rows": counted.outcomes[name], "known": counted.known[name],
             "seconds": counted.seconds[name], "amounts": list(counted.amounts[name].items()), "name": name}
            for name, title in TITLES.items()]
    return {"rows": rows, "known": sum(counted.known.values()), "seconds": sum(counted.seconds.values()),
            "total": counted.rows, "money": any(counted.amounts.values())}


def _listed(counted: Imported) -> dict[str, Any]:
    return {"rejected": counted.rejected[:LISTED], "more_rejected": max(0, len(counted.rejected) - LISTED),
            "notes": counted.notes[:LISTED], "more_notes": max(0, len(counted.notes) - LISTED)}


def _imported(done: Imported) -> str:
    if done.already:
        return "This file is imported already; nothing was changed."
    if done.created == 1:
        return "Imported: 1 work item is new, and waits for approval."
    return f"Imported: {done.created:,} work items are new, and wait for approval."
