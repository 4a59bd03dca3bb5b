"""Reads of drafts and documents: for verbs, checks, pages and the command line."""

from collections.abc import Sequence
from datetime import date
from typing import Final

import polars as pl

from duly.billing.accounts.queries import IN_BOOK, unseen
from duly.billing.kernel import frames
from duly.billing.kernel.authority import Actor
from duly.billing.kernel.errors import NotFound
from duly.billing.kernel.frames import MONEY, PRICE, QUANTITY

HEADER: Final[frames.Schema] = {
    "id": pl.Int64, "kind": pl.String, "state": pl.String, "entity_id": pl.Int64, "account_id": pl.Int64,
    "review": pl.String, "currency": pl.String, "exponent": pl.Int8, "payment_days": pl.Int64,
    "purchase_order": pl.String, "service_from": pl.Date, "service_to": pl.Date, "tax_point": pl.Date,
    "seller_id": pl.Int64, "buyer_id": pl.Int64, "prices_include_tax": pl.Boolean, "net": MONEY, "tax": MONEY,
    "total": MONEY, "withheld": MONEY, "prepaid": MONEY, "rounding": MONEY,
}

LISTED: Final[frames.Schema] = {
    "id": pl.Int64, "number": pl.String, "kind": pl.String, "state": pl.String, "entity": pl.String,
    "account": pl.String, "account_name": pl.String, "currency": pl.String, "net": MONEY, "tax": MONEY,
    "total": MONEY, "service_from": pl.Date, "service_to": pl.Date, "issued_on": pl.Date, "due_on": pl.Date,
    "balance": MONEY, "run_id": pl.Int64,
}


def locked_headers(actor: Actor, right: str, drafts: Sequence[int], on: date) -> pl.DataFrame:
    """The headers of these documents, locked in id order until commit.

    Raises `NotFound` alike for one that is not there and one whose account is outside the actor's book (law 11).
    """
    frames.execute("select from invoice where id = any(%s) order by id for no key update", [list(drafts)])
    query = f"""select i.id from invoice i join account a on a.id = i.account_id
                 where i.id = any(%(drafts)s) and (%(everywhere)s or {IN_BOOK})"""
    values = {"drafts": list(drafts), "everywhere": actor.may_everywhere(right), "user": actor.user_id, "on": on}
    if missing := sorted(set(drafts) - {row[0] for row in frames.rows(query, values)}):
        raise unseen(actor, right, f"draft {missing[0]}")
    return headers(drafts)


def headers(drafts: Sequence[int]) -> pl.DataFrame:
    """The headers of these documents, in id order; columns as `HEADER`."""
    columns = ", ".join(name for name in HEADER if name != "exponent").replace(
        "currency,", "currency, currency_exponent(currency),")
    found = frames.read(f"select {columns} from invoice where id = any(%s) order by id", [list(drafts)], HEADER)
    missing = sorted(set(drafts) - set(found["id"]))
    if missing:
        raise NotFound(f"There is no draft {missing[0]}.", "`bin/duly drafts` lists the drafts.")
    return found


POSTED: Final[frames.Schema] = {
    "key": pl.Int64, "line_kind": pl.String, "charge_kind": pl.String, "timing": pl.String, "position": pl.Int64,
    "service_from": pl.Date, "service_to": pl.Date, "amount": MONEY,
}


def posted_lines(documents: Sequence[int]) -> pl.DataFrame:
    """What the lines of documents come to, as the journal wants it: those billed in advance each by itself, all others
    summed by kind, without a position. Columns as `POSTED`; `key` is the document."""
    query = """select l.invoice_id, l.kind, c.kind, t.timing, case when t.timing = 'advance' then l.position end,
                      min(l.service_from), max(l.service_to), sum(l.amount)
                 from invoice_line l join charge c on c.id = l.charge_id join charge_terms t on t.id = l.terms_id
                where l.invoice_id = any(%s) group by 1, 2, 3, 4, 5 order by 1, 5, 2, 3"""
    return frames.read(query, [list(documents)], POSTED)


PARTIES: Final[frames.Schema] = {
    "account_id": pl.Int64, "entity_id": pl.Int64, "account_name": pl.String, "buyer_kind": pl.String,
    "buyer_country": pl.String, "buyer_tax_id": pl.String, "requires_purchase_order": pl.Boolean,
    "has_billing_contact": pl.Boolean, "entity": pl.String, "seller_country": pl.String, "seller_tax_id": pl.String,
    "buyer_region": pl.String, "seller_region": pl.String, "one_stop_shop": pl.Boolean,
    "base_currency": pl.String, "lock_date": pl.Date, "has_bank_account": pl.Boolean,
}

VAT_ID: Final = """(select t.number from tax_registration t where t.{owner}_id = {party}.id and t.scheme = 'vat'
                      order by t.country <> {party}.country, t.id limit 1)"""


