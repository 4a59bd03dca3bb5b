"""The reviews that wait, oldest first, each beside last time."""

from typing import Any, Final

from django.http.response import HttpResponseBase
from django.urls import reverse

from duly.billing.invoicing import draft_lists
from duly.billing.kernel.listing import Query
from duly.interfaces.kit import printing
from duly.interfaces.kit.listing import Column, Filter, Listing
from duly.interfaces.web.billing.drafts import bulk, entities, managers
from duly.interfaces.web.billing.rows import CHECKS, all_of, page_of, shown
from duly.interfaces.web.page import StaffRequest, page


def shown_review(row: dict[str, Any]) -> dict[str, Any]:
    mine = "Yours: another reviews it" if row["own"] else row["submitted_by"]
    return {**shown(row), "since_when": printing.day(row["submitted_at"].date()), "author": mine}


REVIEWS: Final = Listing(
    name="reviews", sort="submitted", bulk=True, row_url=lambda row: reverse("invoice", args=[row["id"]]),
    read=page_of(draft_lists.reviews, shown_review), read_all=all_of(draft_lists.every_review, shown_review),
    empty="Nothing waits for review. Drafts come here when they are submitted.",
    columns=(
        Column("account_name", "Account", "strong", sort="account", under="account"),
        Column("since_when", "Submitted", sort="submitted", under="author"),
        Column("checks", "Checks", "pill", under="findings"),
        Column("difference", "Against last", "money", under="since"),
        Column("changes", "Charges", wide=True),
        Column("total", "Total", "money", sort="total"),
    ),
    filters=(
        Filter("text", "Draft or account"),
        Filter("own", "Whose", "choice", (("no", "For me to review"), ("yes", "My own"))),
        Filter("entity", "Entity", "choice", entities), Filter("manager", "Manager", "choice", managers),
    ),
    tones=CHECKS,
)


@page()
def reviews(request: StaffRequest) -> HttpResponseBase:
    return REVIEWS.respond(request, "web/billing/reviews.html", {
        "first": following(request),
        **bulk(request, [("approve", "Approve", "primary")] if request.actor.may("review") else [])})


def following(request: StaffRequest, after: int = 0) -> int | None:
    """The draft that waits longest for this reviewer, other than `after`; None where the actor reviews nothing."""
    if not request.actor.may("review"):
        return None
    found = draft_lists.reviews(actor=request.actor, on=request.on,
                                query=Query({"own": "no"}, sort="submitted", limit=2)).rows
    return next((row["id"] for row in found if row["id"] != after), None)
