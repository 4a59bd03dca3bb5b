"""What differs from last time: drafts, documents or a preview beside the account's last invoice of the same kind.

Last time is the latest issued invoice to the same account, from the same entity, in the same currency, that bills one
of the document's agreements over a period of about the same length (within a fifth, so that February compares with
March and no month with a quarter). What sells vouchers only is no last time and has none. The length is that of the
bill run's period, or that of the service where a fee reaches further: a month's fee in a run of half a month is still a
month's.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

import polars as pl

from duly.billing.accounts.queries import IN_BOOK, unseen
from duly.billing.invoicing.drafting import Drafts
from duly.billing.kernel import frames
from duly.billing.kernel.authority import Actor
from duly.billing.kernel.frames import MONEY, QUANTITY
from duly.engine.rounding import round_quotient

LENGTH: Final = """greatest(i.service_to - i.service_from + 1, (select r.period_to - r.period_from
                       from bill_run_partition p join bill_run r on r.id = p.run_id where p.id = i.run_partition_id))"""
"""SQL: the days of the period that invoice `i` bills: its run's, or its own where a fee reaches further."""

COMPARED: Final[frames.Schema] = {
    "document_key": pl.Int64, "account_id": pl.Int64, "entity_id": pl.Int64, "currency": pl.String, "days": pl.Int64,
    "net": MONEY, "issued_on": pl.Date, "agreements": pl.String,
}
"""A document to compare; `issued_on` is null for a draft, `agreements` an array literal of ids."""

PREVIOUS: Final[frames.Schema] = {
    "document_key": pl.Int64, "previous_id": pl.Int64, "previous_number": pl.String, "previous_issued_on": pl.Date,
    "previous_net": MONEY,
}

BY_CHARGE: Final[frames.Schema] = {
    "document_key": pl.Int64, "agreement_id": pl.Int64, "charge_id": pl.Int64, "kind": pl.String, "name": pl.String,
    "quantity": QUANTITY, "amount": MONEY,
}

CHANGES: Final = ("new", "gone", "changed", "same")


@dataclass(frozen=True, slots=True)
class Difference:
    """One charge of one agreement on both documents. `change` is one of `CHANGES`; quantities of time are seconds."""

    agreement_id: int
    charge_id: int
    kind: str
    name: str
    change: str
    quantity_before: Decimal
    quantity: Decimal
    before: Decimal
    now: Decimal
    difference: Decimal


@dataclass(frozen=True, slots=True)
class Comparison:
    """A document beside the last one: net amounts, their difference, and `percent` of the last (one decimal, null where
    that was nothing). Without a last one `previous_id` is null and every charge is new."""

    document: int
    currency: str
    previous_id: int | None
    previous_number: str | None
    previous_issued_on: date | None
    before: Decimal
    now: Decimal
    difference: Decimal
    percent: Decimal | None
    charges: tuple[Difference, ...]


def compared(*, actor: Actor, on: date, document: int) -> Comparison:
    """A draft or document of the actor's book beside the last one. Raises `NotFound`; four queries."""
    found = _documents(actor, on, "i.id = %(document)s", {"document": document})
    if found.is_empty():
        raise unseen(actor, "read", f"document {document}")
    whole, charges = _beside_last(found, _charges([document]))
    head = whole.row(0, named=True)
    return Comparison(
        document, head["currency"], head["previous_id"], head["previous_number"], head["previous_issued_on"],
        head["before"], head["net"], head["difference"], head["percent"],
        tuple(Difference(**row) for row in charges.drop("document_key").iter_rows(named=True)))


def run_compared(*, actor: Actor, on: date, run: int) -> pl.DataFrame:
    """The run's drafts and documents in the actor's book, each beside the last one; four queries however many.

    One row per document: document_key, account_id, entity_id, currency, net, previous_id, previous_number,
    previous_issued_on, before, difference, percent, and how many charges are new, gone, changed, same.
    """
    part = "i.run_partition_id in (select id from bill_run_partition where run_id = %(run)s) and i.state <> 'discarded'"
    found = _documents(actor, on, part, {"run": run})
    return _summary(found, _charges(found["document_key"].to_list()))


@dataclass(frozen=True, slots=True)
class RunSum:
    """What a run's documents of one currency come to, net, beside what their accounts were billed last time."""

    currency: str
    documents: int
    net: Decimal
    before: Decimal
    percent: Decimal | None


def run_sums(*, actor: Actor, on: date, run: int) -> tuple[RunSum, ...]:
    """The sums of the run's documents in the actor's book, by currency; as many queries as `run_compared`."""
    sums = run_compared(actor=actor, on=on, run=run).group_by("currency").agg(
        pl.len().alias("documents"), pl.col("net").sum(), pl.col("before").sum()).sort("currency")
    return tuple(RunSum(currency, documents, net, before, _percent(net - before, before))
                 for currency, documents, net, before in sums.iter_rows())


def documents_compared(documents: Sequence[int], *, actor: Actor, on: date) -> pl.DataFrame:
    """As `run_compared`, for these documents; those outside the actor's book are left out."""
    found = _documents(actor, on, "i.id = any(%(documents)s)", {"documents": list(documents)})
    return _summary(found, _charges(found["document_key"].to_list()))


