"""Several taxes on one base: which of them are due where a line is taxed, and what each line bears of each.

Where no one rate is on a taxed line, the taxes of its country and of its region are due. A region's own tax takes the
place of the country's of the same name, also where it has no rate.
"""

from typing import Final

import polars as pl

from duly.engine.periods import in_force
from duly.engine.tax_points import together

PLACE: Final = ["tax_country", "region"]


def taxes_of(lines: pl.DataFrame, parties: pl.DataFrame, components: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The taxes of the places where the lines are taxed, as `tax_amounts.tax_each` takes them; and the lines that could
    bear them, with `tax_point` and a `tax_class` that names place and class, by `_row`.

    lines        classified, with tax_rate
    components   `reference.queries.COMPONENTS`
    """
    open_to = (pl.col("tax_category") == "S") & (pl.col("tax_rate") == 0)
    placed = _placed(lines.filter(open_to), parties).with_columns(pl.col("service_to").alias("tax_point"))
    there = _offered(placed.select(PLACE).unique(), components)
    return there.with_columns(
        _place().alias("tax_class"), pl.lit("S").alias("category"), pl.lit("").alias("reason"),
    ).drop(PLACE), placed.with_columns(_place().alias("tax_class")).drop("region")


def changing(lines: pl.DataFrame, parties: pl.DataFrame, rates: pl.DataFrame, components: pl.DataFrame,
             ) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Lines and rates as `tax_points.split_at_rates` takes them, so that a change of one of several taxes is one too.

    Where there may be several taxes, `tax_country` names the place, and its rates are `tax_points.together`.

    lines        classified
    rates        `reference.queries.TAX_RATES`
    components   `reference.queries.COMPONENTS`
    """
    if components.is_empty():
        return lines, rates
    there = components["country"].unique().implode()
    placed = _placed(lines, parties).with_columns(
        pl.when(pl.col("tax_country").is_in(there)).then(pl.concat_str(PLACE, separator="/")).otherwise("tax_country")
        .alias("_place"))
    places = placed.filter(pl.col("tax_country").is_in(there)).select(*PLACE, "_place").unique().sort("_place")
    alone = places.join(rates.filter(pl.col("rate") > 0), left_on="tax_country", right_on="country").with_columns(
        pl.lit("").alias("name"), pl.lit(0, pl.Int64).alias("position"), pl.lit(False).alias("compound"))
    several = _offered(places, components)
    taxes = pl.concat([several, alone.select(several.columns)])
    dated = [together(taxes.filter(pl.col("_place") == place), [place]) for place in places["_place"]]
    columns = [pl.col(name).cast(kind) for name, kind in rates.schema.items()]
    return (placed.with_columns(pl.col("_place").alias("tax_country")).drop("_place", "region"),
            pl.concat([rates, *(one.select(columns) for one in dated)]))


def _placed(lines: pl.DataFrame, parties: pl.DataFrame) -> pl.DataFrame:
    """Classified lines with the `region` in which they are taxed: the buyer's, or else the seller's."""
    regions = parties.select("document_key", "buyer_country", "buyer_region", "seller_region")
    at_buyer = pl.col("tax_country") == pl.col("buyer_country")
    region = pl.when(at_buyer).then("buyer_region").otherwise("seller_region").str.strip_chars().str.to_lowercase()
    return lines.join(regions, on="document_key", maintain_order="left").with_columns(
        region.fill_null("").alias("region")).drop("buyer_country", "buyer_region", "seller_region")


def _offered(places: pl.DataFrame, components: pl.DataFrame) -> pl.DataFrame:
    """The taxes of these places, by `PLACE`, each with its own days."""
    offered = places.join(components.rename({"region": "of_region"}), left_on="tax_country", right_on="country").filter(
        (pl.col("of_region") == "") | (pl.col("of_region") == pl.col("region")))
    own = offered.filter(pl.col("of_region") != "").select(*PLACE, "tax_class", "name").unique()
    general = offered.filter(pl.col("of_region") == "").join(own, on=own.columns, how="anti")
    there = pl.concat([offered.filter(pl.col("of_region") != ""), general])
    return there.filter(pl.col("rate").is_not_null()).drop("of_region")


def _place() -> pl.Expr:
    return pl.concat_str("tax_country", "region", "tax_class", separator="/")


def due_on(placed: pl.DataFrame, taxes: pl.DataFrame) -> pl.DataFrame:
    """The lines on whose tax point one of the taxes is due."""
    return placed.join(_due(placed, taxes), on="_row", how="semi")


def _due(lines: pl.DataFrame, taxes: pl.DataFrame) -> pl.DataFrame:
    """The taxes that are due on lines at their tax point: _row, name, category, rate."""
    dated = taxes.select("tax_class", "name", "category", "rate", "valid_from", "valid_to")
    return lines.select("_row", "tax_class", "tax_point").join(dated, on="tax_class").filter(
        in_force(pl.col("tax_point"))).select("_row", "name", "category", "rate")


def borne(shares: pl.DataFrame, lines: pl.DataFrame, taxes: pl.DataFrame) -> pl.DataFrame:
    """Per `_row` its `tax`, the sum of its `taxes`, and these: a list of name, category, rate, base and tax."""
    told = shares.rename({"line_key": "_row"}).join(_due(lines, taxes), on=["_row", "name"], maintain_order="left")
    return told.group_by("_row", maintain_order=True).agg(
        pl.col("tax").sum(), pl.struct("name", "category", "rate", "base", "tax").alias("taxes"))
