"""One act on many drafts: chosen, confirmed, done in parts while the page says how far it is, never done twice."""

from functools import partial
from itertools import islice
from typing import Any, Final

import polars as pl
from django.contrib import messages
from django.http import QueryDict
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import urlencode

from duly.billing.desk.actions import queue_message
from duly.billing.invoicing import actions, draft_lists, queries
from duly.billing.invoicing.actions.batch import ACTS, Batch
from duly.billing.kernel.errors import Forbidden, Refused
from duly.billing.kernel.listing import Query
from duly.interfaces.kit.drawing import digest
from duly.interfaces.kit.forms import Once
from duly.interfaces.kit.templatetags.kit import noun
from duly.interfaces.web.billing.drafts import DRAFTS
from duly.interfaces.web.billing.reviews import REVIEWS
from duly.interfaces.web.billing.rows import STATES
from duly.interfaces.web.page import StaffRequest, page, show, ticked

WORDS: Final = {
    "submit": ("Submit", "submitted", "Those that their agreements let go without review are ready at once."),
    "approve": ("Approve", "approved", "They are ready to issue, or go to the client where the agreement says so."),
    "issue": ("Issue", "issued", "They get their numbers, are booked, and can no longer be changed."),
    "discard": ("Discard", "discarded", "Their work and days can be billed again at once."),
}
"""Each act's title, what it has done to a draft, and what comes of it."""
RIGHTS: Final = {**ACTS, "approve": "review"}
LISTED: Final = 500
"""So many drafts of a batch are listed on a page; the sums and counts are of all."""


def ids_of(request: StaffRequest) -> list[int]:
    """The drafts that were chosen: by their boxes, all that match a list's filters, or all of a run in some states."""
    if request.POST.get("all") and request.POST.get("act") == "approve":
        filters = REVIEWS.filters_of(request, QueryDict(request.POST.get("query", "")))
        return [row["id"] for row in draft_lists.every_review_alone(
            actor=request.actor, on=request.on, query=Query(filters, sort="id"))]
    if request.POST.get("all"):
        filters = DRAFTS.filters_of(request, QueryDict(request.POST.get("query", "")))
        filters |= DRAFTS.filters_of(request, QueryDict(urlencode({"run": request.POST.get("run", "")})))
        return [row["id"] for row in draft_lists.every_draft(
            actor=request.actor, on=request.on, query=Query(filters, sort="id"))]
    return ticked(request)


def refuse_without(request: StaffRequest, *rights: str) -> None:
    """Raise unless the actor has one of the rights."""
    if not any(request.actor.may(right) for right in rights):
        raise Forbidden(f"This needs the right “{rights[0]}”.", "Ask an administrator for it.")


@page(methods="GET POST")
def chosen(request: StaffRequest) -> HttpResponseBase:
    """What is about to be done, to which drafts and what sums; nothing is done yet."""
    act = request.POST.get("act", "")
    refuse_without(request, RIGHTS.get(act, "bill"))
    ids = ids_of(request)
    if act not in WORDS or not ids:
        if request.method == "POST":
            messages.error(request, "Nothing is chosen. Tick some drafts, then say what to do with them.")
        return redirect("reviews" if act == "approve" else "drafts")
    found = queries.listed(actor=request.actor, on=request.on, ids=ids)
    sums = found.group_by("currency").agg(pl.len(), pl.col("total").sum()).sort("currency")
    title, _, meaning = WORDS[act]
    drafts = [(row, STATES[row["state"]]) for row in found.head(LISTED).to_dicts()]
    return show(request, "web/billing/chosen.html", {
        "act": act, "title": title, "meaning": meaning, "drafts": drafts, "sums": list(sums.iter_rows()),
        "count": found.height, "back": reverse("reviews" if act == "approve" else "drafts"),
        "ids": ",".join(map(str, ids)), "form": Once()})


@page(methods="POST")
def begin(request: StaffRequest) -> HttpResponseBase:
    """Plan the batch that was confirmed and go to its page. The same form sent twice is one batch."""
    act, ids = request.POST.get("act", ""), sorted({int(one) for one in request.POST.get("drafts", "").split(",")
                                                    if one.isdecimal() and len(one) < 19})
    key = digest(request.POST.get("key", ""), request.actor.login, act, ids)
    refuse_without(request, RIGHTS.get(act, "bill"))
    plan: Any = actions.plan_approvals if act == "approve" else partial(actions.plan_batch, act=act)
    plan(actor=request.actor, at=request.at, on=request.on, drafts=ids, key=key)
    return redirect("batch", key)


@page()
def batch(request: StaffRequest, key: str) -> HttpResponseBase:
    refuse_without(request, *RIGHTS.values())
    return shown(request, actions.batch_of(actor=request.actor, key=key))


@page(methods="POST")
def go_on(request: StaffRequest, key: str) -> HttpResponseBase:
    """Do the batch's next part; htmx asks again until none is left."""
    refuse_without(request, *RIGHTS.values())
    found = actions.go_on(actor=request.actor, at=request.at, on=request.on, key=key)
    return shown(request, found) if request.htmx else redirect("batch", key)


@page(right="send", methods="POST")
def send(request: StaffRequest, key: str) -> HttpResponseBase:
    """Queue the mails of what the batch issued; the outbox shows how they fare."""
    found = actions.batch_of(actor=request.actor, key=key)
    if found.act != "issue" or not found.done:
        raise Refused("This batch issued nothing.", "There is nothing to send.")
    queued = queue_message(actor=request.actor, at=request.at, on=request.on, invoices=list(found.done))
    count, before = len(queued.messages), len(queued.already)
    messages.success(request, f"{count} {noun('mails', count)} queued{f', {before} sent before' if before else ''}.")
    return redirect("outbox")


def shown(request: StaffRequest, found: Batch) -> HttpResponseBase:
    """The batch's page, or for htmx its part that changes; documents are named once all is done."""
    title, done_word, meaning = WORDS[found.act]
    skipped = dict(islice(found.skipped.items(), LISTED))
    done = dict(islice(found.done.items(), LISTED)) if found.next is None else {}
    listed = queries.listed(actor=request.actor, on=request.on, ids=[*skipped, *done])
    named = {row["id"]: row for row in listed.to_dicts()}
    context = {
        "batch": found, "title": title, "done_word": done_word, "meaning": meaning,
        "acted": len(found.done) + len(found.skipped), "running": found.next is not None,
        "may_send": found.act == "issue" and request.actor.may("send"),
        "done": [(named[id_], STATES.get(came, (came,))[0]) for id_, came in done.items() if id_ in named],
        "skipped": [(named[id_], reason) for id_, reason in skipped.items() if id_ in named],
        "more_done": len(found.done) - len(done), "more_skipped": len(found.skipped) - len(skipped),
        "back": reverse("reviews" if found.act == "approve" else "drafts"),
        "go_url": reverse("batch_next", args=[found.key]),
    }
    return show(request, "web/billing/batch.html#progress" if request.htmx else "web/billing/batch.html", context)
