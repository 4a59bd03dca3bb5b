"""The audits that look across domains: numbers, sums, ties, double billing, missing events."""

from collections.abc import Iterator
from typing import Final

import polars as pl

from duly.billing.audit.seals import Head
from duly.billing.audit.verify import AUDITS, Finding, Scope, audit
from duly.billing.kernel import frames
from duly.billing.kernel.authority import Actor
from duly.billing.kernel.errors import Forbidden
from duly.billing.ledger.queries import control_ties

DOCUMENTS: Final = """(
    select series_id, fiscal_year, sequence, number, issued_on as dated from invoice where state = 'issued'
    union all select series_id, fiscal_year, sequence, number, booked_on from receipt)"""


def verify(*, actor: Actor, heads: tuple[Head, ...] = ()) -> list[Finding]:
    """Run every audit; what they found, notes included. `heads` are heads of the chain published earlier.

    Each audit looks by single queries, so that work going on meanwhile raises no false alarm. Raises `Forbidden`
    unless the actor may audit all accounts.
    """
    if not actor.may_everywhere("audit"):
        raise Forbidden(f"{actor.login} may not audit the books of all accounts.", "Ask an auditor for it.")
    return [finding for each in AUDITS.values() for finding in each.findings(Scope(heads))]


@audit("numbers", "Documents are numbered without gaps, in date order, up to their counter.")
def numbers(scope: Scope) -> Iterator[str]:
    query = f"""
        select number, sequence, before, dated, dated_before from (
          select d.*, lag(sequence, 1, 0) over w as before, lag(dated) over w as dated_before
            from {DOCUMENTS} d window w as (partition by series_id, fiscal_year order by sequence)) d
         where sequence <> before + 1 or dated < dated_before order by series_id, fiscal_year, sequence"""
    for number, sequence, before, dated, dated_before in frames.rows(query):
        if sequence != before + 1:
            yield f"Before {number} the numbers {before + 1} to {sequence - 1} of its series are missing."
        if dated_before and dated < dated_before:
            yield f"{number} is dated {dated}, before {dated_before} of the number in front of it."


@audit("counters", "The counter of a series stands at its last document.")
def counters(scope: Scope) -> Iterator[str]:
    query = f"""
        select s.kind, c.fiscal_year, c.last_number, coalesce(d.last, 0) from number_counter c
          join number_series s on s.id = c.series_id left join (
            select series_id, fiscal_year, max(sequence) as last from {DOCUMENTS} d group by 1, 2) d
            on (d.series_id, d.fiscal_year) = (c.series_id, c.fiscal_year)
         where c.last_number <> coalesce(d.last, 0) order by 1, 2"""
    for kind, year, counted, last in frames.rows(query):
        yield f"The counter for {kind} in {year} stands at {counted}, the last document has {last}."


@audit("control_ties", "What stands behind them sums to the control accounts of the ledger, on every day.")
def ties(scope: Scope) -> Iterator[str]:
    apart = (pl.col("difference") != 0) | (pl.col("base_difference") != 0)
    for row in control_ties().filter(apart).iter_rows(named=True):
        yield (f"Entity {row['entity_id']}: the ledger has {row['ledger']} {row['currency']} (base "
               f"{row['base_ledger']}) on {row['control']}, the open items {row['items']} ({row['base_items']}).")
    query = """
        select entry_id, control, currency, sum(amount), sum(base_amount) from (
          select t.entry_id, a.role as control, t.currency, sign * t.amount as amount,
                 sign * t.base_amount as base_amount
            from transfer t join chart_account a on a.id in (t.debit_id, t.credit_id)
           cross join lateral (select case when a.id = t.debit_id then 1 else -1 end as sign) s
          union all
          select m.entry_id, o.control, o.currency, -m.amount, -m.base_amount
            from open_item_movement m join open_item o on o.id = m.open_item_id
          union all select entry_id, 'deferred_revenue', currency, amount, base_amount from deferral
          union all
          select r.entry_id, 'deferred_revenue', d.currency, -r.amount, -r.base_amount
            from revenue_release r join deferral d on d.id = r.deferral_id) sides
         where control in ('receivable', 'on_account', 'deferred_revenue') group by 1, 2, 3
        having (sum(amount), sum(base_amount)) <> (0, 0) order by 1, 2, 3"""
    for entry, control, currency, difference, base in frames.rows(query):
        yield (f"Entry {entry} books {difference} {currency} (base {base}) more on {control} than it moves of what "
               "stands behind it.")


