"""The lists of work that pages show: entries, milestones, imports."""

from collections.abc import Iterator
from datetime import date
from typing import Any, Final

from duly.billing.accounts.queries import IN_BOOK
from duly.billing.kernel import listing
from duly.billing.kernel.authority import Actor
from duly.billing.kernel.listing import Page, Query, Sort, Source

STATE: Final = """case when w.withdrawn then 'withdrawn' when d.state = 'issued' then 'billed' when d.id is not null
                       then 'drafted' when not w.billable then 'not_billable' when w.approved_in is not null
                       then 'approved' else 'waiting' end"""
"""SQL: how far a work item is. Billed is read from its live allocations, which lie downstream."""

LIVE: Final = """left join lateral (select i.id, i.number, i.state from work_allocation b
                   join invoice_line l on l.id = b.line_id join invoice i on i.id = l.invoice_id
                  where b.work_item_id = w.id and not b.released order by b.id desc limit 1) d on true"""
"""SQL: the document that holds work item `w`, the latest where it is billed in parts."""

WHAT: Final = "coalesce(nullif(w.description, ''), nullif(w.task, ''), nullif(w.project_name, ''), w.kind)"
"""SQL: what was done, in the most telling words there are."""

UNALLOCATED: Final = "not exists (select from work_allocation b where b.work_item_id = w.id and not b.released)"

ENTRIES: Final = Source(
    columns={
        "id": "w.id", "worked_on": "w.worked_on", "kind": "w.kind", "what": WHAT,
        "person": "w.person_name", "task": "w.task",
        "project": "w.project_name", "account": "a.number", "account_name": "a.name", "agreement": "g.number",
        "description": "w.description", "state": STATE, "document": "d.id", "document_number": "coalesce(d.number, '')",
        "seconds": "case when w.kind = 'time' then w.quantity::bigint end", "cost": "w.cost",
        "currency": "w.cost_currency",
        "receipts": "(select count(*) from work_receipt r where r.work_item_id = w.id)",
    },
    tables=f"work_item w join agreement g on g.id = w.agreement_id join account a on a.id = g.account_id {LIVE}",
    id="w.id", book=IN_BOOK, sorts={"worked": Sort("w.worked_on", "date")},
    filters={
        "text": """position(%(folded)s in a.sort_name) > 0
                   or position(lower(%(value)s) in lower(w.person_name)) > 0
                   or position(lower(%(value)s) in lower(w.project_name)) > 0
                   or position(lower(%(value)s) in lower(w.description)) > 0""",
        "state": f"""case %(value)s when 'waiting' then w.approved_in is null and w.billable and {UNALLOCATED}
            when 'approved' then w.approved_in is not null and w.billable and {UNALLOCATED}
            else ({STATE}) = %(value)s end""",
        "kind": "w.kind = %(value)s",
        "account": "g.account_id = (select id from account where number = %(value)s)",
        "agreement": "w.agreement_id = (select id from agreement where number = %(value)s)",
        "entity": "g.entity_id = (select id from legal_entity where code = %(value)s)",
        "person": "w.person_id = (select id from person where code = %(value)s)",
        "batch": "w.id in (select work_item_id from import_row where batch_id = %(value)s::bigint)",
        "worked_from": "w.worked_on >= %(value)s", "worked_to": "w.worked_on <= %(value)s",
    },
)

ACCEPTED: Final = """(select coalesce(sum(coalesce(w.share, 1)), 0) as share, max(w.worked_on) as last from work_item w
                       where w.agreement_id = g.id and w.charge_id = c.id and w.kind = 'milestone')"""
DUE: Final = "coalesce(t.due_on, date '9999-12-31')"
MILESTONE_STATE: Final = f"""case when accepted.share >= 1 then 'accepted' when accepted.share > 0 then 'part'
                                  when {DUE} <= %(on)s then 'due' else 'ahead' end"""

MILESTONES: Final = Source(
    columns={
        "id": "c.id", "charge": "c.code", "name": "t.name", "agreement": "g.number", "agreement_name": "g.name",
        "account": "a.number", "account_name": "a.name", "currency": "g.currency", "price": "t.price",
        "due_on": "t.due_on", "accepted": "accepted.share", "accepted_on": "accepted.last", "state": MILESTONE_STATE,
    },
    tables=f"""charge c join agreement g on g.id = c.agreement_id join account a on a.id = g.account_id
      join lateral (select t.* from charge_terms t join agreement_version v on v.id = t.version_id
                     where t.charge_id = c.id and v.agreement_id = g.id and v.valid_from = (
                           select max(valid_from) from agreement_version
                            where agreement_id = g.id and valid_from <= %(on)s)) t on true
      cross join lateral {ACCEPTED} accepted""",
    id="c.id", book=IN_BOOK, where="c.kind = 'milestone'",
    sorts={"due": Sort(DUE, "date"), "account": Sort("a.sort_name", "text")},
    filters={
        "id": "c.id = %(value)s::bigint",
        "text": """position(%(folded)s in a.sort_name) > 0 or position(lower(%(value)s) in lower(t.name)) > 0
                   or position(lower(%(value)s) in lower(g.number)) > 0""",
        "state": f"case %(value)s when 'open' then accepted.share < 1 else ({MILESTONE_STATE}) = %(value)s end",
        "agreement": "g.number = %(value)s", "account": "a.number = %(value)s",
        "entity": "g.entity_id = (select id from legal_entity where code = %(value)s)",
    },
)
"""The milestones of the terms that hold on the day. `accepted` is a share of one; `part`: some of it is accepted."""

BATCHES: Final = Source(
    columns={
        "id": "b.id", "name": "f.name", "kind": "b.kind", "layout": "b.layout", "by": "u.name",
        "imported_on": "b.imported_at::date", "rows": "(b.result->>'rows')::bigint",
        "created": "(b.result->>'created')::bigint", "rejected": "(b.result->'outcomes'->>'rejected')::bigint",
    },
    tables="import_batch b join stored_file f on f.id = b.file_id join app_user u on u.id = b.imported_by_id",
    id="b.id", book="b.imported_by_id = %(user)s", sorts={"imported": Sort("b.id", "bigint")},
    filters={"kind": "b.kind = %(value)s", "text": "position(lower(%(value)s) in lower(f.name)) > 0"},
)
"""Who may act in their own book only sees what they imported themselves."""


def entries(*, actor: Actor, on: date, query: Query) -> Page:
    """A page of work items in the actor's book; columns, filters and sorts as `ENTRIES`."""
    return listing.page(ENTRIES, query, actor=actor, on=on)


def every_entry(*, actor: Actor, on: date, query: Query) -> Iterator[dict[str, Any]]:
    """All of them, for an export."""
    return listing.every(ENTRIES, query, actor=actor, on=on)


def milestones(*, actor: Actor, on: date, query: Query) -> Page:
    """A page of milestones in the actor's book; columns, filters and sorts as `MILESTONES`."""
    return listing.page(MILESTONES, query, actor=actor, on=on)


def every_milestone(*, actor: Actor, on: date, query: Query) -> Iterator[dict[str, Any]]:
    """All of them, for an export."""
    return listing.every(MILESTONES, query, actor=actor, on=on)


def batches(*, actor: Actor, on: date, query: Query) -> Page:
    """A page of imported files; columns, filters and sorts as `BATCHES`."""
    return listing.page(BATCHES, query, actor=actor, on=on)


def every_batch(*, actor: Actor, on: date, query: Query) -> Iterator[dict[str, Any]]:
    """All of them, for an export."""
    return listing.every(BATCHES, query, actor=actor, on=on)