def with_parties(documents: pl.DataFrame) -> pl.DataFrame:
    """The documents, by `account_id` and `entity_id`, with what tax and checks ask of their parties as they are now.

    Columns as `PARTIES`; a VAT id is that of the party's own country, where it has one.
    """
    parties = frames.read(f"""with seller as materialized (
            select e.id, e.code, e.country, e.region, e.one_stop_shop, e.base_currency, e.lock_date,
                   {VAT_ID.format(owner="entity", party="e")} as tax_id,
                   exists (select from bank_account b where b.entity_id = e.id) as has_bank_account
              from legal_entity e where e.id = any(%s))
        select a.id, e.id, a.name, a.kind, a.country, {VAT_ID.format(owner="account", party="a")},
               a.requires_purchase_order,
               exists (select from contact c where c.account_id = a.id and c.roles ? 'billing'),
               e.code, e.country, e.tax_id, a.region, e.region, e.one_stop_shop, e.base_currency, e.lock_date,
               e.has_bank_account
          from account a cross join seller e where a.id = any(%s)""",
                          [documents["entity_id"].unique().to_list(), documents["account_id"].unique().to_list()],
                          PARTIES)
    return documents.join(parties, on=["account_id", "entity_id"], how="left", maintain_order="left")


LINES: Final[frames.Schema] = {
    "line_id": pl.Int64, "document_key": pl.Int64, "position": pl.Int64, "agreement_id": pl.Int64, "kind": pl.String,
    "terms_id": pl.Int64, "unit_price": PRICE, "amount": MONEY, "tax_class": pl.String, "tax_category": pl.String,
    "tax_rate": pl.Decimal(38, 6), "service_from": pl.Date, "service_to": pl.Date, "supply": pl.String,
    "fixed_category": pl.String, "fixed_rate": pl.Decimal(38, 6), "override_category": pl.String,
    "override_reason": pl.String, "several": pl.Boolean,
}
OF_TERMS: Final[frames.Schema] = {
    "terms_id": pl.Int64, "rate_card_id": pl.Int64, "untaxed": pl.Boolean, "multiplied": pl.Boolean,
}
"""What lines have of their terms: whether they sell `untaxed` credit, and count some hours more than once."""


def lines(drafts: Sequence[int]) -> pl.DataFrame:
    """The drafts' lines as checks and tax see them; columns as `LINES` and `OF_TERMS`, and `factor`, which multiplies
    the card's rate."""
    found = frames.read("""select l.id, invoice_id, position, agreement_id, kind, terms_id, unit_price, amount,
        tax_class, tax_category, tax_rate, service_from, service_to, supply, fixed_category, fixed_rate,
        override_category, override_reason, exists (select from line_tax t where t.line_id = l.id)
        from invoice_line l where invoice_id = any(%s) order by invoice_id, position""", [list(drafts)], LINES)
    terms = frames.read("""select id, rate_card_id, untaxed, weekend_factor is not null or overtime_factor is not null
        from charge_terms where id = any(%s)""", [found["terms_id"].unique().to_list()], OF_TERMS)
    return _with_factors(found.join(terms, on="terms_id", maintain_order="left"))


def _with_factors(lines: pl.DataFrame) -> pl.DataFrame:
    """The lines with `factor`: their explanations, where it stands, are read only where the terms have one."""
    may = lines.filter(pl.col("multiplied") & (pl.col("kind") == "time"))["line_id"]
    if may.is_empty():
        return lines.with_columns(pl.lit(1, PRICE).alias("factor"))
    factors = frames.read("""select id, (jsonb_path_query_first(explanation, '$[*] ? (@.step == "multiplier").times')
        #>> '{}')::numeric from invoice_line where id = any(%s::bigint[])""", [frames.array(may)],
                          {"line_id": pl.Int64, "factor": PRICE})
    return lines.join(factors, on="line_id", how="left", maintain_order="left").with_columns(
        pl.col("factor").fill_null(1))


SHARES: Final[frames.Schema] = {"line_id": pl.Int64, "work_id": pl.Int64}
WORK: Final[frames.Schema] = {
    "kind": pl.String, "work_id": pl.Int64, "agreement_id": pl.Int64, "project_id": pl.Int64, "project": pl.String,
    "person_id": pl.Int64, "person": pl.String, "role": pl.String, "task": pl.String, "description": pl.String,
    "worked_on": pl.Date, "started_at": pl.String, "quantity": QUANTITY, "cost": MONEY,
}