@audit("balances", "The balance of an open item is the sum of its movements, in the base currency too.")
def balances(scope: Scope) -> Iterator[str]:
    query = """select o.id, o.label, o.balance, coalesce(sum(m.amount), 0), o.base_balance,
                      coalesce(sum(m.base_amount), 0) from open_item o
                 left join open_item_movement m on m.open_item_id = o.id group by o.id
               having (o.balance, o.base_balance) <> (coalesce(sum(m.amount), 0), coalesce(sum(m.base_amount), 0))
                order by o.id"""
    for item, label, balance, moved, base, base_moved in frames.rows(query):
        if balance != moved:
            yield f"Open item {item} ({label}) shows {balance}, its movements sum to {moved}."
        if base != base_moved:
            yield f"Open item {item} ({label}) shows {base} in the base currency, its movements sum to {base_moved}."


@audit("deferrals", "What is released of deferred revenue is the sum of its releases, on no day more than was earned.")
def deferrals(scope: Scope) -> Iterator[str]:
    query = """
        select d.id, o.label, d.released, coalesce(sum(r.amount), 0)
          from deferral d join open_item o on o.id = d.open_item_id
          left join revenue_release r on r.deferral_id = d.id group by d.id, o.label
        having (d.released, d.released_base) <> (coalesce(sum(r.amount), 0), coalesce(sum(r.base_amount), 0))
         order by d.id"""
    for deferral, label, released, summed in frames.rows(query):
        yield f"Deferral {deferral} ({label}) shows {released} released, its releases sum to {summed}."
    query = """
        select d.id, o.label, r.booked_on, r.released from deferral d join open_item o on o.id = d.open_item_id
          join (select deferral_id, booked_on, sum(sum(amount)) over (partition by deferral_id order by booked_on)
                       as released from revenue_release group by 1, 2) r on r.deferral_id = d.id
         where abs(r.released) > abs(earned(d.amount, d.period_from, d.period_to, r.booked_on,
                                            currency_exponent(d.currency))) order by d.id, r.booked_on"""
    for deferral, label, on, released in frames.rows(query):
        yield f"Deferral {deferral} ({label}) is released by {released} until {on}, more than was earned then."


@audit("exchange_differences", "Every allocation moves its items as it says; what differs is an exchange difference.")
def exchange_differences(scope: Scope) -> Iterator[str]:
    query = """
        select c.id, c.source_base - c.target_base, coalesce(sum(m.base_amount), 0) from cash_allocation c
          left join open_item_movement m on m.entry_id in (c.entry_id, c.difference_entry_id)
                                        and m.open_item_id in (c.source_id, c.target_id)
         group by c.id having c.source_base - c.target_base <> coalesce(sum(m.base_amount), 0)
             or (c.difference_entry_id is null) <> (c.source_base = c.target_base) order by c.id"""
    for allocation, said, booked in frames.rows(query):
        yield f"Allocation {allocation} leaves an exchange difference of {said}, {booked} is booked."


