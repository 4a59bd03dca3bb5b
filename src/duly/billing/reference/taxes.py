"""Taxes as a tax adviser reads them: what is due on a day, since when, from where, and what changes later."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

from duly.billing.kernel import frames


@dataclass(frozen=True, slots=True)
class DatedTax:
    """A tax of a country (or of its region, by a name where several are due on one base) in force on a day: its rate
    as a fraction (null: it ended), its first day and source, and what it changes to, each with its day."""

    country: str
    region: str
    tax_class: str
    name: str
    compound: bool
    rate: Decimal | None
    since: date
    source: str
    later: tuple[tuple[date, Decimal | None], ...]


DATED: Final = """
    with dated as (
      select country, '' as region, tax_class, 0 as position, '' as name, false as compound, rate, valid_from, source
        from tax_rate
      union all
      select country, region, tax_class, position, name, compound, rate, valid_from, source from tax_component)
    select country, region, tax_class, name, compound, rate, valid_from, source from dated
     order by country, region, tax_class, position, name, valid_from"""


def dated_taxes(*, on: date) -> tuple[DatedTax, ...]:
    """Every tax that has begun on the day, or begins later (then as it begins), in the order of places and classes."""
    histories: dict[tuple[str, ...], list[tuple[bool, Decimal | None, date, str]]] = {}
    for country, region, tax_class, name, compound, rate, since, source in frames.rows(DATED):
        histories.setdefault((country, region, tax_class, name), []).append((compound, rate, since, source))
    found = []
    for (country, region, tax_class, name), steps in histories.items():
        begun = [step for step in steps if step[2] <= on]
        compound, rate, since, source = begun[-1] if begun else steps[0]
        later = tuple((step[2], step[1]) for step in steps if step[2] > since)
        if rate is not None or later:
            found.append(DatedTax(country, region, tax_class, name, compound, rate, since, source, later))
    return tuple(found)
