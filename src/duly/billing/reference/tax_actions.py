"""Verbs for several taxes on one base, and for the VAT rates that a firm starts from."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime
from decimal import Decimal

import polars as pl

from duly.billing.audit.actions import verb
from duly.billing.kernel import frames
from duly.billing.kernel.authority import Actor
from duly.billing.kernel.errors import Problem, Refused
from duly.billing.reference.actions import Added, TaxRateInput, add_dated, is_fraction
from duly.billing.reference.models import TAX_CLASSES
from duly.billing.reference.queries import tax_rates_frame
from duly.engine.pricing.rates import folded
from duly.engine.tax_rates import seeded_rates


@dataclass(frozen=True, slots=True)
class TaxComponentInput:
    """One of several taxes on one base from a day on, as a fraction; a rate of None ends it. In a `region` it takes the
    place of the country's of the same name. A compound one is also on the taxes of lower positions."""

    country: str
    name: str
    rate: Decimal | None
    valid_from: date
    source: str
    region: str = ""
    tax_class: str = "standard"
    position: int = 1
    compound: bool = False


@verb("reference.add_tax_components", right="reference")
def add_tax_components(*, actor: Actor, at: datetime, taxes: Sequence[TaxComponentInput]) -> Added:
    """Add dated taxes of which several are due on one base; those there already are left alone. Regions and names keep
    the first spelling that their country has.

    Raises `Refused`, with a problem per row, for a rate that is no fraction from 0 to below 1, an unknown tax class, no
    name, and a day that already has another rate, place or base.
    """
    problems = [
        *(Problem(f"[{i}].rate", f"{tax.rate} is not a fraction of the base.", "5% is 0.05.")
          for i, tax in enumerate(taxes) if not is_fraction(tax.rate)),
        *(Problem(f"[{i}].tax_class", f"“{tax.tax_class}” is not a tax class.", f"Use {', '.join(TAX_CLASSES)}.")
          for i, tax in enumerate(taxes) if tax.tax_class not in TAX_CLASSES),
        *(Problem(f"[{i}].name", "The tax has no name.", "Give the one that documents print, such as GST.")
          for i, tax in enumerate(taxes) if not tax.name.strip()),
    ]
    return add_dated("tax_component", [asdict(tax) for tax in _spelled(taxes)], problems)


def _spelled(taxes: Sequence[TaxComponentInput]) -> list[TaxComponentInput]:
    """The taxes as they are spelled already: “gst” beside “GST” would be a second tax on the same base."""
    found = frames.rows("select country, region, name from tax_component order by id")
    spelling = {(country, folded(text)): text for country, *texts in reversed(found) for text in texts}

    def first(tax: TaxComponentInput, text: str) -> str:
        return spelling.setdefault((tax.country, folded(text)), text.strip())

    return [replace(tax, region=first(tax, tax.region), name=first(tax, tax.name)) for tax in taxes]


@verb("reference.seed_tax_rates", right="reference")
def seed_tax_rates(*, actor: Actor, at: datetime, countries: Sequence[str] = ()) -> Added:
    """Add the VAT rates of these members of the EU and of Britain (of all where none is named), each from its day, with
    its source; a class of a country that has a rate already keeps what it has.

    Raises `Refused` for a country whose rates are not known here.
    """
    seeds = seeded_rates()
    if unknown := sorted(set(countries) - set(seeds["country"])):
        raise Refused(f"The rates of {', '.join(unknown)} are not known here.",
                      f"Add them one by one; known are {', '.join(seeds['country'].unique().sort())}.")
    wanted = seeds.filter(pl.col("country").is_in(list(countries))) if countries else seeds
    known = tax_rates_frame().select("country", "tax_class").unique()
    new = wanted.join(known, on=["country", "tax_class"], how="anti").sort("country", "tax_class", "valid_from")
    rates = [TaxRateInput(row["country"], row["tax_class"], row["rate"], row["valid_from"], row["source"])
             for row in new.to_dicts()]
    last = new.unique(["country", "tax_class"], keep="last", maintain_order=True)
    rates += [TaxRateInput(row["country"], row["tax_class"], None, row["valid_to"], row["source"])
              for row in last.filter(pl.col("valid_to").is_not_null()).to_dicts()]
    done = add_dated("tax_rate", [asdict(rate) for rate in rates], [])
    return Added(done.added, done.unchanged + wanted.height - new.height)
