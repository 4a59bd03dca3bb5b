"""Posting: the only way into the ledger, called by the verbs of other domains inside their transaction."""

from datetime import date
from typing import Final

import polars as pl

from duly.billing.accounts.models import LegalEntity
from duly.billing.audit.actions import running
from duly.billing.kernel import frames
from duly.billing.kernel.errors import Refused
from duly.engine.wording import day

ITEM_COLUMNS: Final = (
    "id", "entity_id", "account_id", "control", "label", "currency", "amount", "booked_on", "due_on",
)

DEFERRED: Final = ("open_item_id", "position", "period_from", "period_to", "currency", "amount", "base_amount")
BOOKED: Final = ("amount", "base_amount")


def post(entries: pl.DataFrame, postings: pl.DataFrame, movements: pl.DataFrame | None = None,
         deferrals: pl.DataFrame | None = None) -> pl.DataFrame:
    """Write entries with their transfers, the movements of open items that they make, and the revenue they defer.

    entries    key, entity_id, kind, booked_on, source
    postings   key, debit, credit (roles), currency, amount, base_amount; see `engine.journal.postings`
    movements  key, open_item_id, amount, base_amount (signed)
    deferrals  key, open_item_id, position, period_from, period_to, currency, amount, base_amount (signed)

    Returns `entries` with their `entry_id`. Raises `Refused` where the entity maps no account for a role; the
    database refuses what the laws forbid (lock date, balances beyond an item).
    """
    written = entries.with_columns(frames.next_ids("entry", entries.height).alias("entry_id"))
    frames.write("entry", written.select(
        pl.col("entry_id").alias("id"), "entity_id", "kind", "booked_on", "source",
        pl.lit(str(running().id)).alias("command_id"),
    ))
    frames.write("transfer", _transfers(written, postings))
    if movements is not None:
        frames.write("open_item_movement", movements.join(written, on="key").select(
            "entry_id", "open_item_id", "amount", "base_amount", "booked_on"))
    if deferrals is not None:
        frames.write("deferral", deferrals.join(written, on="key").select("entry_id", "entity_id", *DEFERRED))
    return written


def refuse_closed(seller: LegalEntity, on: date, remedy: str) -> None:
    """Raise `Refused` where the entity is closed on the day (law 14)."""
    if seller.lock_date and on <= seller.lock_date:
        raise Refused(f"{seller.code} is closed until {day(seller.lock_date)}.", remedy, law=14)


def booked(postings: pl.DataFrame, role: str) -> pl.DataFrame:
    """What postings book on the account of a role, debit positive: key, amount, base_amount."""
    sides = [postings.filter(pl.col(side) == role).select("key", *(pl.col(name) * sign for name in BOOKED))
             for side, sign in (("debit", 1), ("credit", -1))]
    return pl.concat(sides).group_by("key", maintain_order=True).agg(pl.col(BOOKED).sum())


def _transfers(entries: pl.DataFrame, postings: pl.DataFrame) -> pl.DataFrame:
    schema: frames.Schema = {"chart_id": pl.Int64, "entity_id": pl.Int64, "role": pl.String}
    chart = frames.read("select id, entity_id, role from chart_account", [], schema)
    joined = postings.join(entries.select("key", "entry_id", "entity_id"), on="key", maintain_order="left")
    for side in ("debit", "credit"):
        names = chart.rename({"role": side, "chart_id": f"{side}_id"})
        joined = joined.join(names, on=["entity_id", side], how="left", maintain_order="left")
        missing = joined.filter(pl.col(f"{side}_id").is_null())
        if not missing.is_empty():
            raise Refused(f"The legal entity maps no account of its chart to “{missing[side][0]}”.",
                          f"Add chart.{missing[side][0]} to the entity.")
    return joined.select("entry_id", "debit_id", "credit_id", "currency", "amount", "base_amount")


def open_items(items: pl.DataFrame) -> pl.DataFrame:
    """Write open items, balance zero until their first movement; the frame with their `id`.

    items   entity_id, account_id, control, label, currency, amount, booked_on, due_on
    """
    written = items.with_columns(frames.next_ids("open_item", items.height).alias("id"))
    frames.write("open_item", written, ITEM_COLUMNS)
    return written
