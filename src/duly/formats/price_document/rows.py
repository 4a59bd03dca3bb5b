"""The rows of a price document while it is read, by the frames that they become."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from itertools import pairwise
from typing import Any, Final

from duly.engine.periods import Period
from duly.engine.tax import CATEGORIES
from duly.formats.price_document.model import Retainer, Row
from duly.formats.price_document.table import Node

ZERO: Final = Decimal(0)
LONG_AGO: Final = date(1900, 1, 1)


def until_next(tables: Sequence[Node], rows: Sequence[Row], key: Sequence[str]) -> None:
    """Each dated row of a key holds until its next one begins, unless it ends before; two at once are noted."""
    in_order = sorted(zip(tables, rows, strict=True), key=lambda pair: (
        [str(pair[1].get(name)) for name in key], pair[1]["valid_from"]))
    for (_, one), (table, two) in pairwise(in_order):
        if any(one.get(name) != two.get(name) for name in key):
            continue
        if one["valid_from"] == two["valid_from"] or (one["valid_to"] or two["valid_from"]) > two["valid_from"]:
            table.note("from", f"On {two['valid_from']} another one of the same holds.",
                       "Give each a day of its own to begin with, or leave one out.")
        one["valid_to"] = one["valid_to"] or two["valid_from"]


def sold_with(table: Node) -> tuple[str, Decimal]:
    """The tax category and rate of what was billed or sold before; only what is taxed has a rate."""
    category, rate = table.choice("tax_category", CATEGORIES, "S"), table.share("tax_percent") or ZERO
    if rate and category in CATEGORIES and category != "S":
        table.note("tax_percent", f"What is {category} bears no tax.", "Leave it out, or write tax_category: S.")
    return category, rate


@dataclass(slots=True)
class Rows:
    """The rows read so far, by frame. Ids count up; equal names of people and projects have equal ids."""

    currency: str
    period: Period
    work: list[Row] = field(default_factory=list)
    rates: list[Row] = field(default_factory=list)
    fixed: list[Row] = field(default_factory=list)
    metered: list[Row] = field(default_factory=list)
    tiers: list[Row] = field(default_factory=list)
    transactions: list[Row] = field(default_factory=list)
    balances: list[Row] = field(default_factory=list)
    trials: list[Row] = field(default_factory=list)
    pauses: list[Row] = field(default_factory=list)
    before: list[Row] = field(default_factory=list)
    prepaid: list[Row] = field(default_factory=list)
    late: list[Row] = field(default_factory=list)
    retainers: list[Retainer] = field(default_factory=list)
    findings: list[Row] = field(default_factory=list)
    codes: dict[int, str] = field(default_factory=dict)
    places: dict[int, str] = field(default_factory=dict)
    ids: dict[tuple[str, str], int] = field(default_factory=dict)
    terms: int = 0

    def named(self, kind: str, name: str | None) -> dict[str, Any]:
        """The columns of someone or something named, in whatever case."""
        if name is None:
            return {kind: None, f"{kind}_id": None}
        return {kind: name, f"{kind}_id": self.ids.setdefault((kind, name.strip().casefold()), len(self.ids) + 1)}

    def new_terms(self) -> int:
        """An id for more terms."""
        self.terms += 1
        return self.terms
