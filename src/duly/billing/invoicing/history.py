"""What earlier drafts and documents billed, as far as the next ones depend on it: set-based reads, asked for only where
terms need them."""

from collections.abc import Sequence
from typing import Final

import polars as pl

from duly.billing.agreements.queries import SEPARATOR
from duly.billing.kernel import frames
from duly.billing.kernel.frames import MONEY, QUANTITY
from duly.engine.tax import RATE

AS_PRICED: Final = "({0}.amount + case when {0}.agreement_id = any(%(including)s::bigint[]) then {0}.tax else 0 end)"
"""SQL: a line's amount as its agreement prices what is billed next: with tax where prices include it (`including`)."""

PREPAID: Final[frames.Schema] = {
    "line_id": pl.Int64, "agreement_id": pl.Int64, "charge_id": pl.Int64, "terms_id": pl.Int64,
    "description": pl.String, "tax_class": pl.String, "tax_category": pl.String, "tax_rate": RATE, "amount": MONEY,
    "exponent": pl.Int8, "span_from": pl.Date, "span_to": pl.Date,
}


def prepaid(charges: Sequence[int], including: Sequence[int]) -> pl.DataFrame:
    """Issued lines of these recurring charges with the days that are billed: `unused.PREPAID` without document_key.

    `amount` is what is left of the whole line, with what it lacked of a minimum, after the credits that answer it, also
    where its days are in pieces.
    """
    return frames.read(f"""
        select l.id, l.agreement_id, l.charge_id, l.terms_id, l.description, l.tax_class, l.tax_category, l.tax_rate,
               {AS_PRICED.format("l")} + coalesce((select sum({AS_PRICED.format("o")}) from invoice_line o
                 where o.invoice_id = l.invoice_id and o.charge_id = l.charge_id and o.kind = 'true_up'
                   and (o.service_from, o.service_to) = (l.service_from, l.service_to)), 0)
               + coalesce((select sum({AS_PRICED.format("o")}) from invoice_line o where o.id in (
                 select a.line_id from charge_span a where a.cause_id = l.id and a.kind = 'correction'
                    and not a.released)), 0),
               currency_exponent(i.currency), s.span_from, s.span_to
          from charge_span s join invoice_line l on l.id = coalesce(s.cause_id, s.line_id)
          join invoice i on i.id = l.invoice_id
         where s.charge_id = any(%(charges)s) and s.kind = 'regular' and not s.released and l.kind = 'recurring'
           and i.state = 'issued'
         order by s.charge_id, s.span_from""", _asked(including, charges=charges), PREPAID)


def _asked(including: Sequence[int], **ids: Sequence[int]) -> dict[str, list[int]]:
    return {name: list(some) for name, some in ids.items()} | {"including": list(including)}


USED: Final[frames.Schema] = {"charge_id": pl.Int64, "day": pl.Date, "covered": QUANTITY}


def covered_time(charges: Sequence[int]) -> pl.DataFrame:
    """Seconds of work that these retainers cover on drafts and documents, by day: `USED`."""
    return frames.read("""select l.charge_id, w.worked_on, sum(a.quantity)
          from invoice_line l join work_allocation a on a.line_id = l.id and not a.released
          join work_item w on w.id = a.work_item_id
         where l.charge_id = any(%s) and l.kind = 'covered' group by 1, 2 order by 1, 2""", [list(charges)], USED)


def covered_value(agreements: Sequence[int]) -> pl.DataFrame:
    """Amounts that retainers of these agreements pay on drafts and documents, by the last day of service: `USED`.

    Lines say so in their explanation, the computation's own rows.
    """
    return frames.read("""select (row->>'charge')::bigint, l.service_to, -sum((row->>'add')::numeric)
          from invoice_line l join invoice i on i.id = l.invoice_id
         cross join lateral jsonb_array_elements(l.explanation) row
         where l.agreement_id = any(%s) and i.state <> 'discarded' and row->>'step' = 'draw_down'
         group by 1, 2 order by 1, 2""", [list(agreements)], USED)


BILLED: Final[frames.Schema] = {
    "agreement_id": pl.Int64, "charge_id": pl.Int64, "service_to": pl.Date, "amount": MONEY,
}


def billed_amounts(agreements: Sequence[int], including: Sequence[int]) -> pl.DataFrame:
    """What drafts and documents bill of these agreements, by charge and last day of service; no proformas.

    Credit counts as it is used: neither its sale is in it, nor what takes off what was billed in advance.
    """
    return frames.read(f"""select l.agreement_id, l.charge_id, l.service_to, sum({AS_PRICED.format("l")})
          from invoice_line l join invoice i on i.id = l.invoice_id join charge c on c.id = l.charge_id
         where l.agreement_id = any(%(agreements)s) and i.state <> 'discarded' and i.kind in ('invoice', 'credit_note')
           and c.kind <> 'credit' and l.kind not in ('deposit', 'credit', 'progressive')
         group by 1, 2, 3 order by 1, 2, 3""", _asked(including, agreements=agreements), BILLED)


