"""Prepaid credit that expires (breakage): what nobody used by its last day is revenue."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Final

import polars as pl

from duly.billing.accounts.queries import entity as entity_of
from duly.billing.accounts.queries import refuse_outside_book
from duly.billing.audit.actions import record_many, verb
from duly.billing.kernel import frames
from duly.billing.kernel.authority import Actor
from duly.billing.kernel.frames import MONEY
from duly.billing.ledger import actions as ledger
from duly.engine.currencies import exponent
from duly.engine.journal import in_base, postings

EXPIRING: Final[frames.Schema] = {
    "key": pl.Int64, "document": pl.Int64, "source": pl.String, "entity_id": pl.Int64, "currency": pl.String,
    "base_rate": pl.Decimal(38, 10), "base_exponent": pl.Int64, "amount": MONEY,
    "expired_on": pl.Date,
}


@dataclass(frozen=True, slots=True)
class Expired:
    """How much credit expired, in the entity's base currency as text, and of how many documents."""

    entity: str
    credits: int
    currency: str
    amount: str


@verb("invoicing.expire_credit", right="close")
def expire_credit(*, actor: Actor, at: datetime, on: date, entity: str) -> Expired:
    """Make revenue of the prepaid credit of an entity that expired by `on` and was not used, booked on that day.

    What drafts have taken of it stays theirs. The same again finds nothing left. Raises `Refused` for a day that is
    closed (law 14) and without the chart's accounts; `NotFound` for the entity.
    """
    refuse_outside_book(actor, "close", [], on)
    seller = entity_of(entity)
    ledger.refuse_closed(seller, on, "Book it on a later day.")
    found = _expiring(seller.pk, on)
    frames.write("netting", found.select(pl.col("key").alias("advance_id"), "amount", "expired_on"))
    parts = in_base(found.select("key", "currency", "base_rate", "base_exponent", "amount"))
    ledger.post(found.select("key", "entity_id", pl.lit("breakage").alias("kind"), pl.lit(on).alias("booked_on"),
                             "source"), postings("breakage", parts))
    record_many("invoice", found.select(pl.col("document").alias("id"), pl.struct(
        pl.col("amount").cast(pl.String).alias("expired"), "currency").struct.json_encode().alias("data")))
    total: Decimal = sum(parts["base_amount"], Decimal(0))
    return Expired(entity, found.height, seller.base_currency, f"{total:.{exponent(seller.base_currency)}f}")


def _expiring(entity_id: int, on: date) -> pl.DataFrame:
    """Lines of issued documents that sold credit which has expired, with what is left of it; locked in id order."""
    chosen = frames.rows("""select l.id from invoice_line l join invoice i on i.id = l.invoice_id
          join charge h on h.id = l.charge_id and h.kind = 'credit' join charge_terms t on t.id = l.terms_id
         where i.entity_id = %s and i.state = 'issued' and l.kind = 'one_off' and t.expires_on <= %s
         order by l.id for no key update of l""", [entity_id, on])
    return frames.read("""
        select l.id, i.id, i.number, i.entity_id, i.currency, i.base_rate,
               currency_exponent(e.base_currency), l.amount - n.taken, t.expires_on
          from invoice_line l join invoice i on i.id = l.invoice_id join legal_entity e on e.id = i.entity_id
          join charge_terms t on t.id = l.terms_id
         cross join lateral (select coalesce(sum(x.amount), 0) as taken from netting x
                              where x.advance_id = l.id and not x.released) n
         where l.id = any(%s) and l.amount > n.taken order by l.id""", [[row[0] for row in chosen]], EXPIRING)
