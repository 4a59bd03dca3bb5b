"""Which of the events sent can be taken in, and what is wrong with each of the others."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any, Final

import polars as pl

from duly.billing.agreements.metrics import MADE_OF
from duly.billing.agreements.queries import agreements_in_book
from duly.billing.kernel import frames
from duly.billing.kernel.authority import Actor
from duly.billing.kernel.errors import Problem
from duly.engine.pricing.events import CONTENT, IDENTITY, SENT

LONGEST: Final = {"source": 200, "event_id": 200}
LARGEST: Final = 10**14
"""A quantity is below it, in either direction: the column holds no more."""


@dataclass(frozen=True, slots=True)
class BadRow:
    """An event that cannot be taken in: its row, the field and value that are wrong, why, and what to do."""

    row: int
    field: str
    value: str
    text: str
    remedy: str = ""

    def problem(self) -> Problem:
        return Problem(f"row {self.row}, {self.field}", self.text, self.remedy)


@dataclass(frozen=True, slots=True)
class Sorted:
    """`good` events with their `agreement_id`, and `first`: those that of one batch's same identities may count."""

    good: pl.DataFrame
    bad: tuple[BadRow, ...]
    unseen: bool

    @property
    def rejected(self) -> int:
        """How many rows are bad; one may be so in several fields."""
        return len({one.row for one in self.bad})

    def plain(self) -> list[dict[str, Any]]:
        return [asdict(row) for row in self.bad]


def sort(actor: Actor, on: date, events: pl.DataFrame, rejected: Sequence[BadRow]) -> Sorted:
    """Judge the events (`SENT`): agreements in the actor's book, events that a metric is made of, what columns hold.

    `rejected` are rows that could not be read at all. An agreement that is not there and one outside the book answer
    alike. Raises `TypeError` for other columns.
    """
    if wrong := [name for name, kind in SENT.items() if events.schema.get(name) != kind]:
        raise TypeError(f"events need {', '.join(f'{name} as {SENT[name]}' for name in wrong)}")
    agreements = agreements_in_book(actor, "work", events["agreement"].drop_nulls().unique().to_list(), on)
    known = [name for (name,) in frames.rows(f"select {MADE_OF} from metric m")]
    judged = events.with_columns(
        pl.col("agreement").replace_strict(agreements, default=None, return_dtype=pl.Int64).alias("agreement_id"))
    wrongs = {
        "agreement": (pl.col("agreement_id").is_null(), "There is no agreement “{}” in your book.",
                      "Check its number."),
        "metric": (~pl.col("metric").is_in(known).fill_null(False), "No metric is made of events “{}”.",
                   "Define one, or correct the name."),
        **{name: (~pl.col(name).str.len_chars().is_between(1, longest).fill_null(False),
                  f"“{{}}” has not 1 to {longest} characters.", "Give each event one.")
           for name, longest in LONGEST.items()},
        "at": (pl.col("at").is_null(), "The event has no time.", "Say when it was, with a time zone."),
        "quantity": ((pl.col("quantity").abs() < LARGEST).not_().fill_null(True), "“{}” is no quantity.",
                     "A number below 100 000 000 000 000, with at most six decimals."),
    }
    bad = [BadRow(row, name, str(value or ""), text.format(value if value is not None else ""), remedy)
           for name, (wrong, text, remedy) in wrongs.items()
           for row, value in judged.filter(wrong).select("row", name).iter_rows()]
    good = judged.filter(~pl.any_horizontal(wrong for wrong, _, _ in wrongs.values()))
    ordered = tuple(sorted([*rejected, *bad], key=lambda one: (one.row, one.field)))
    return Sorted(_marked(good), ordered, any(one.field == "agreement" for one in bad))


def _marked(good: pl.DataFrame) -> pl.DataFrame:
    """`first`: of the same identity only one may count, the first in the order of `events.ORDER`."""
    repeated = good.select(IDENTITY).is_duplicated()
    if not repeated.any():
        return good.with_columns(pl.lit(True).alias("first"))
    first = good.filter(repeated).sort("at", *CONTENT, "row", nulls_last=True).unique(
        IDENTITY, keep="first", maintain_order=True)["row"]
    return good.with_columns((~repeated | pl.col("row").is_in(first.implode())).alias("first"))
