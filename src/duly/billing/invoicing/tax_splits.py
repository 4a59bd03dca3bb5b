"""Lines on both sides of a change of their tax rate become one line for each rate, with their own evidence.

Work is taxed by its own day, so it is kept apart before it is priced: each line then has the entries of its days, and
its amount is theirs. A fee is for all the days of its period, so its line is split by days after it is priced.
Mostly no rate changes within the period, and nothing is done.
"""

from dataclasses import replace
from datetime import timedelta
from typing import Final

import polars as pl

from duly.billing.invoicing.taxing import CHOSEN, classified
from duly.engine.pricing import Priced
from duly.engine.tax_points import changes_of, split_at_rates

ONE_DAY: Final = timedelta(days=1)


def parted(work: pl.DataFrame, parties: pl.DataFrame, rates: pl.DataFrame) -> pl.DataFrame:
    """Work as `price` takes it, with `tax_part` where a rate changes between its days: what differs in it is taxed
    at different rates. Without such a change the work as it is.

    rates   `reference.queries.TAX_RATES`
    """
    changes = _changes(rates, work, "worked_on", "worked_on")
    if changes.is_empty():
        return work
    days = work.select("document_key", "tax_class", "supply", "worked_on").unique()
    taxed = classified(days, parties, day="worked_on").filter(pl.col("tax_category") == "S")
    past = taxed.join(changes, left_on=["tax_country", "tax_class"], right_on=["country", "tax_class"]).filter(
        pl.col("cut") <= pl.col("worked_on"))
    counted = past.group_by(days.columns).agg(pl.len().cast(pl.Int64).alias("tax_part"))
    return work.join(counted, on=days.columns, how="left", maintain_order="left").with_columns(
        pl.col("tax_part").fill_null(0))


def split(priced: Priced, terms: pl.DataFrame, parties: pl.DataFrame, rates: pl.DataFrame) -> Priced:
    """What was priced, where a line without work that crosses a change of its rate is a line for the days of each.

    Lines have the `supply` of their `terms`. The parts of a line add up to it, and their spans are the days of the
    line's own spans that fall to each part. Lines with work have been kept apart by `parted` and stay whole. Lines are
    numbered anew in the same order.
    """
    lines = priced.lines.join(terms.select("terms_id", "supply"), on="terms_id", how="left", maintain_order="left")
    priced = replace(priced, lines=lines)
    changes = _changes(rates, lines, "service_from", "service_to")
    if changes.is_empty():
        return priced
    by_day = lines.join(priced.allocations.select("line_key").unique(), on="line_key", how="anti")
    parts = split_at_rates(classified(by_day, parties), rates).drop(*CHOSEN, "_override")
    whole = lines.join(by_day, on="line_key", how="anti").with_columns(
        pl.lit(1, pl.Int64).alias("tax_part"))
    together = pl.concat([whole, parts.select(whole.columns)]).sort("line_key", "tax_part")
    numbered = together.rename({"line_key": "was"}).with_row_index("line_key", offset=1).with_columns(
        pl.col("line_key").cast(pl.Int64),
        pl.int_range(1, pl.len() + 1).over("document_key").cast(lines.schema["position"]).alias("position"))
    keys = numbered.select("was", "line_key", "tax_part", "service_from", "service_to")
    first = keys.filter(pl.col("tax_part") == 1).select("was", pl.col("line_key").alias("now"))
    moved = priced.allocations.join(first, left_on="line_key", right_on="was", maintain_order="left")
    return Priced(
        lines=numbered.select(lines.columns), spans=_spans(priced.spans, keys), problems=priced.problems,
        allocations=moved.with_columns(pl.col("now").alias("line_key")).drop("now"),
    )


def _changes(rates: pl.DataFrame, frame: pl.DataFrame, first: str, last: str) -> pl.DataFrame:
    """The changes of a rate after the first and until the last day of the frame."""
    if frame.is_empty():
        return changes_of(rates.clear())
    begin, end = frame[first].min(), frame[last].max()
    return changes_of(rates).filter((pl.col("cut") > begin) & (pl.col("cut") <= end))


def _spans(spans: pl.DataFrame, keys: pl.DataFrame) -> pl.DataFrame:
    """Each span cut at the first days of its line's parts; the outer parts keep what lies beyond them."""
    last = pl.col("tax_part") == pl.col("tax_part").max().over("was")
    bounds = keys.select(
        "was", pl.col("line_key").alias("now"),
        pl.when(pl.col("tax_part") > 1).then("service_from").alias("begin"),
        pl.when(~last).then(pl.col("service_to") + ONE_DAY).alias("end"))
    cut = spans.join(bounds, left_on="line_key", right_on="was", maintain_order="left").with_columns(
        pl.col("now").alias("line_key"), pl.max_horizontal("span_from", "begin").alias("span_from"),
        pl.min_horizontal("span_to", "end").alias("span_to"))
    return cut.filter(pl.col("span_from") < pl.col("span_to")).select(spans.columns)
