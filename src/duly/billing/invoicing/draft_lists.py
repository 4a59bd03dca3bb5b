"""The lists before issue: drafts, bill runs with their progress, and the queue of reviews beside last time."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import date
from itertools import islice
from typing import Any, Final

from duly.billing.accounts.queries import IN_BOOK, unseen
from duly.billing.invoicing.compare import documents_compared
from duly.billing.kernel import frames, listing
from duly.billing.kernel.authority import Actor
from duly.billing.kernel.listing import Page, Query, Sort, Source

COMPARED_AT_ONCE: Final = 500

TABLES: Final = """invoice i join account a on a.id = i.account_id join legal_entity e on e.id = i.entity_id
    left join app_user m on m.id = a.manager_id left join bill_run_partition p on p.id = i.run_partition_id"""

OPEN_FINDINGS: Final = """(select count(*) from finding f where f.invoice_id = i.id and f.severity = '{}'
    and not exists (select from waiver w where (w.invoice_id, w.check_name, w.path, w.text)
                    = (f.invoice_id, f.check_name, f.path, f.text)))"""
"""SQL: how many findings of a severity the draft has that nobody waived."""

COLUMNS: Final = {
    "id": "i.id", "state": "i.state", "entity": "e.code", "account": "a.number", "account_name": "a.name",
    "manager": "coalesce(m.name, '')", "currency": "i.currency", "net": "i.net", "tax": "i.tax", "total": "i.total",
    "service_from": "i.service_from", "service_to": "i.service_to", "review": "i.review", "run": "p.run_id",
    **{severity: OPEN_FINDINGS.format(severity) for severity in ("blocks", "warns", "notes")},
}

FILTERS: Final = {
    # What was typed is the draft's own number, or stands at the beginning of its customer's or anywhere in the name.
    "text": """i.id::text = %(value)s or position(%(folded)s in a.sort_name) > 0
               or starts_with(lower(a.number), lower(%(value)s))""",
    "account": "a.number = %(value)s", "entity": "e.code = %(value)s", "run": "p.run_id = %(value)s::bigint",
    "book": f"(%(value)s = 'mine') = {IN_BOOK}",
    "manager": "m.login = %(value)s", "currency": "i.currency = %(value)s",
    "blocked": f"({OPEN_FINDINGS.format('blocks')} > 0) = (%(value)s = 'yes')",
}

SORTS: Final = {
    "id": Sort("i.id", "bigint"), "account": Sort("a.sort_name", "text"), "total": Sort("i.total", "numeric"),
    "service": Sort("i.service_to", "date"),
}

DRAFTS: Final = Source(
    columns=COLUMNS, tables=TABLES, id="i.id", book=IN_BOOK, sorts=SORTS,
    where="i.state <> 'issued' and i.state <> 'discarded'",
    filters={**FILTERS, "state": "i.state = %(value)s", "review": "i.review = %(value)s"},
)

DOCUMENTS: Final = replace(
    DRAFTS, columns={**COLUMNS, "number": "coalesce(i.number, '')"}, where="i.state <> 'discarded'")
"""Drafts and what became of them: the documents of a run, issued ones too."""

OWN: Final = """exists (select from app_user me where me.id = %(user)s and (me.login = i.created_by
        or me.id = (select r.launched_by_id from bill_run r where r.id = p.run_id)
        or exists (select from draft_edit d where d.invoice_id = i.id and d.editor = me.login)))"""
"""SQL: did the reader make, launch or edit the draft? Then someone else reviews it (law 6)."""

REVIEWS: Final = Source(
    columns={**COLUMNS, "submitted_at": "s.submitted_at", "submitted_by": "s.name", "own": OWN},
    tables=f"""{TABLES} cross join lateral (select s.submitted_at, u.name, u.login from review_step s
        join app_user u on u.id = s.submitted_by_id where s.invoice_id = i.id order by s.id desc limit 1) s""",
    id="i.id", book=IN_BOOK, where="i.state = 'in_review'",
    sorts={"submitted": Sort("s.submitted_at", "timestamptz"), **SORTS},
    filters={**FILTERS, "submitted_by": "s.login = %(value)s", "own": f"({OWN}) = (%(value)s = 'yes')"},
)

OF_RUN: Final = "from invoice i join bill_run_partition p on p.id = i.run_partition_id where p.run_id = r.id"

RUNS: Final = Source(
    columns={
        "id": "r.id", "entity": "e.code", "entity_name": "e.name", "period_from": "r.period_from",
        "period_to": "r.period_to", "on": "r.on",
        "state": "r.state", "launched_by": "u.name", "launched_at": "r.launched_at",
        "accounts": "(select coalesce(sum(cardinality(accounts)), 0) from bill_run_partition where run_id = r.id)",
        "partitions": "(select count(*) from bill_run_partition p where p.run_id = r.id)",
        **{name: f"(select count(*) from bill_run_partition p where p.run_id = r.id and p.state = '{name}')"
           for name in ("waiting", "done", "failed")},
        "drafts": "(select coalesce(sum(p.drafts), 0) from bill_run_partition p where p.run_id = r.id)",
        **{name: f"(select count(*) {OF_RUN} and i.state = '{name}')"
           for name in ("draft", "in_review", "client_check", "ready", "issued", "discarded")},
    },
    tables="bill_run r join legal_entity e on e.id = r.entity_id join app_user u on u.id = r.launched_by_id",
    id="r.id", right="read",
    # A run is seen by whoever may see all of its accounts (law 11).
    book=f"""not exists (select from bill_run_partition p cross join unnest(p.accounts) as o (id)
               join account a on a.id = o.id where p.run_id = r.id and {IN_BOOK} is not true)""",
    sorts={"launched": Sort("r.launched_at", "timestamptz"), "period": Sort("r.period_from", "date")},
    filters={"entity": "e.code = %(value)s", "state": "r.state = %(value)s", "id": "r.id = %(value)s::bigint",
             "launched_by": "u.login = %(value)s", "period_from": "r.period_from >= %(value)s",
             "period_to": "r.period_to <= %(value)s"},
)


def drafts(*, actor: Actor, on: date, query: Query) -> Page:
    """A page of documents before issue in the actor's book; columns, filters and sorts as `DRAFTS`."""
    return listing.page(DRAFTS, query, actor=actor, on=on)