TRUED_UP: Final[frames.Schema] = {
    "agreement_id": pl.Int64, "own": pl.Int64, "trued_from": pl.Date, "trued_to": pl.Date, "left": MONEY,
}


def trued_up(charges: Sequence[int], including: Sequence[int]) -> pl.DataFrame:
    """What was billed as missing of these commitments, by the first and last day of their periods: `TRUED_UP`."""
    return frames.read(f"""
        select l.agreement_id, l.charge_id, l.service_from, l.service_to, sum({AS_PRICED.format("l")})
          from invoice_line l join invoice i on i.id = l.invoice_id
         where l.charge_id = any(%(charges)s) and l.kind = 'true_up' and i.state <> 'discarded'
         group by 1, 2, 3, 4 having sum(l.amount) > 0 order by 2, 3""", _asked(including, charges=charges),
                       TRUED_UP)


def billed_between(charges: Sequence[int], including: Sequence[int]) -> pl.DataFrame:
    """What was billed of these charges while their period was open, drafts too: charge_id, service_from, billed."""
    return frames.read(f"""select l.charge_id, l.service_from, sum({AS_PRICED.format("l")})
          from invoice_line l join invoice i on i.id = l.invoice_id
         where l.charge_id = any(%(charges)s) and l.kind = 'progressive_bill' and i.state <> 'discarded'
         group by 1, 2""", _asked(including, charges=charges), {
        "charge_id": pl.Int64, "service_from": pl.Date, "billed": MONEY})


ADVANCES: Final[frames.Schema] = {
    "line_id": pl.Int64, "agreement_id": pl.Int64, "charge_id": pl.Int64, "terms_id": pl.Int64, "kind": pl.String,
    "name": pl.String, "number": pl.String, "on": pl.Date, "since": pl.Date, "left": MONEY, "net_left": MONEY,
    "tax_class": pl.String, "tax_category": pl.String, "tax_rate": RATE, "covers": pl.String, "priority": pl.Int64,
    "expires_on": pl.Date,
}


def advances(agreements: Sequence[int], including: Sequence[int]) -> pl.DataFrame:
    """What issued documents of these agreements billed in advance and nothing took off yet: deposits, progressive bills
    and prepaid credit that was sold with tax, the oldest first. Columns as `ADVANCES`."""
    return frames.read(f"""
        select * from (
          select l.id, l.agreement_id, l.charge_id, l.terms_id,
                 case when l.kind = 'progressive_bill' then 'progressive' else h.kind end, t.name, i.number,
                 i.issued_on, l.service_from,
                 {AS_PRICED.format("l")} + coalesce((select sum({AS_PRICED.format("o")})
                    from netting n join invoice_line o on o.id = n.line_id
                   where n.advance_id = l.id and not n.released), 0),
                 l.amount - coalesce((select sum(n.amount) from netting n
                                       where n.advance_id = l.id and not n.released), 0) as unused,
                 l.tax_class, l.tax_category, l.tax_rate, array_to_string(t.covers, '{SEPARATOR}'), t.priority,
                 t.expires_on
            from invoice_line l join invoice i on i.id = l.invoice_id and i.state = 'issued'
            join charge h on h.id = l.charge_id join charge_terms t on t.id = l.terms_id
           where l.agreement_id = any(%(agreements)s) and l.amount > 0 and not t.untaxed
             and (l.kind = 'progressive_bill' or (h.kind in ('deposit', 'credit') and l.kind = 'one_off'))
           order by i.issued_on, l.id) advance
         where unused > 0""", _asked(including, agreements=agreements), ADVANCES)


MEASURED: Final[frames.Schema] = {
    "charge_id": pl.Int64, "line_id": pl.Int64, "span_from": pl.Date, "span_to": pl.Date, "billed_in": pl.String,
}


def measured_spans(charges: Sequence[int]) -> pl.DataFrame:
    """The periods of these measured charges that are billed, each with the snapshot of the last run that billed use of
    it, and the line that billed it first: `MEASURED`."""
    return frames.read("""
        select distinct on (s.charge_id, s.span_from) s.charge_id, r.line_id, s.span_from, s.span_to, s.billed_in
          from charge_span s
          join charge_span r on r.charge_id = s.charge_id and r.span_from = s.span_from and r.kind = 'regular'
           and not r.released
         where s.charge_id = any(%s) and s.kind in ('regular', 'late') and not s.released and s.billed_in is not null
         order by s.charge_id, s.span_from, s.id desc""", [list(charges)], MEASURED)
