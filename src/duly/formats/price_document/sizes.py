"""What a charge could come to at most: a slip of some digits is named, and no step of a price outgrows its digits."""

from collections.abc import Iterable, Iterator
from decimal import Decimal

from duly.engine.pricing.items import LARGEST
from duly.formats.price_document.model import Row
from duly.formats.price_document.rows import ZERO, Rows
from duly.formats.price_document.table import Node


def note_too_large(table: Node, rows: Rows, charge_id: int) -> None:
    """Note a charge that could come to 10¹⁴ and more; expenses are judged as they are converted."""
    if max(_amounts(rows, charge_id), default=ZERO) >= LARGEST:
        table.note("model", f"This comes to 10¹⁴ {rows.currency} or more.", "Correct its prices and quantities.")


def _amounts(rows: Rows, charge_id: int) -> Iterator[Decimal]:
    def of_charge(some: Iterable[Row]) -> list[Row]:
        return [row for row in some if row["charge_id"] == charge_id]

    dearest = max((row["price"] for row in rows.rates if row["rate_card_id"] == charge_id), default=ZERO)
    yield dearest * sum((row["quantity"] for row in of_charge(rows.work) if row["kind"] == "time"), ZERO) / 360
    for row in of_charge([*rows.fixed, *rows.metered, *rows.late]):
        if row["model"] == "percentage":
            yield _percentage(row, [one["amount"] for one in rows.transactions if one["part"] == row["part"]])
        elif row["model"] == "balance":
            days = [one["balance"] * row["days"] for one in rows.balances if one["part"] == row["part"]]
            yield max(days, default=ZERO) * _dearest(rows, row) / 360
        else:
            used = row["quantity"] + max(row.get("late_quantity") or ZERO, ZERO)
            units = used / row["package_size"] + 1 if row["model"] == "package" else used
            flat = sum((tier["flat"] for tier in rows.tiers if tier["terms_id"] == row["terms_id"]), ZERO)
            yield units * _dearest(rows, row) + flat


def _dearest(rows: Rows, row: Row) -> Decimal:
    """The highest price of a unit."""
    tiers = (tier["price"] for tier in rows.tiers if tier["terms_id"] == row["terms_id"])
    return max((row.get("price") or ZERO, *tiers))


def _percentage(row: Row, amounts: list[Decimal]) -> Decimal:
    each = row["fixed"] + (row["minimum_fee"] or ZERO)
    return sum(amounts, ZERO) * row["rate"] + len(amounts) * each
