"""The rows behind the verbs of cash: receipts, allocations, and their postings. Called inside a verb only."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final

import polars as pl

from duly.billing.accounts.models import Account, LegalEntity
from duly.billing.invoicing.parties import freeze_buyers, freeze_sellers
from duly.billing.kernel import frames
from duly.billing.kernel.errors import Refused
from duly.billing.ledger import actions as ledger
from duly.billing.ledger import numbers
from duly.billing.payments.models import Receipt
from duly.billing.reference.queries import rate_on
from duly.engine import journal

RATE: Final = pl.Decimal(38, journal.RATE_SCALE)


@dataclass(frozen=True, slots=True)
class Booked:
    """A receipt that was just booked, and the open item that holds its money on account."""

    id: int
    number: str
    item_id: int


@dataclass(frozen=True, slots=True)
class Move:
    """Money from an item on account to a receivable; a negative amount takes it back.

    `base_rate` is the invoice's: the receivable leaves the books at the rate at which it entered them.
    """

    source_id: int
    target_id: int
    amount: Decimal
    currency: str
    base_rate: Decimal


def lock(items: Sequence[int]) -> None:
    """Lock open items in id order until commit; read their balances after this, not before."""
    frames.rows("select lock_open_items(%s)", [list(items)])


def exponent(currency: str) -> int | None:
    """The number of decimals of a currency; None for one that ISO 4217 does not know."""
    found: int | None = frames.rows("select currency_exponent(%s)", [currency])[0][0]
    return found


def book_receipt(*, entity: LegalEntity, account_id: int, amount: Decimal, currency: str, on: date,
                 **facts: Any) -> Booked:
    """Number a receipt, write it with copies of its parties, and post its money from bank to on account."""
    rate = _base_rate(entity, currency, on)
    taken = numbers.take(kind="receipt", entity_id=entity.pk, on=on, count=1)
    number = taken.number(0)
    item = ledger.open_items(pl.DataFrame(
        [(entity.pk, account_id, "on_account", number, currency, -amount, on, facts["received_on"])], orient="row",
        schema={"entity_id": pl.Int64, "account_id": pl.Int64, "control": pl.String, "label": pl.String,
                "currency": pl.String, "amount": frames.MONEY, "booked_on": pl.Date, "due_on": pl.Date},
    ))["id"][0]
    receipt = Receipt.objects.create(
        entity=entity, account_id=account_id, series_id=taken.series_id, fiscal_year=taken.fiscal_year,
        sequence=taken.first, number=number, booked_on=on, currency=currency, amount=amount, open_item_id=item,
        language=Account.objects.values_list("language", flat=True).get(pk=account_id),
        seller_id=freeze_sellers([entity.pk])["seller_id"][0], buyer_id=freeze_buyers([account_id])["buyer_id"][0],
        **facts,
    )
    _post("receipt", entity, on, number, [(amount, currency, rate)], [(0, item, -amount)])
    return Booked(receipt.pk, number, item)


def move(entity: LegalEntity, moves: Sequence[Move], on: date, source: str, *, answers: int | None = None,
         reason: str = "") -> list[int]:
    """Post each move as an entry of its own and write its allocation; the allocations' ids, in order."""
    if not moves:
        return []
    facts = [(each.amount, each.currency, each.base_rate) for each in moves]
    sides = [side for key, each in enumerate(moves)
             for side in ((key, each.source_id, each.amount), (key, each.target_id, -each.amount))]
    entries = _post("allocation", entity, on, source, facts, sides)
    ids = frames.next_ids("cash_allocation", len(moves))
    frames.write("cash_allocation", pl.DataFrame({
        "id": ids,
        "source_id": [each.source_id for each in moves],
        "target_id": [each.target_id for each in moves],
        "amount": pl.Series([each.amount for each in moves], dtype=frames.MONEY),
        "booked_on": [on] * len(moves),
        "entry_id": entries,
        "answers_id": pl.Series([answers] * len(moves), dtype=pl.Int64),
        "reason": [reason] * len(moves),
    }))
    return ids.to_list()


def _post(kind: str, entity: LegalEntity, on: date, source: str, facts: Sequence[tuple[Decimal, str, Decimal]],
          movements: Sequence[tuple[int, int, Decimal]]) -> list[int]:
    """Post one entry per fact (amount, currency, base rate); movements are (fact, open item, amount). Entry ids."""
    amounts: frames.Schema = {"amount": frames.MONEY, "currency": pl.String, "base_rate": RATE}
    base_exponent = exponent(entity.base_currency)
    happened = pl.DataFrame(list(facts), schema=amounts, orient="row").with_row_index("key").with_columns(
        pl.lit(base_exponent, dtype=pl.Int8).alias("base_exponent"))
    entries = happened.select(
        "key", pl.lit(entity.pk).alias("entity_id"), pl.lit(kind).alias("kind"), pl.lit(on).alias("booked_on"),
        pl.lit(source).alias("source"),
    )
    moved: frames.Schema = {"key": pl.UInt32, "open_item_id": pl.Int64, "amount": frames.MONEY}
    written = ledger.post(entries, journal.postings(kind, happened),
                          pl.DataFrame(list(movements), schema=moved, orient="row"))
    return written["entry_id"].to_list()


def _base_rate(entity: LegalEntity, currency: str, on: date) -> Decimal:
    rate = rate_on(currency, entity.base_currency, on)
    if rate is None:
        raise Refused(f"There is no exchange rate from {currency} to {entity.base_currency} on {on}.",
                      "Add one to the set-up file under exchange_rates.")
    return rate
