"""Frames of dated rates, each valid until the next of its key begins."""

from datetime import date
from decimal import Decimal
from typing import Final

import polars as pl

from duly.billing.kernel import frames
from duly.billing.kernel.frames import RATIO

TAX_RATES: Final[frames.Schema] = {
    "country": pl.String, "tax_class": pl.String, "rate": pl.Decimal(38, 6), "valid_from": pl.Date, "valid_to": pl.Date,
}

COMPONENTS: Final[frames.Schema] = {
    "country": pl.String, "region": pl.String, "tax_class": pl.String, "position": pl.Int64, "name": pl.String,
    "rate": pl.Decimal(38, 6), "compound": pl.Boolean, "valid_from": pl.Date, "valid_to": pl.Date,
}

EXCHANGE_RATES: Final[frames.Schema] = {
    "base": pl.String, "quote": pl.String, "rate": RATIO, "valid_from": pl.Date, "valid_to": pl.Date,
}


def tax_rates_frame() -> pl.DataFrame:
    """All tax rates as fractions of the net: the columns of `TAX_RATES`, valid in [valid_from, valid_to)."""
    query = """select * from (select country, tax_class, rate, valid_from,
                      lead(valid_from) over (partition by country, tax_class order by valid_from)
                 from tax_rate order by country, tax_class, valid_from) dated (country, tax_class, rate, valid_from)
                where rate is not null"""
    return frames.read(query, [], TAX_RATES)


def tax_components_frame() -> pl.DataFrame:
    """All of several taxes on one base, also those without a rate: the columns of `COMPONENTS`; `region` in lower
    case, valid in [valid_from, valid_to)."""
    query = """select country, lower(trim(region)), tax_class, position, name, rate, compound, valid_from,
                      lead(valid_from) over (partition by country, region, tax_class, name order by valid_from)
                 from tax_component order by country, region, tax_class, position, name, valid_from"""
    return frames.read(query, [], COMPONENTS).with_columns(pl.col("region").fill_null(""))


def exchange_rates_frame(quote: str) -> pl.DataFrame:
    """The rates into `quote`: the columns of `EXCHANGE_RATES`, valid in [valid_from, valid_to)."""
    query = """select base, quote, rate, valid_from,
                      lead(valid_from) over (partition by base, quote order by valid_from)
                 from exchange_rate where quote = %s order by base, valid_from"""
    return frames.read(query, [quote], EXCHANGE_RATES)


def rate_on(base: str, quote: str, on: date) -> Decimal | None:
    """Units of `quote` for one unit of `base` on a day; 1 for the same currency, None where no rate is known."""
    if base == quote:
        return Decimal(1)
    found = frames.rows("""select rate from exchange_rate where base = %s and quote = %s and valid_from <= %s
                            order by valid_from desc limit 1""", [base, quote, on])
    return found[0][0] if found else None