def preview_compared(drafts: Drafts, *, days: int) -> pl.DataFrame:
    """As `run_compared`, for what a run over that many days would draft (`actions.run.preview`), in three queries."""
    ids = pl.col("agreement_id").unique().sort().cast(pl.String).str.join(",")
    agreements = drafts.lines.filter(pl.col("fixed_category").is_null()).group_by("document_key").agg(
        pl.concat_str(pl.lit("{"), ids, pl.lit("}")).alias("agreements"))
    reach = (pl.col("service_to") - pl.col("service_from")).dt.total_days() + 1
    found = drafts.headers.join(agreements, on="document_key", how="left", maintain_order="left").with_columns(
        pl.max_horizontal(pl.lit(days, pl.Int64), reach).alias("days"),
        pl.lit(None, pl.Date).alias("issued_on")).select(*COMPARED)
    names = drafts.lines.select(
        "document_key", "agreement_id", "charge_id", "kind", pl.col("description").alias("name"), "quantity", "amount")
    return _summary(found, _summed(names))


def _documents(actor: Actor, on: date, where: str, values: dict[str, object]) -> pl.DataFrame:
    """The documents of the actor's book by an SQL condition on `i`: columns as `COMPARED`."""
    query = f"""select i.id, i.account_id, i.entity_id, i.currency, {LENGTH}, i.net, i.issued_on,
                       array(select distinct l.agreement_id from invoice_line l
                              where l.invoice_id = i.id and l.fixed_category is null order by 1)
                  from invoice i join account a on a.id = i.account_id
                 where {where} and (%(everywhere)s or {IN_BOOK}) order by i.id"""
    book = {"everywhere": actor.may_everywhere("read"), "user": actor.user_id if actor.may("read") else None, "on": on}
    return frames.read(query, {**values, **book}, COMPARED)


def _charges(documents: Sequence[int]) -> pl.DataFrame:
    """What each charge comes to on these documents, columns as `BY_CHARGE`; `name` is the charge's in its terms."""
    return _summed(frames.read("""select l.invoice_id, l.agreement_id, l.charge_id, l.kind, t.name, l.quantity, l.amount
          from invoice_line l join charge_terms t on t.id = l.terms_id where l.invoice_id = any(%s)
         order by l.invoice_id, l.position""", [list(documents)], BY_CHARGE))


def _summed(lines: pl.DataFrame) -> pl.DataFrame:
    key = ["document_key", "agreement_id", "charge_id", "kind"]
    return lines.group_by(key, maintain_order=True).agg(pl.col("name").last(), pl.col("quantity", "amount").sum())


def _previous(found: pl.DataFrame) -> pl.DataFrame:
    """The last issued invoice beside each document, where there is one that bills more than vouchers; one look into an
    index for each."""
    return frames.read(f"""select w.id, last.id, last.number, last.issued_on, last.net
          from unnest(%s::bigint[], %s::bigint[], %s::bigint[], %s::text[], %s::bigint[], %s::date[], %s::text[])
               as w (id, account_id, entity_id, currency, days, issued_on, agreements)
         cross join lateral (
            select i.id, i.number, i.issued_on, i.net from invoice i
             cross join lateral (select {LENGTH} as days offset 0) period
             where i.account_id = w.account_id and i.entity_id = w.entity_id and i.currency = w.currency
               and i.state = 'issued' and i.kind = 'invoice'
               and (w.issued_on is null or (i.issued_on, i.id) < (w.issued_on, w.id))
               and abs(period.days - w.days) * 5 <= greatest(period.days, w.days)
               and exists (select from invoice_line l where l.invoice_id = i.id
                             and l.fixed_category is null and l.agreement_id = any(w.agreements::bigint[]))
             order by i.issued_on desc, i.id desc limit 1) last""",
                       [found[name].to_list() for name in ("document_key", "account_id", "entity_id", "currency",
                                                           "days", "issued_on", "agreements")], PREVIOUS)


def _beside_last(found: pl.DataFrame, charges: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The documents with the last one's amounts; and every charge on either side with its change."""
    last = _previous(found)
    whole = found.join(last, on="document_key", how="left", maintain_order="left").with_columns(
        pl.col("previous_net").fill_null(0).alias("before"))
    whole = whole.with_columns((pl.col("net") - pl.col("before")).alias("difference"))
    percents = [_percent(row["difference"], row["before"]) for row in whole.iter_rows(named=True)]
    whole = whole.with_columns(pl.Series("percent", percents, dtype=pl.Decimal(38, 1)))
    earlier = _charges(last["previous_id"].unique().to_list()).rename({"document_key": "previous_id"}).join(
        last.select("previous_id", pl.col("document_key").alias("_key")), on="previous_id").rename(
        {"_key": "document_key", "amount": "before", "quantity": "quantity_before", "name": "name_before"})
    key = ["document_key", "agreement_id", "charge_id", "kind"]
    both = charges.rename({"amount": "now"}).join(
        earlier.drop("previous_id"), on=key, how="full", coalesce=True, maintain_order="left_right")
    return whole, both.select(*key, pl.coalesce("name", "name_before").alias("name"), _change(), *(
        pl.col(name).fill_null(0) for name in ("quantity_before", "quantity", "before", "now"))).with_columns(
        (pl.col("now") - pl.col("before")).alias("difference"))


def _change() -> pl.Expr:
    before, now = pl.col("before"), pl.col("now")
    return (pl.when(before.is_null()).then(pl.lit("new")).when(now.is_null()).then(pl.lit("gone"))
            .when(before != now).then(pl.lit("changed")).otherwise(pl.lit("same")).alias("change"))


def _percent(difference: Decimal, before: Decimal) -> Decimal | None:
    return round_quotient(difference * 100, before, 1) if before else None


def _summary(found: pl.DataFrame, charges: pl.DataFrame) -> pl.DataFrame:
    whole, both = _beside_last(found, charges)
    counts = both.group_by("document_key").agg((pl.col("change") == name).sum().cast(pl.Int64).alias(name)
                                               for name in CHANGES)
    return whole.drop("days", "issued_on", "agreements", "previous_net").join(
        counts, on="document_key", how="left", maintain_order="left").with_columns(pl.col(CHANGES).fill_null(0))