@audit("document_sums", "Lines and taxes of an issued document add up to its totals, and its open item to it.")
def document_sums(scope: Scope) -> Iterator[str]:
    query = """
        select i.number from invoice i left join open_item o on o.id = i.open_item_id
          left join (select invoice_id, sum(amount) as net, sum(tax) as tax from invoice_line group by 1) l
            on l.invoice_id = i.id
          left join (select invoice_id, sum(base) as net, sum(tax) as tax,
                            bool_and(category = 'S' or tax = 0) as untaxed from tax_line group by 1) t
            on t.invoice_id = i.id
         where i.state = 'issued' and not coalesce((l.net, l.tax, t.net, t.tax, i.total)
               = (i.net, i.tax, i.net, i.tax, i.net + i.tax) and t.untaxed
               and i.prepaid = (select coalesce(sum(n.amount), 0) from netting n where n.invoice_id = i.id)
               and (i.kind = 'proforma' or o.amount = i.total - i.prepaid + i.rounding), false) order by i.number"""
    for (number,) in frames.rows(query):
        yield f"The lines, taxes and open item of {number} do not add up to its totals."


@audit("documents_posted", "Every receivable has its document, every document an event of its issue.")
def documents_posted(scope: Scope) -> Iterator[str]:
    query = """select o.id, o.label from open_item o
                where not exists (select from invoice i where i.open_item_id = o.id)
                  and not exists (select from receipt r where r.open_item_id = o.id) order by o.id"""
    for item, label in frames.rows(query):
        yield f"Open item {item} ({label}) has no document."
    query = """select i.number from invoice i where i.state = 'issued' and not exists (
                 select from event e where e.subject_type = 'invoice' and e.subject_id = i.id
                    and e.verb = 'invoicing.issue') order by i.number"""
    for (number,) in frames.rows(query):
        yield f"{number} was issued without an event that says by whom."


@audit("work_billed_once", "No work is billed beyond its quantity.")
def work_billed_once(scope: Scope) -> Iterator[str]:
    query = """select w.id, w.quantity, sum(a.quantity) from work_item w
                 join work_allocation a on a.work_item_id = w.id and not a.released
                group by w.id having sum(a.quantity) > w.quantity order by w.id"""
    for item, quantity, billed in frames.rows(query):
        yield f"Work item {item} of {quantity} is billed {billed}."


@audit("spans_once", "No charge is billed twice for a day.")
def spans_once(scope: Scope) -> Iterator[str]:
    query = """
        select c.code, a.number, s.span_from, s.span_to, s.before from (
          select s.*, max(span_to) over (partition by charge_id order by span_from, id
                                         rows between unbounded preceding and 1 preceding) as before
            from charge_span s where kind = 'regular' and not released) s
          join charge c on c.id = s.charge_id join agreement a on a.id = c.agreement_id
         where s.span_from < s.before order by a.number, c.code, s.span_from"""
    for charge, agreement, start, end, before in frames.rows(query):
        yield f"The charge {charge} of {agreement} is billed from {start} to {end}, though billed until {before}."


@audit("months", "What was billed and paid in a month, by account and by entity, is the sum of its entries.")
def months(scope: Scope) -> Iterator[str]:
    sums = "sum(billed), sum(revenue), sum(collected), sum(settled), sum(settled_days), sum(late_days)"
    query = f"""
        with moved as (select * from account_months_of(array(select id from open_item_movement)))
        select coalesce(kept.whose, summed.whose), to_char(coalesce(kept.month, summed.month), 'YYYY-MM') from (
          select 'account ' || account_id, entity_id, month, {sums} from account_month group by 1, 2, 3
          union all select 'entity ' || entity_id, entity_id, month, {sums} from entity_month group by 1, 2, 3)
            as kept (whose, entity_id, month, a, b, c, d, e, f)
          full join (
          select 'account ' || account_id, entity_id, month, {sums} from moved group by 1, 2, 3
          union all select 'entity ' || entity_id, entity_id, month, {sums} from moved group by 1, 2, 3)
            as summed (whose, entity_id, month, a, b, c, d, e, f)
            on (kept.whose, kept.entity_id, kept.month) = (summed.whose, summed.entity_id, summed.month)
         where (kept.a, kept.b, kept.c, kept.d, kept.e, kept.f)
               is distinct from (summed.a, summed.b, summed.c, summed.d, summed.e, summed.f)
         order by 1, 2"""
    for whose, month in frames.rows(query):
        yield f"The month {month} of {whose} is not the sum of its entries."
