"""What people change on a priced line: its amount written down, its words. Rows of the explanation say so.

A write-down is a factor: what is left over what it was. The exact quotient lies within half a minor unit of the
amount, and so does its product with a factor below one: the rows lead to the agreed amount, whatever was rounded.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

from duly.engine import wording
from duly.engine.pricing.explain import replay
from duly.engine.rounding import round_quotient

Row = Mapping[str, Any]

ADJUSTMENTS: Final = ("write_down", "reword")
"""Steps that people add, in the order in which they stand before the closing rounding."""


def left_after(rows: Sequence[Row], share: Decimal) -> Decimal:
    """What is left of the line, as it was priced, without that share of it (0.1 is a tenth); rounded once."""
    *steps, closing = without(rows, "write_down")
    kept = {"step": "kept", "times": f"{1 - share:f}"}
    return replay([*steps, kept, closing])


def reduce(rows: Sequence[Row], to: Decimal, *, by: str, reason: str) -> list[dict[str, Any]]:
    """The rows of the line written down to an amount, in place of an earlier write-down.

    Raises `ValueError`, in words for people, for an amount that is not below the priced one, is below zero or is no
    whole number of minor units.
    """
    priced = without(rows, "write_down")
    amount, exponent = Decimal(priced[-1]["amount"]), int(priced[-1]["exponent"])
    if not to.is_finite():
        raise ValueError(f"“{to}” is not an amount.")
    if to >= amount:
        raise ValueError(f"A write-down leaves less than {wording.amount(amount, exponent)}, not {_plain(to)}.")
    if to < 0:
        raise ValueError(f"A line is not below zero: {_plain(to)}.")
    if to != round_quotient(to, 1, exponent):
        raise ValueError(f"{_plain(to)} has more than the {exponent} decimals of its currency.")
    written = {"step": "write_down", "times": _plain(to), "over": _plain(amount), "by": by, "reason": reason}
    return _placed(priced, [written, *_of(priced, "reword")])


def reworded(rows: Sequence[Row], original: str, *, by: str) -> list[dict[str, Any]]:
    """The rows of a line whose words people changed; the first wording, as drafted, is the one that is kept."""
    first = next((row["from"] for row in _of(rows, "reword")), original)
    rest = without(rows, "reword")
    return _placed(rest, [*_of(rest, "write_down"), {"step": "reword", "from": first, "by": by}])


def reduced(rows: Sequence[Row]) -> Row | None:
    """The row of the write-down: `times` what is left, `over` what was priced, `by` whom and for what `reason`."""
    return next(iter(_of(rows, "write_down")), None)


def original_words(rows: Sequence[Row]) -> str | None:
    """The description as it was drafted, where people changed it."""
    return next((row["from"] for row in _of(rows, "reword")), None)


def without(rows: Sequence[Row], step: str) -> list[dict[str, Any]]:
    """The rows as if that adjustment had not been made."""
    return _placed([row for row in rows if row["step"] != step], [
        row for row in rows if row["step"] in ADJUSTMENTS and row["step"] != step])


def with_adjustments(priced: Sequence[Row], before: Sequence[Row]) -> list[dict[str, Any]]:
    """The rows of a line that was priced anew, with what people had changed: the same share stays written down."""
    written = reduced(before)
    adjusted = [*_of(before, "reword")]
    if written and (amount := Decimal(priced[-1]["amount"])):
        left = round_quotient(amount * Decimal(written["times"]), Decimal(written["over"]), priced[-1]["exponent"])
        adjusted.insert(0, {**written, "times": _plain(left), "over": _plain(amount)})
    return _placed(priced, adjusted)


def _of(rows: Sequence[Row], step: str) -> list[Row]:
    return [row for row in rows if row["step"] == step]


def _placed(rows: Sequence[Row], adjustments: Sequence[Row]) -> list[dict[str, Any]]:
    """The computation's rows, the adjustments, and the rounding with the amount that they come to."""
    computed = [dict(row) for row in rows[:-1] if row["step"] not in ADJUSTMENTS]
    steps = [*computed, *(dict(row) for row in adjustments)]
    return [*steps, {**rows[-1], "amount": _plain(replay([*steps, rows[-1]]))}]


def _plain(amount: Decimal) -> str:
    """An amount without the zeros that its scale adds, as explanations write it."""
    return f"{amount.normalize():f}"
