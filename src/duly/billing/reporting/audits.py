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


@audit("control_ties", "The open items sum to the control accounts of the ledger, on every day.")
def ties(scope: Scope) -> Iterator[str]:
    for row in control_ties().filter(pl.col("difference") != 0).iter_rows(named=True):
        yield (f"Entity {row['entity_id']}: the ledger has {row['ledger']} {row['currency']} on {row['control']}, "
               f"the open items {row['items']}.")
    query = """
        select entry_id, control, currency, sum(amount) from (
          select t.entry_id, a.role as control, t.currency, case when a.id = t.debit_id then t.amount else -t.amount end
                 as amount from transfer t join chart_account a on a.id in (t.debit_id, t.credit_id)
          union all
          select m.entry_id, o.control, o.currency, -m.amount
            from open_item_movement m join open_item o on o.id = m.open_item_id) sides
         where control in ('receivable', 'on_account') group by 1, 2, 3 having sum(amount) <> 0 order by 1, 2, 3"""
    for entry, control, currency, difference in frames.rows(query):
        yield f"Entry {entry} books {difference} {currency} more on {control} than it moves open items."


@audit("balances", "The balance of an open item is the sum of its movements.")
def balances(scope: Scope) -> Iterator[str]:
    query = """select o.id, o.label, o.balance, coalesce(sum(m.amount), 0) from open_item o
                 left join open_item_movement m on m.open_item_id = o.id
                group by o.id having o.balance <> coalesce(sum(m.amount), 0) order by o.id"""
    for item, label, balance, moved in frames.rows(query):
        yield f"Open item {item} ({label}) shows {balance}, its movements sum to {moved}."


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
               and (i.kind = 'proforma' or o.amount = i.total), false) order by i.number"""
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
