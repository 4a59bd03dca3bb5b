"""Files of usage events in the browser: handed in, looked at, taken in."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any, Final

from django import forms
from django.contrib import messages
from django.http.response import HttpResponseBase
from django.shortcuts import redirect

from duly.billing.kernel.errors import NotFound, Refused
from duly.billing.usage.actions import Ingested
from duly.billing.work import actions, uploads
from duly.billing.work.actions.uploads import LARGEST
from duly.billing.work.uploads import Upload
from duly.formats import FormatError
from duly.interfaces.kit.forms import Form, beside
from duly.interfaces.kit.usage import take_in_file
from duly.interfaces.web.page import StaffRequest, page, show

LISTED: Final = 100


class HandIn(Form):
    file = forms.FileField(label="The file", max_length=255, allow_empty_file=True,
                           widget=forms.FileInput({"accept": ".csv,.parquet,text/csv"}),
                           help_text="CSV or Parquet, at most 25 MB; larger ones by “duly usage import”. "
                                     "You see what comes of it before it counts.")


@page(right="work", methods="GET POST")
def hand_in(request: StaffRequest) -> HttpResponseBase:
    """Takes the file; its preview is a page of its own."""
    form = HandIn(request.POST or None, request.FILES or None)
    if form.is_valid():
        file = form.cleaned_data["file"]
        with beside(form):
            made = actions.hand_in(actor=request.actor, at=request.at, kind="usage", name=file.name or "",
                                   content=file.read(LARGEST + 1))
            return redirect("usage_import_file", made.upload)
    return show(request, "web/usage/import.html", form=form)


@page(right="work", methods="GET POST")
def preview(request: StaffRequest, upload: int) -> HttpResponseBase:
    """What would come of the file; POST takes it in."""
    found = uploads.upload(actor=request.actor, upload=upload)
    if found.kind != "usage":
        raise NotFound("This file holds no usage.", "Look at it under Imports.")
    shown: dict[str, Any] = {"upload": found}
    try:
        with _on_disk(found) as path:
            if request.method == "POST":
                keep = request.POST.get("keep") == "good"
                done = take_in_file(path, name=found.name, actor=request.actor, at=request.at, keep_good=keep)
                messages.success(request, _taken_in(done))
                return redirect("usage_findings" if done.findings else "usage_events")
            counted = take_in_file(path, name=found.name, actor=request.actor, at=request.at, preview=True)
            shown |= {"counted": counted, "bad": counted.bad[:LISTED], "more": max(0, len(counted.bad) - LISTED)}
    except FormatError as error:
        shown["unreadable"] = error
    except Refused as refused:
        shown["refused"] = refused
    return show(request, "web/usage/preview.html", shown, status=422 if request.method == "POST" else 200)


@contextmanager
def _on_disk(found: Upload) -> Iterator[Path]:
    """The file as the readers take it; gone afterwards."""
    with NamedTemporaryFile(prefix="duly-usage-") as file:
        file.write(found.content)
        file.flush()
        yield Path(file.name)


def _taken_in(done: Ingested) -> str:
    told = [f"{done.new:,} events are new"]
    told += [f"{done.again:,} were there already"] if done.again else []
    told += [f"{done.findings:,} wait for a decision"] if done.findings else []
    return ", ".join(told) + "."
