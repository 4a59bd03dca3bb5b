"""The rows behind allocations: what leaves each open item, in its currency and in the base currency, and its postings.

Each side leaves the books at what it came in at: money on account by the rate of its receipt, a receivable by that of
its document. What lies between them is posted beside the allocation, as an exchange difference.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

import polars as pl

from duly.billing.accounts.models import LegalEntity
from duly.billing.kernel import frames
from duly.billing.ledger import actions as ledger
from duly.engine import journal
from duly.engine.rounding import round_quotient

MOVES: Final[frames.Schema] = {
    "entity_id": pl.Int64, "booked_on": pl.Date, "source": pl.String, "source_id": pl.Int64, "target_id": pl.Int64,
    "currency": pl.String, "amount": frames.MONEY, "source_base": frames.MONEY, "target_base": frames.MONEY,
}


@dataclass(frozen=True, slots=True)
class Move:
    """Money of a receipt from its item on account to a receivable."""

    entity: LegalEntity
    booked_on: date
    receipt: str
    source_id: int
    target_id: int
    amount: Decimal
    currency: str


@dataclass(frozen=True, slots=True)
class Undo:
    """An allocation that is undone by one that answers it: what it moved, in its currency and in the base currency."""

    allocation: int
    move: Move
    source_base: Decimal
    target_base: Decimal
    reason: str


def move(moves: Sequence[Move]) -> list[int]:
    """Post each move by an entry of its own and write its allocation; the allocations' ids, in order.

    Called with the items locked. The move that clears an item takes the rest of its base balance.
    """
    shares = _shares(moves)
    return _write([(each, *shares[place]) for place, each in enumerate(moves)]) if moves else []


def undo(one: Undo) -> int:
    """Answer an allocation by one that takes back all that it moved, its exchange difference too; the answer's id."""
    [answer] = _write([(one.move, one.source_base, one.target_base)], sign=-1, answers=one.allocation,
                      reason=one.reason)
    return answer


def _shares(moves: Sequence[Move]) -> list[tuple[Decimal, Decimal]]:
    """What each move takes off the base balance of its source and its target, in order."""
    foreign = [each for each in moves if each.currency != each.entity.base_currency]
    items = sorted({item for each in foreign for item in (each.source_id, each.target_id)})
    left = {item: (abs(balance), abs(base), exponent) for item, balance, base, exponent in frames.rows(
        """select o.id, o.balance, o.base_balance, currency_exponent(e.base_currency)
             from open_item o join legal_entity e on e.id = o.entity_id where o.id = any(%s)""", [items])
            } if items else {}

    def take(item: int, amount: Decimal) -> Decimal:
        balance, base, exponent = left[item]
        share = base if amount == balance else round_quotient(base * amount, balance, exponent)
        left[item] = balance - amount, base - share, exponent
        return share

    return [(take(each.source_id, each.amount), take(each.target_id, each.amount))
            if each.currency != each.entity.base_currency else (each.amount, each.amount) for each in moves]


def _write(moved: Sequence[tuple[Move, Decimal, Decimal]], *, sign: int = 1, answers: int | None = None,
           reason: str = "") -> list[int]:
    rows = pl.DataFrame(
        [(each.entity.pk, each.booked_on, each.receipt, each.source_id, each.target_id, each.currency,
          sign * each.amount, sign * source_base, sign * target_base) for each, source_base, target_base in moved],
        schema=MOVES, orient="row").with_row_index("key")
    entries = _post(rows)
    ids = frames.next_ids("cash_allocation", rows.height)
    frames.write("cash_allocation", rows.join(entries, on="key", how="left", maintain_order="left").select(
        ids.alias("id"), "source_id", "target_id", "amount", "source_base", "target_base", "booked_on", "entry_id",
        "difference_entry_id", pl.lit(answers, dtype=pl.Int64).alias("answers_id"), pl.lit(reason).alias("reason")))
    return ids.to_list()


def _post(rows: pl.DataFrame) -> pl.DataFrame:
    """Post the moves and their exchange differences together, so that no item is ever settled in one currency only.

    Returns key, entry_id, difference_entry_id (null where there is none).
    """
    paid = rows.with_columns(pl.col("target_base").alias("base_amount"), pl.lit("allocation").alias("kind"))
    differing = rows.filter(pl.col("source_base") != pl.col("target_base")).with_columns(
        (pl.col("key") + rows.height).alias("key"), pl.lit(0, dtype=frames.MONEY).alias("amount"),
        (pl.col("source_base") - pl.col("target_base")).alias("base_amount"),
        pl.lit("exchange_difference").alias("kind"))
    both = pl.concat([paid, differing])
    sides = [both.select("key", pl.col("source_id").alias("open_item_id"), "amount", "base_amount"),
             paid.select("key", pl.col("target_id").alias("open_item_id"), -pl.col("amount"), -pl.col("base_amount"))]
    written = ledger.post(both.select("key", "entity_id", "kind", "booked_on", "source"),
                          pl.concat([journal.postings(kind, part) for kind, part in (
                              ("allocation", paid), ("exchange_difference", differing))]),
                          pl.concat(sides)).select("key", "kind", "entry_id")
    differences = written.filter(pl.col("kind") == "exchange_difference").select(
        pl.col("key") - rows.height, pl.col("entry_id").alias("difference_entry_id"))
    return written.filter(pl.col("kind") == "allocation").join(differences, on="key", how="left")
