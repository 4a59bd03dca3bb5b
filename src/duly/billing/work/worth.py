"""Work as a list with what each entry is worth by today's terms, or why it has no price."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date
from itertools import islice
from typing import Any, Final

import polars as pl

from duly.billing.agreements.queries import terms_frame
from duly.billing.kernel import frames
from duly.billing.kernel.authority import Actor
from duly.billing.kernel.listing import Page, Query
from duly.billing.work import lists
from duly.billing.work.models import WORK_KINDS
from duly.billing.work.pricing import priced
from duly.billing.work.queries import work_frame

AT_ONCE: Final = 1_000
SELLERS: Final[frames.Schema] = {
    "work_id": pl.Int64, "entity_id": pl.Int64, "bill_to_id": pl.Int64, "agreed_in": pl.String,
}


def valued_entries(*, actor: Actor, on: date, query: Query) -> Page:
    """A page of work items as `lists.entries`, each with `worth`, its price if it were billed alone, before tax.

    `currency` is the agreement's then. Without a price `worth` is None and `why` says why; else `why` is empty.
    """
    page = lists.entries(actor=actor, on=on, query=query)
    return replace(page, rows=_valued(page.rows))


def every_valued_entry(*, actor: Actor, on: date, query: Query) -> Iterator[dict[str, Any]]:
    """All of them, for an export."""
    rows = lists.every_entry(actor=actor, on=on, query=query)
    while part := list(islice(rows, AT_ONCE)):
        yield from _valued(part)


def _valued(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    items = [row["id"] for row in rows]
    sellers = frames.read("""select w.id, g.entity_id, coalesce(a.bill_to_id, a.id), g.currency
                               from work_item w join agreement g on g.id = w.agreement_id
                               join account a on a.id = g.account_id where w.id = any(%s)""", [items], SELLERS)
    work = work_frame("w.id = any(%(ids)s)", {"ids": items}).with_columns(pl.col("work_id").alias("document_key"))
    amounts: dict[int, Any] = {}
    reasons: dict[int, str] = {}
    for (entity,), part in sellers.group_by("entity_id"):
        terms = terms_frame(int(str(entity)), part["bill_to_id"].unique().to_list(), kinds=WORK_KINDS)
        found = priced(work.join(part, on="work_id", how="semi"), terms)
        amounts |= dict(found.lines.group_by("document_key").agg(pl.col("amount").sum()).iter_rows())
        reasons |= dict(found.problems.select("document_key", "text").iter_rows())
    agreed_in = dict(sellers.select("work_id", "agreed_in").iter_rows())
    return [{**row, "worth": amounts.get(row["id"]), "currency": agreed_in.get(row["id"], row["currency"]),
             "why": reasons.get(row["id"], "")} for row in rows]
