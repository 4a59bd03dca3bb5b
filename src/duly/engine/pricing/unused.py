"""What a change leaves unused of what is billed: credited from the billed line, then billed by the terms that hold."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final, NamedTuple

import polars as pl

from duly.engine.money import EXACT
from duly.engine.periods import Period, period_containing
from duly.engine.pricing.lines import LINE, DataType
from duly.engine.pricing.proration import CREDITED, DIVISIBLE, units
from duly.engine.pricing.spans import due_spans, gaps
from duly.engine.rounding import AMOUNT, distribute, round_quotient
from duly.engine.tax import RATE

Row = Mapping[str, Any]
NO_TERMS: Final[Row] = {"proration": "none"}
Stretch = tuple[date, date]

PREPAID: Final[dict[str, DataType]] = {
    "line_id": pl.Int64, "document_key": pl.Int64, "agreement_id": pl.Int64, "charge_id": pl.Int64,
    "terms_id": pl.Int64, "description": pl.String, "tax_class": pl.String, "tax_category": pl.String,
    "tax_rate": RATE, "amount": AMOUNT, "exponent": pl.Int8, "span_from": pl.Date, "span_to": pl.Date,
}
"""A line of a recurring charge as it is billed, less what was credited of it: its span and its net amount."""

CREDIT: Final[dict[str, DataType]] = {"line_id": pl.Int64, **LINE, "tax_category": pl.String, "tax_rate": RATE}
"""A credit of the line `line_id`, its amount below zero, at the tax that this line was billed with."""


@dataclass(frozen=True, slots=True)
class Settled:
    """`credits` (`CREDIT`), what is `due` after them (as `due_spans` answers it: price it like any), and `billed`:
    what is left of the lines billed (`PREPAID`), to start the next change from."""

    credits: pl.DataFrame
    due: pl.DataFrame
    billed: pl.DataFrame


class Part(NamedTuple):
    """Of a billed line: the stretches that nobody uses any more, those that stay, and its credit, here ÷ whole."""

    unused: list[Stretch]
    kept: list[Stretch]
    here: int
    whole: int
    by_second: bool


def settle(before: pl.DataFrame, after: pl.DataFrame, billed: pl.DataFrame, through: date,
           pauses: pl.DataFrame | None = None, besides: pl.DataFrame | None = None) -> Settled:
    """What a change credits and what it bills, with why: see `changes.changed` and `changes.ended`.

    before    the charges as they were, by which the lines were billed; with timezone where prorated by second, and
              proration_down where time is credited otherwise than billed (null or no column: see `proration.CREDITED`)
    after     the charges as they are now
    billed    `PREPAID`: all that is billed of these charges
    through   the exclusive end of the period to bill
    pauses    see `due_spans`
    besides   charge_id, span_from, span_to of days that are billed, but not to be credited yet

    Time that is billed and that no terms hold for any more is credited: amount × units unused ÷ units of the line's
    span, rounded once; a line of which nothing is used, wholly. Where a part is credited in full, or not at all, that
    is what happens; time that is not credited stays billed. What was free is credited at nothing where its days are
    billed anew. Raises `ValueError` for a line whose terms are not given.
    """
    terms = {(row["charge_id"], row["terms_id"]): row for row in before.to_dicts()}
    now, paused = after.to_dicts(), _paused(pauses)
    credits: list[dict[str, Any]] = []
    left: list[dict[str, Any]] = []
    for line in billed.sort("charge_id", "span_from").to_dicts():
        if (billed_by := terms.get((line["charge_id"], line["terms_id"]))) is None:
            raise ValueError(f"line {line['line_id']} was billed by terms {line['terms_id']} of charge "
                             f"{line['charge_id']}, which are not among the charges as they were")
        part = _part(line, billed_by, _held(line, now, paused))
        credit = _credit(line, part, len(credits) + 1)
        credits += [credit] if part.here else []
        left += _left(line, part, credit["amount"], billed_by)
    remaining = pl.DataFrame(left, schema=PREPAID)
    days = remaining.select("charge_id", "span_from", "span_to")
    due = due_spans(after, days if besides is None else pl.concat([days, besides]), through, pauses)
    told = [credit for credit in credits if credit["amount"] or _billed_anew(credit, due)]
    return Settled(pl.DataFrame(told, schema=CREDIT), due, remaining)


def _billed_anew(credit: Row, due: pl.DataFrame) -> bool:
    begins, ends = credit["service_from"], credit["service_to"]
    mine = due.filter(pl.col("charge_id") == credit["charge_id"])
    return not mine.filter((pl.col("span_from") <= ends) & (pl.col("span_to") > begins)).is_empty()


def _paused(pauses: pl.DataFrame | None) -> dict[int, list[Stretch]]:
    found: dict[int, list[Stretch]] = {}
    for pause in [] if pauses is None else pauses.sort("charge_id", "paused_from").to_dicts():
        found.setdefault(pause["charge_id"], []).append((pause["paused_from"], pause["paused_to"] or date.max))
    return found


def _held(line: Row, now: list[dict[str, Any]], paused: Mapping[int, list[Stretch]]) -> list[Stretch]:
    """When the terms that billed the line hold, in order; where periods do not divide, any terms of the charge."""
    spans = [
        (max(row["terms_from"], row["agreement_from"]),
         min(row["terms_to"] or date.max, row["agreement_to"] + timedelta(days=1) if row["agreement_to"] else date.max))
        for row in now if row["charge_id"] == line["charge_id"]
        and (row["terms_id"] == line["terms_id"] or row["proration"] not in DIVISIBLE)
    ]
    return [stretch for start, end in sorted(spans) for stretch in gaps(start, end, paused.get(line["charge_id"], []))]


def _part(line: Row, terms: Row, held: list[Stretch]) -> Part:
    start, end = line["span_from"], line["span_to"]
    unused = list(gaps(start, end, held))
    kept = list(gaps(start, end, unused))
    billed_by: str = terms["proration"]
    how: str = terms.get("proration_down") or CREDITED.get(billed_by, billed_by)
    if not kept or (unused and how == "whole_period"):
        return Part(unused, kept, 1, 1, False)
    if not unused or how == "none":
        return Part([], [(start, end)], 0, 1, False)
    if not _units(terms, how, (start, end)):
        how = "by_day"  # the last days of a long month are none of thirty
    here: list[int] = [_units(terms, how, each) for each in unused]
    return Part(unused, kept, sum(here), _units(terms, how, (start, end)), how == "by_second")


def _units(terms: Row, how: str, stretch: Stretch) -> int:
    rhythm = terms["interval"], terms["interval_count"]
    anchor = terms["anchor"] or terms["agreement_from"]
    period = period_containing(stretch[0], *rhythm, terms["alignment"], anchor)
    return units(how, Period(*stretch), period, *rhythm, terms.get("timezone") or "UTC")


def _credit(line: Row, part: Part, number: int) -> dict[str, Any]:
    exact = EXACT.multiply(line["amount"], -part.here)
    amount = round_quotient(exact, part.whole, line["exponent"])
    said = {name: line[name] for name in CREDIT.keys() & line.keys()}
    return said | {
        "kind": "recurring", "unit": "item", "quantity": Decimal(1), "unit_price": amount, "numerator": exact,
        "denominator": part.whole, "amount": amount, "part": number,
        "service_from": part.unused[0][0] if part.unused else line["span_from"],
        "service_to": (part.unused[-1][1] if part.unused else line["span_to"]) - timedelta(days=1),
        "explanation": json.dumps(list(_told(line, part, amount)), separators=(",", ":")),
    }


def _told(line: Row, part: Part, amount: Decimal) -> Iterator[dict[str, Any]]:
    """The billed amount, the share of it that is unused, and the rounding."""
    yield {"step": "billed", "add": _plain(line["amount"]), "line_id": line["line_id"]}
    if part.whole == part.here:
        yield {"step": "credited", "times": "-1"}
    else:
        unit = "seconds" if part.by_second else "days"
        yield {"step": f"unused_{unit}", "times": str(-part.here)}
        yield {"step": f"billed_{unit}", "over": str(part.whole)}
    yield {"step": "round", "exponent": line["exponent"], "amount": _plain(amount)}


def _plain(amount: Decimal) -> str:
    return f"{amount.normalize():f}"


def _left(line: Row, part: Part, credit: Decimal, terms: Row) -> list[dict[str, Any]]:
    """What stays billed: the days kept, with what is left of the amount."""
    if not part.here:
        return [dict(line)]
    amounts = distribute(line["amount"] + credit, _weights(terms, part.kept), line["exponent"])
    return [dict(line) | {"span_from": start, "span_to": end, "amount": amount}
            for (start, end), amount in zip(part.kept, amounts, strict=True)]


def _weights(terms: Row, stretches: list[Stretch]) -> list[int]:
    """What stretches of a line count for, as they would be credited."""
    how = terms.get("proration_down") or terms["proration"]
    found = [_units(terms, how, each) for each in stretches] if how in DIVISIBLE else []
    return found if sum(found) else [(end - start).days for start, end in stretches]


def in_stretches(lines: pl.DataFrame, terms: pl.DataFrame) -> pl.DataFrame:
    """`PREPAID` lines whose days are in pieces: what is left of each (`amount`, on all its rows) is shared out to them.

    terms   those by which the lines were billed, as `settle` takes them
    """
    by = {(row["charge_id"], row["terms_id"]): row for row in terms.to_dicts()}
    rows: list[dict[str, Any]] = []
    for _, pieces in lines.sort("span_from").group_by("line_id", maintain_order=True):
        found = pieces.to_dicts()
        first, stretches = found[0], [(row["span_from"], row["span_to"]) for row in found]
        weights = _weights(by.get((first["charge_id"], first["terms_id"]), NO_TERMS), stretches)
        amounts = distribute(first["amount"], weights, first["exponent"])
        rows += [row | {"amount": amount} for row, amount in zip(found, amounts, strict=True)]
    return pl.DataFrame(rows, schema=lines.schema)
