"""Prints how a line was computed, from the computation's own rows: factors, divisors and the one rounding."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any

from duly.engine.document import Row
from duly.formats.typeset.numbers import NO_BREAK
from duly.formats.typeset.texts import unit_text
from duly.formats.typeset.words import Words

TIMES = f" ×{NO_BREAK}"
Steps = Mapping[str, Row]


def explained(rows: Sequence[Row], words: Words) -> str:
    """One short line, such as "12:30 × 95.00 per h = 1,187.50"; "" where a single factor is the amount itself.

    A step that is not known here prints as its factor alone, so that the printed factors always lead to the printed
    amount.
    """
    rows = [row for row in rows if row.get("step") != "reword"]
    if len(rows) < 3 or rows[-1].get("step") != "round":
        return ""
    steps = {str(row["step"]): row for row in rows}
    factors = TIMES.join(text for row in rows[:-1] if (text := _factor(row, steps, words)))
    amount = Decimal(str(rows[-1]["amount"]))
    rounded = "" if _exact(rows) == Fraction(amount) else f" ({words.texts['step_rounded']})"
    text = f"{', '.join((*_evidence(steps, words), factors))} ={NO_BREAK}{words.amount(amount)}{rounded}"
    return text[0].upper() + text[1:]


def _exact(rows: Sequence[Row]) -> Fraction:
    value = Fraction(1)
    for row in rows[:-1]:
        value = value * Fraction(str(row.get("times", 1))) / Fraction(str(row.get("over", 1)))
    return value


def _factor(row: Row, steps: Steps, words: Words) -> str:
    """The factor's text; "" for a divisor that is said together with its factor."""
    value = Decimal(str(row.get("times", row.get("over", 1))))
    match row["step"]:
        case "seconds":
            return words.time(int(value))
        case "rate" if "hour" in steps:
            return f"{words.price(value)}{NO_BREAK}{words.texts['step_per_hour']}"
        case "days" if "period_days" in steps:
            return words.texts["step_days_factor"].format(days=value, of=steps["period_days"]["over"])
        case "hour" if "rate" in steps:
            return ""
        case "period_days" if "days" in steps:
            return ""
    return _plain_factor(row, value, words)


def _plain_factor(row: Row, value: Decimal, words: Words) -> str:
    texts, number = words.texts, words.print.number
    match row["step"]:
        case "cost":
            return f"{texts['step_cost']} {words.price(value)}{NO_BREAK}{row['currency']}"
        case "markup":
            return f"{number(value)} ({texts['step_markup']} {words.print.percent(value - 1)})"
        case "exchange":
            return f"{number(value)} ({texts['step_exchange']})"
        case "quantity":
            unit = unit_text(str(row.get("unit", "")), words.document.language, one=value == 1)
            return f"{number(value)}{NO_BREAK}{unit}"
        case "accepted":
            return words.print.percent(value)
        case "write_down":
            over = words.amount(Decimal(str(row["over"])))
            return f"{words.amount(value)}/{over} ({texts['step_write_down']})"
        case "price" | "agreed" | "rate":
            return words.price(value)
    return number(value) if "times" in row else f"1/{number(value)}"


def _evidence(steps: Steps, words: Words) -> Iterator[str]:
    """What the quantity rests on: how many entries, and the time worked where another is billed."""
    row: Mapping[str, Any] = steps.get("seconds", {})
    if entries := row.get("entries"):
        yield words.texts["step_entry"] if entries == 1 else words.texts["step_entries"].format(count=entries)
    worked = row.get("worked")
    if worked is not None and Decimal(worked) != Decimal(str(row["times"])):
        yield words.texts["step_worked"].format(time=words.time(int(worked)))