def every_draft(*, actor: Actor, on: date, query: Query) -> Iterator[dict[str, Any]]:
    """All of them, for an export."""
    return listing.every(DRAFTS, query, actor=actor, on=on)


def drafts_beside_last(*, actor: Actor, on: date, query: Query) -> Page:
    """As `drafts`, and beside last time as in `reviews`."""
    found = drafts(actor=actor, on=on, query=query)
    return replace(found, rows=list(_beside_last(found.rows, actor, on)))


def every_draft_beside_last(*, actor: Actor, on: date, query: Query) -> Iterator[dict[str, Any]]:
    """All of them, for an export, a few hundred in memory at a time."""
    return _in_parts(every_draft(actor=actor, on=on, query=query), actor, on)


def run_documents(*, actor: Actor, on: date, query: Query) -> Page:
    """A page of what the run of the filter `run` made, issued documents too, each beside last time."""
    found = listing.page(DOCUMENTS, query, actor=actor, on=on)
    return replace(found, rows=list(_beside_last(found.rows, actor, on)))


def every_run_document(*, actor: Actor, on: date, query: Query) -> Iterator[dict[str, Any]]:
    """All of them, for an export."""
    return _in_parts(listing.every(DOCUMENTS, query, actor=actor, on=on), actor, on)


def runs(*, actor: Actor, on: date, query: Query) -> Page:
    """A page of bill runs, all of whose accounts the actor may see, with their progress; columns as `RUNS`.

    `waiting`, `done` and `failed` count partitions; `draft` to `discarded` count documents by what became of them.
    """
    return listing.page(RUNS, query, actor=actor, on=on)


def every_run(*, actor: Actor, on: date, query: Query) -> Iterator[dict[str, Any]]:
    """All of them, for an export."""
    return listing.every(RUNS, query, actor=actor, on=on)


def run_progress(*, actor: Actor, on: date, run: int) -> dict[str, Any]:
    """One run as `runs` lists it, with `errors`: the number of each failed partition and why. Raises `NotFound`."""
    found = runs(actor=actor, on=on, query=Query(filters={"id": run}, sort="launched", limit=1)).rows
    if not found or not actor.may("read"):
        raise unseen(actor, "read", f"bill run {run}")
    errors = frames.rows("""select ordinal, error from bill_run_partition
        where run_id = %s and state = 'failed' order by ordinal""", [run])
    return {**found[0], "errors": errors}


def reviews(*, actor: Actor, on: date, query: Query) -> Page:
    """A page of the drafts that wait for a peer, in the actor's book; sort by `submitted` for the oldest first.

    Columns as `REVIEWS`, and beside last time (`compare`): previous_id, previous_number, before, difference, percent,
    and how many charges are new, gone, changed. `own`: the actor made, launched or edited it and cannot approve it.
    """
    found = listing.page(REVIEWS, query, actor=actor, on=on)
    return replace(found, rows=list(_beside_last(found.rows, actor, on)))


def every_review(*, actor: Actor, on: date, query: Query) -> Iterator[dict[str, Any]]:
    """All of them, for an export, a few hundred in memory at a time."""
    return _in_parts(listing.every(REVIEWS, query, actor=actor, on=on), actor, on)


def every_review_alone(*, actor: Actor, on: date, query: Query) -> Iterator[dict[str, Any]]:
    """As `every_review`, without last time, for an act on all that match."""
    return listing.every(REVIEWS, query, actor=actor, on=on)


def made_or_changed(*, actor: Actor, document: int) -> bool:
    """Did the actor make, launch or edit the draft? Then someone else reviews it (law 6)."""
    query = f"""select {OWN} from invoice i left join bill_run_partition p on p.id = i.run_partition_id
                 where i.id = %(document)s"""
    return any(own for (own,) in frames.rows(query, {"document": document, "user": actor.user_id}))


def _in_parts(rows: Iterator[dict[str, Any]], actor: Actor, on: date) -> Iterator[dict[str, Any]]:
    while part := list(islice(rows, COMPARED_AT_ONCE)):
        yield from _beside_last(part, actor, on)


def _beside_last(rows: Iterable[dict[str, Any]], actor: Actor, on: date) -> Iterator[dict[str, Any]]:
    rows = list(rows)
    compared = documents_compared([row["id"] for row in rows], actor=actor, on=on).select(
        "document_key", "previous_id", "previous_number", "before", "difference", "percent", "new", "gone", "changed")
    by_id = {row.pop("document_key"): row for row in compared.iter_rows(named=True)}
    for row in rows:
        yield {**row, **by_id[row["id"]]}
