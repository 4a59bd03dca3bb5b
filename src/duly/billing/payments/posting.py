"""The rows behind receipts, and their postings; those of allocations are in `moving`. Called inside a verb only."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import groupby
from typing import Any, Final

import polars as pl

from duly.billing.accounts.models import LegalEntity
from duly.billing.invoicing.parties import freeze_buyers, freeze_sellers
from duly.billing.kernel import frames
from duly.billing.kernel.errors import Refused
from duly.billing.ledger import actions as ledger
from duly.billing.ledger import numbers
from duly.billing.reference.queries import rate_on
from duly.engine import journal
from duly.engine.fiscal import fiscal_year

RATE: Final = pl.Decimal(38, journal.RATE_SCALE)

ITEM: Final[frames.Schema] = {
    "entity_id": pl.Int64, "account_id": pl.Int64, "control": pl.String, "label": pl.String, "currency": pl.String,
    "amount": frames.MONEY, "booked_on": pl.Date, "due_on": pl.Date,
}
HAPPENED: Final[frames.Schema] = {
    "entity_id": pl.Int64, "base_exponent": pl.Int8, "booked_on": pl.Date, "source": pl.String, "currency": pl.String,
    "amount": frames.MONEY, "base_rate": RATE, "open_item_id": pl.Int64, "what": pl.String,
}


@dataclass(frozen=True, slots=True)
class Cash:
    """Money received, every value looked at: what its receipt is made of."""

    entity: LegalEntity
    account_id: int
    amount: Decimal
    currency: str
    exponent: int
    booked_on: date
    received_on: date
    method: str
    reference: str
    bank_account_id: int | None


@dataclass(frozen=True, slots=True)
class Booked:
    """A receipt that was just booked, and the open item that holds its money on account."""

    id: int
    number: str
    item_id: int


def lock(items: Sequence[int]) -> None:
    """Lock open items in id order until commit; read their balances after this, not before."""
    frames.rows("select lock_open_items(%s)", [list(items)])


def exponent(currency: str) -> int | None:
    """The number of decimals of a currency; None for one that ISO 4217 does not know."""
    found: int | None = frames.rows("select currency_exponent(%s)", [currency])[0][0]
    return found


def book_receipts(cash: Sequence[Cash]) -> list[Booked]:
    """Number receipts, write them with copies of their parties, and post their money from bank to on account; tax that
    was withheld, from what the tax office owes.

    They come, and are numbered, by entity and booking date.
    """
    entities = {_rate_key(one): one.entity for one in cash}
    rates = {key: _base_rate(entity, *key[1:]) for key, entity in entities.items()}
    numbered = list(_numbered(cash))
    items = ledger.open_items(pl.DataFrame(
        [(one.entity.pk, one.account_id, "on_account", taken["number"], one.currency, -one.amount, one.booked_on,
          one.received_on) for one, taken in zip(cash, numbered, strict=True)], schema=ITEM, orient="row",
    ))["id"].to_list()
    ids = _write_receipts(cash, numbered, items)
    decimals = {one.entity.base_currency: exponent(one.entity.base_currency) for one in cash}
    _post_receipts(pl.DataFrame(
        [(one.entity.pk, decimals[one.entity.base_currency], one.booked_on, taken["number"], one.currency, one.amount,
          rates[_rate_key(one)], item, "withheld" if one.method == "withholding" else "amount")
         for one, taken, item in zip(cash, numbered, items, strict=True)],
        schema=HAPPENED, orient="row"))
    return [Booked(id_, taken["number"], item) for id_, taken, item in zip(ids, numbered, items, strict=True)]


def _rate_key(cash: Cash) -> tuple[int, str, date]:
    return cash.entity.pk, cash.currency, cash.booked_on


def _numbered(cash: Sequence[Cash]) -> Iterator[dict[str, Any]]:
    """The series, fiscal year, sequence and number of each, in order; a counter for each entity and fiscal year."""
    for (_, year), group in groupby(cash, key=lambda one: (
            one.entity.pk, fiscal_year(one.booked_on, one.entity.fiscal_year_start))):
        some = list(group)
        taken = numbers.take(kind="receipt", entity_id=some[0].entity.pk, on=some[0].booked_on, count=len(some),
                             until=some[-1].booked_on)
        for offset in range(len(some)):
            yield {"series_id": taken.series_id, "fiscal_year": year, "sequence": taken.first + offset,
                   "number": taken.number(offset)}


def _write_receipts(cash: Sequence[Cash], numbered: Sequence[Mapping[str, Any]], items: Sequence[int]) -> list[int]:
    accounts = sorted({one.account_id for one in cash})
    sellers = dict(freeze_sellers(sorted({one.entity.pk for one in cash})).iter_rows())
    buyers = dict(freeze_buyers(accounts).iter_rows())
    languages = dict(frames.rows("select id, language from account where id = any(%s)", [accounts]))
    ids = frames.next_ids("receipt", len(cash)).to_list()
    rows = [
        {"id": id_, **taken, "entity_id": one.entity.pk, "account_id": one.account_id, "amount": one.amount,
         "currency": one.currency, "booked_on": one.booked_on, "received_on": one.received_on, "method": one.method,
         "reference": one.reference, "bank_account_id": one.bank_account_id, "open_item_id": item,
         "language": languages[one.account_id], "seller_id": sellers[one.entity.pk],
         "buyer_id": buyers[one.account_id]}
        for id_, taken, one, item in zip(ids, numbered, cash, items, strict=True)
    ]
    frames.write("receipt", pl.DataFrame(rows, schema_overrides={"amount": frames.MONEY, "bank_account_id": pl.Int64}))
    return ids


def _post_receipts(happened: pl.DataFrame) -> None:
    """Post each receipt by an entry of its own: columns as `HAPPENED`."""
    parts = journal.in_base(happened.with_row_index("key"))
    ledger.post(parts.select("key", "entity_id", pl.lit("receipt").alias("kind"), "booked_on", "source"),
                journal.postings("receipt", parts),
                parts.select("key", "open_item_id", -pl.col("amount"), -pl.col("base_amount")))


def _base_rate(entity: LegalEntity, currency: str, on: date) -> Decimal:
    rate = rate_on(currency, entity.base_currency, on)
    if rate is None:
        raise Refused(f"There is no exchange rate from {currency} to {entity.base_currency} on {on}.",
                      "Add one to the set-up file under exchange_rates.")
    return rate
