"""How a line came to its amount, in words: the computation's own rows, and what they rest on."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final

from duly.billing.invoicing.explain import Line, RateSource
from duly.interfaces.kit import printing

Row = Mapping[str, Any]

SILENT: Final = ("hour", "period_days")
"""Divisors that are said together with their factor."""


@dataclass(frozen=True, slots=True)
class Step:
    """A row of the explanation: what it is, its factor, where it comes from."""

    label: str
    value: str
    note: str = ""


def steps(line: Line, currency: str) -> list[Step]:
    """The line's rows in order, the amount last."""
    return list(_steps(line, currency))


def _steps(line: Line, currency: str) -> Iterator[Step]:
    rows = {row["step"]: row for row in line.explanation}
    for row in line.explanation:
        if row["step"] in SILENT:
            continue
        yield _step(row, rows, line, currency)


def _step(row: Row, rows: Mapping[str, Row], line: Line, currency: str) -> Step:
    value = Decimal(str(row.get("times", row.get("over", 1))))
    match row["step"]:
        case "seconds":
            return Step("Time billed", f"{printing.hours(value)} h", _worked(row, value))
        case "rate":
            return Step("× rate per hour", _money(value, currency), _source(line.rate))
        case "price":
            return Step("Price", _money(value, currency), f"Terms since {printing.day(line.terms_from)}")
        case "agreed":
            return Step("Agreed amount", _money(value, currency), f"Terms since {printing.day(line.terms_from)}")
        case "quantity":
            return Step("× quantity", f"{plain(value)} {row.get('unit', '')}".strip())
        case "days":
            return Step("× days billed", f"{plain(value)} of {rows['period_days']['over']}", "Of the whole period")
        case "cost":
            return Step("Cost", _money(value, row["currency"]))
        case "markup":
            return Step("× mark-up", f"{printing.signed_percent((value - 1) * 100)}")
        case "exchange":
            return Step("× exchange rate", plain(value), f"To {row.get('to', currency)}")
        case "accepted":
            return Step("× accepted", f"{plain(value * 100)}%")
        case "write_down":
            was = _money(Decimal(row["over"]), currency)
            return Step("Written down", f"{_money(value, currency)} of {was}", f"{row['by']}: {row['reason']}")
        case "reword":
            return Step("Reworded", "", f"{row['by']}; drafted as “{row['from']}”")
        case "round":
            return Step("Amount", _money(Decimal(row["amount"]), currency), _rounded(line))
    return Step(str(row["step"]).replace("_", " ").capitalize(), plain(value))


def _worked(row: Row, billed: Decimal) -> str:
    entries = int(row.get("entries") or 0)
    said = [f"{entries} entr{'y' if entries == 1 else 'ies'}"] if entries else []
    worked = row.get("worked")
    if worked is not None and Decimal(str(worked)) != billed:
        said.append(f"{printing.hours(Decimal(str(worked)))} h were worked")
    return ", ".join(said)


def _source(rate: RateSource | None) -> str:
    if rate is None:
        return "Several rates of this price"
    meant = [name for name in (rate.person, rate.project, rate.role, rate.task) if name]
    return f"{rate.card_name}: {', '.join(meant) or 'everyone'}, since {printing.day(rate.valid_from)}"


def _rounded(line: Line) -> str:
    value = Fraction(1)
    for row in line.explanation[:-1]:
        value = value * Fraction(str(row.get("times", 1))) / Fraction(str(row.get("over", 1)))
    return "" if value == Fraction(line.amount) else "Rounded once, here"


def quantity(line: Line) -> str:
    """`12:30 h`, `3 seat`."""
    if line.kind == "time":
        return f"{printing.hours(line.quantity)} h"
    return f"{plain(line.quantity)} {line.unit}".strip()


def plain(value: Decimal) -> str:
    """A number without the zeros that its scale adds."""
    whole, _, decimals = f"{value:,f}".partition(".")
    decimals = decimals.rstrip("0")
    return f"{whole}.{decimals}" if decimals else whole


def _money(value: Decimal, currency: str) -> str:
    return str(printing.money(value, currency))