def evidence(lines: pl.DataFrame) -> pl.DataFrame:
    """The work on these lines, one row per allocation: the columns of `WORK`, the line's place, price, factor and card.

    Each table by keys and joined here: right after a bill run the database has no statistics of what it holds now,
    and a plan made from those of before may read all there is for each chunk, or worse.
    """
    shares = frames.read("select line_id, work_item_id from work_allocation where line_id = any(%s::bigint[])",
                         [frames.array(lines["line_id"])], SHARES)
    work = frames.read("""select kind, id, agreement_id, project_id, project_name, person_id, person_name, role, task,
        description, worked_on, started_at, quantity, cost from work_item where id = any(%s::bigint[])""",
                       [frames.array(shares["work_id"])], WORK)
    placed = lines.select("line_id", "document_key", "position", "unit_price", "factor", "rate_card_id",
                          pl.col("kind").alias("line_kind"))
    return shares.join(placed, on="line_id").join(work, on="work_id").drop("line_id")


BILLED_SPANS: Final[frames.Schema] = {"charge_id": pl.Int64, "span_from": pl.Date, "span_to": pl.Date}


def billed_spans(charges: Sequence[int]) -> pl.DataFrame:
    """Days of these charges that stand on a draft or document: charge_id, span_from, span_to (exclusive).

    Those of a commitment are what it was trued up for.
    """
    query = """select charge_id, span_from, span_to from charge_span
                where charge_id = any(%s) and kind in ('regular', 'true_up') and not released order by 1, 2"""
    return frames.read(query, [list(charges)], BILLED_SPANS)


def listed(
    *, actor: Actor, on: date, run: int | None = None, states: Sequence[str] | None = None,
    ids: Sequence[int] | None = None, entity: str | None = None,
) -> pl.DataFrame:
    """The documents that the actor may see, newest last; columns as `LISTED`. Filters narrow, None does not."""
    query = f"""select i.id, i.number, i.kind, i.state, e.code, a.number, a.name, i.currency, i.net, i.tax, i.total,
        i.service_from, i.service_to, i.issued_on, i.due_on, o.balance, p.run_id
        from invoice i join account a on a.id = i.account_id join legal_entity e on e.id = i.entity_id
        left join open_item o on o.id = i.open_item_id left join bill_run_partition p on p.id = i.run_partition_id
        where (%(everywhere)s or {IN_BOOK})
          and (%(run)s::bigint is null or p.run_id = %(run)s)
          and (%(states)s::text[] is null or i.state = any(%(states)s))
          and (%(ids)s::bigint[] is null or i.id = any(%(ids)s))
          and (%(entity)s::text is null or e.code = %(entity)s)
        order by i.id"""
    values = {
        "everywhere": actor.may_everywhere("read"), "user": actor.user_id, "on": on, "run": run, "entity": entity,
        "states": list(states) if states is not None else None, "ids": list(ids) if ids is not None else None,
    }
    return frames.read(query, values, LISTED)


def partitions_left(run: int) -> list[int]:
    """The partitions of a bill run that are still to draft, in their order."""
    query = "select id from bill_run_partition where run_id = %s and state <> 'done' order by ordinal"
    return [row[0] for row in frames.rows(query, [run])]


def runs_of(entity: str, period_from: date, period_to: date) -> list[int]:
    """The bill runs that were launched for exactly this entity, by its code, and period."""
    return [row[0] for row in frames.rows("""select r.id from bill_run r join legal_entity e on e.id = r.entity_id
        where e.code = %s and r.period_from = %s and r.period_to = %s order by r.id""",
                                          [entity, period_from, period_to])]


def billed_seconds(batches: Sequence[int]) -> int:
    """The time in these imports' billable rows that stands on drafts and documents, row by row.

    A row whose work an earlier file brought counts as that work does.
    """
    [(seconds,)] = frames.rows("""select coalesce(sum(a.quantity), 0)
        from import_row r join work_item w on w.id = r.work_item_id join work_allocation a on a.work_item_id = w.id
        where r.batch_id = any(%s) and r.outcome = 'billable' and w.kind = 'time' and not a.released""",
                               [list(batches)])
    return int(seconds)


FOUND: Final[frames.Schema] = {
    "invoice_id": pl.Int64, "check_name": pl.String, "severity": pl.String, "path": pl.String, "text": pl.String,
    "waived": pl.Boolean,
}


def findings(drafts: Sequence[int]) -> pl.DataFrame:
    """What the checks found last in these drafts, and whether it is waived; columns as `FOUND`."""
    return frames.read("""select f.invoice_id, f.check_name, f.severity, f.path, f.text, w.id is not null
        from finding f left join waiver w on (w.invoice_id, w.check_name, w.path, w.text)
            = (f.invoice_id, f.check_name, f.path, f.text)
        where f.invoice_id = any(%s)
        order by f.invoice_id, array_position(array['blocks', 'warns', 'notes'], f.severity::text), f.path, f.text""",
                       [list(drafts)], FOUND)
