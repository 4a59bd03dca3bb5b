"""Lines on both sides of a change of their tax become one line for each side, with their own evidence.

Work is taxed by its own day, so it is kept apart before it is priced: each line then has the entries of its days, and
its amount is theirs. A fee is for all the days of its period, so its line is split by days after it is priced.
Mostly no rate changes within the period, and nothing is done.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Final

import polars as pl

from duly.billing.invoicing.several_taxes import changing
from duly.billing.invoicing.taxing import CHOSEN, classified
from duly.engine.pricing import Priced
from duly.engine.tax_points import changes_of, split_at_rates

ONE_DAY: Final = timedelta(days=1)


def parted(work: pl.DataFrame, parties: pl.DataFrame, rates: pl.DataFrame, components: pl.DataFrame) -> pl.DataFrame:
    """Work as `price` takes it, with `tax_part` where a rate, or one of several taxes, changes between its days: what
    differs in it is taxed differently. Without such a change the work as it is.

    rates        `reference.queries.TAX_RATES`
    components   `reference.queries.COMPONENTS`
    """
    within = _within(work, "worked_on", "worked_on")
    if not _any_change(rates, components, within):
        return work
    days = work.select("document_key", "tax_class", "supply", "worked_on").unique()
    placed, dated = changing(classified(days, parties, day="worked_on"), parties, rates, components)
    changes = changes_of(dated).filter(pl.col("cut").pipe(within))
    taxed = placed.filter(pl.col("tax_category") == "S")
    past = taxed.join(changes, left_on=["tax_country", "tax_class"], right_on=["country", "tax_class"]).filter(
        pl.col("cut") <= pl.col("worked_on"))
    counted = past.group_by(days.columns).agg(pl.len().cast(pl.Int64).alias("tax_part"))
    return work.join(counted, on=days.columns, how="left", maintain_order="left").with_columns(
        pl.col("tax_part").fill_null(0))


def split(priced: Priced, terms: pl.DataFrame, parties: pl.DataFrame, rates: pl.DataFrame,
          components: pl.DataFrame) -> Priced:
    """What was priced, where a line without work that crosses a change of its rate, or of one of its several taxes, is
    a line for the days of each.

    Lines have the `supply` of their `terms`. The parts of a line add up to it, and their spans are the days of the
    line's own spans that fall to each part. Lines with work have been kept apart by `parted` and stay whole. Lines are
    numbered anew in the same order.
    """
    lines = priced.lines.join(terms.select("terms_id", "supply"), on="terms_id", how="left", maintain_order="left")
    priced = replace(priced, lines=lines)
    if not _any_change(rates, components, _within(lines, "service_from", "service_to")):
        return priced
    by_day = lines.join(priced.allocations.select("line_key").unique(), on="line_key", how="anti")
    parts = split_at_rates(*changing(classified(by_day, parties), parties, rates, components)).drop(
        *CHOSEN, "_override")
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


def _within(frame: pl.DataFrame, first: str, last: str) -> Callable[[pl.Expr], pl.Expr]:
    """Whether a day is after the first and until the last day of the frame; of an empty one none is."""
    begin, end = frame[first].min(), frame[last].max()
    return lambda day: (day > pl.lit(begin, pl.Date)) & (day <= pl.lit(end, pl.Date))


def _any_change(rates: pl.DataFrame, components: pl.DataFrame, within: Callable[[pl.Expr], pl.Expr]) -> bool:
    """Whether any rate anywhere changes within those days, or any of several taxes: these begin where a rate ends."""
    ended = rates["valid_to"] if components.height else rates["valid_to"].clear()
    days = pl.concat([changes_of(rates)["cut"], components["valid_from"], ended])
    return days.to_frame("day").select(pl.col("day").pipe(within).any()).item()


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
