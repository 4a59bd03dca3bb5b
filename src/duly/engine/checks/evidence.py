"""Checks on the work behind the lines."""

import polars as pl

from duly.engine.checks.registry import AT_WILL, Facts, check
from duly.engine.wording import day_of, hours_of

DAY_SECONDS = 24 * 60 * 60


@check("day_over_24_hours", "blocks")
def day_over_24_hours(facts: Facts) -> pl.DataFrame:
    """Nobody works more than 24 hours on one day, over all projects together."""
    return facts.days.filter(pl.col("seconds") > DAY_SECONDS).select(
        "document_key", pl.format("work.{}.{}", "person", "worked_on").alias("path"),
        pl.format("{} has {} h on {}. Correct the entries.", "person", hours_of("seconds"), day_of("worked_on"),
                  ).alias("text"),
    )


@check("duplicate_entry", "warns", may_be=AT_WILL)
def duplicate_entry(facts: Facts) -> pl.DataFrame:
    """The same person, day, time, task, duration and words twice looks like one entry booked twice."""
    same = ["document_key", "kind", "person", "project", "worked_on", "started_at", "task", "description", "quantity",
            "cost"]
    once = facts.work.unique(["document_key", "work_id"], keep="first", maintain_order=True)  # two lines may share one
    alike = once.filter(pl.struct("document_key", "worked_on", "quantity", "started_at").is_duplicated())
    counted = alike.group_by(same).agg(pl.len().alias("times"), pl.col("position").min())
    return counted.filter(pl.col("times") > 1).select(
        "document_key", pl.format("lines[{}].work", "position").alias("path"),
        pl.format("{} equal entries on {}: “{}”{}. Check that they are not one booked twice.", "times",
                  day_of("worked_on"), "description", pl.concat_str(pl.lit(" by "), pl.col("person")).fill_null(""),
                  ).alias("text"),
    )


@check("work_without_price", "blocks")
def work_without_price(facts: Facts) -> pl.DataFrame:
    """Nothing that was earned is forgotten: work that no rate prices is named, not left out in silence."""
    grouped = facts.unpriced.group_by("document_key", "text").agg(pl.len().alias("times"))
    entries = pl.when(pl.col("times") == 1).then(pl.lit("1 entry is")).otherwise(pl.format("{} entries are", "times"))
    return grouped.select(
        "document_key", pl.lit("work").alias("path"),
        pl.format("{} not on this draft: {}", entries, "text").alias("text"),
    )
