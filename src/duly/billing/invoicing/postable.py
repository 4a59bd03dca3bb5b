"""Which drafts cannot be posted because their entity's chart maps no account to a role that their lines need."""

from datetime import date
from typing import Final

import polars as pl

from duly.billing.invoicing import queries
from duly.billing.kernel import frames
from duly.engine.journal import role_of_line

SELDOM: Final = ("deposits", "deferred_revenue")
"""Roles that only some documents need by their lines; all need receivable, revenue and tax."""


def unmapped(drafts: pl.DataFrame, on: date) -> dict[int, str]:
    """Why these drafts cannot be booked on the day: a role of theirs without account.

    drafts   document_key, entity_id, kind, prepaid, rounding

    One look at the chart where all of it is mapped, as it mostly is.
    """
    entities = drafts["entity_id"].unique().to_list()
    rounded = drafts.filter(pl.col("rounding") != 0).select(
        pl.col("document_key").alias("key"), "entity_id", pl.lit("rounding").alias("what"))
    seldom = [*SELDOM, "rounding"] if rounded.height else [*SELDOM]
    mapped = frames.read("select entity_id, role from chart_account where entity_id = any(%s) and role = any(%s)",
                         [entities, seldom], {"entity_id": pl.Int64, "what": pl.String})
    if mapped.height == len(entities) * len(seldom):
        return {}
    headers = drafts.select(pl.col("document_key").alias("key"), "entity_id", pl.col("kind").alias("document_kind"))
    lines = queries.posted_lines(headers["key"].to_list()).join(headers, on="key").with_columns(
        pl.lit(on).alias("booked_on")).with_columns(role_of_line().alias("what"))
    needed = lines.filter(pl.col("what").is_in(SELDOM)).select(rounded.columns)
    paid = drafts.filter(pl.col("prepaid") != 0).select(
        pl.col("document_key").alias("key"), "entity_id", pl.lit("deposits").alias("what"))
    lacking = pl.concat([needed, paid, rounded]).join(mapped, on=["entity_id", "what"], how="anti")
    return {draft: f"Its entity maps no account of its chart to {str(role).replace('_', ' ')}: add one."
            for draft, role in lacking.select("key", "what").iter_rows()}
