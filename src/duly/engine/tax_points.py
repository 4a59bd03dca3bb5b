"""When a sale is taxed: its tax point, and lines of services that were partly done under another rate."""

from collections.abc import Iterable
from datetime import timedelta
from decimal import Decimal
from typing import Final

import polars as pl

from duly.engine.periods import in_force
from duly.engine.pricing.explain import number, rounding_row, row
from duly.engine.rounding import RATIO, distribute_frame, round_quotient_expr
from duly.engine.tax import RATE

ONE_DAY: Final = timedelta(days=1)


def at_tax_point(lines: pl.DataFrame) -> pl.DataFrame:
    """`lines` with `tax_point`: the delivery, or the end of the service, or the payment where that came before.

    lines   service_to (last day); where known delivered_on and paid_on (null elsewhere)

    Directive 2006/112/EC, Art. 63 to 65.
    """
    point = pl.coalesce("delivered_on", "service_to") if "delivered_on" in lines.columns else pl.col("service_to")
    return lines.with_columns(
        (pl.min_horizontal(point, "paid_on") if "paid_on" in lines.columns else point).alias("tax_point"))


def split_at_rates(lines: pl.DataFrame, rates: pl.DataFrame) -> pl.DataFrame:
    """`lines`, where one that is taxed and crosses a change of its rate becomes a line for the days of each rate.

    lines   tax_category, tax_class, tax_country, service_from, service_to (last day), amount, exponent, numerator,
            denominator, explanation; delivered_on where known: what is delivered on a day is not split
    rates   country, tax_class, rate, valid_from, valid_to, see `tax.at_rates`

    The parts of a line carry its other columns and, by days and largest remainder, its amount; their explanation is
    the line's and the share. `tax_part` counts them, from 1. A rate that only begins, with none before it, is no
    change.
    """
    numbered = lines.with_row_index("_line")
    cuts = _cuts(numbered, rates)
    if cuts.is_empty():
        return lines.with_columns(pl.lit(1, pl.Int64).alias("tax_part"))
    split = _parts(numbered.join(cuts.select("_line").unique(), on="_line", how="semi"), cuts)
    whole = numbered.join(cuts, on="_line", how="anti").with_columns(pl.lit(1, pl.Int64).alias("tax_part"))
    return pl.concat([whole, split.select(whole.columns)]).sort("_line", "tax_part").drop("_line")


def changes_of(rates: pl.DataFrame) -> pl.DataFrame:
    """country, tax_class, cut: the days from which another rate holds than the day before."""
    key = ["country", "tax_class"]
    return rates.sort(*key, "valid_from").with_columns(
        pl.col("rate", "valid_to").shift().over(key).name.prefix("before_")
    ).filter((pl.col("before_valid_to") == pl.col("valid_from")) & (pl.col("before_rate") != pl.col("rate"))).select(
        *key, pl.col("valid_from").alias("cut"))


def together(taxes: pl.DataFrame, countries: Iterable[str]) -> pl.DataFrame:
    """Several taxes on one base as rates for `split_at_rates`: a number for all that hold together, by class and days.

    taxes       tax_class, position, name, rate, compound, valid_from, valid_to, see `tax_amounts.tax_each`; one without
                a name is the one rate that stands in place of all others while it holds
    countries   where they are due
    """
    numbers: dict[tuple[object, ...], int] = {}
    found = []
    for (tax_class,), of_class in taxes.sort("position").group_by("tax_class", maintain_order=True):
        days = sorted({day for name in ("valid_from", "valid_to") for day in of_class[name].drop_nulls()})
        for begins, ends in zip(days, [*days[1:], None], strict=True):
            rows = of_class.filter(in_force(pl.lit(begins))).select("name", "rate", "compound").rows()
            hold = tuple([row for row in rows if not row[0]] or rows)
            number_of = Decimal(numbers.setdefault(hold, len(numbers)))
            found += [(country, tax_class, number_of, begins, ends) for country in countries if hold]
    return pl.DataFrame(found, schema={"country": pl.String, "tax_class": pl.String, "rate": RATE,
                                       "valid_from": pl.Date, "valid_to": pl.Date}, orient="row")


def _cuts(lines: pl.DataFrame, rates: pl.DataFrame) -> pl.DataFrame:
    """_line, cut: the days within the service from which another rate holds than the day before."""
    key = ["country", "tax_class"]
    changes = changes_of(rates).filter(
        pl.col("cut").is_between(lines["service_from"].min(), lines["service_to"].max()))
    taxed = lines.filter(pl.col("tax_category") == "S").rename({"tax_country": "country"})
    if "delivered_on" in lines.columns:
        taxed = taxed.filter(pl.col("delivered_on").is_null())
    dated = taxed.select("_line", *key, "service_from", "service_to").join(changes, on=key)
    within = (pl.col("service_from") < pl.col("cut")) & (pl.col("cut") <= pl.col("service_to"))
    return dated.filter(within).select("_line", "cut")


def _parts(lines: pl.DataFrame, cuts: pl.DataFrame) -> pl.DataFrame:
    """Each line once per stretch of days at one rate, with its share."""
    starts = pl.concat([lines.select("_line", pl.col("service_from").alias("_from")),
                        cuts.select("_line", pl.col("cut").alias("_from"))]).sort("_line", "_from").with_columns(
        (pl.col("_from").shift(-1).over("_line") - ONE_DAY).alias("_to"),
        pl.int_range(1, pl.len() + 1).over("_line").alias("tax_part"))
    whole = ((pl.col("service_to") - pl.col("service_from")).dt.total_days() + 1).alias("_days")
    parts = lines.with_columns(whole).join(starts, on="_line", maintain_order="left").with_columns(
        pl.col("_from").alias("service_from"), pl.coalesce("_to", "service_to").alias("service_to")).with_columns(
        ((pl.col("service_to") - pl.col("service_from")).dt.total_days() + 1).alias("_here"))
    shared = distribute_frame(parts, by="_line", total="amount", weight="_here", out="_share").with_columns(
        (pl.col("amount").cast(RATIO) * pl.col("_here").cast(RATIO)).alias("numerator"),
        pl.col("_days").alias("denominator"))
    return _explained(shared.with_columns(pl.col("_share").alias("amount"))).drop("_from", "_to", "_days", "_here")


def _explained(parts: pl.DataFrame) -> pl.DataFrame:
    """The line's own rows to its rounding, the share of the days, and the cent by which it is not rounded alone."""
    alone = round_quotient_expr(pl.col("numerator"), pl.col("denominator"), pl.col("exponent"))
    beyond = pl.col("amount") - alone
    told = pl.concat_str(
        pl.col("explanation").str.head(-1).str.replace('{"step":"round",', '{"step":"rounded",', literal=True),
        row("tax_days", times=number(pl.col("_here"))), row("service_days", over=number(pl.col("_days"))),
        pl.when(beyond != 0).then(pl.concat_str(
            row("rounded", exponent=pl.col("exponent").cast(pl.String), amount=number(alone)), pl.lit(","),
            row("shared", add=number(beyond)))),
        rounding_row(), separator=",", ignore_nulls=True)
    return parts.with_columns(pl.concat_str(told, pl.lit("]")).alias("explanation")).drop("_share")
