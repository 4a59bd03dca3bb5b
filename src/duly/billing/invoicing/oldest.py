"""The oldest month that is over and still has something to bill: where whoever starts a run goes on."""

from dataclasses import dataclass
from datetime import date
from typing import Final

import polars as pl

from duly.billing.accounts.queries import IN_BOOK, refuse_outside_book
from duly.billing.accounts.queries import entity as entity_of
from duly.billing.agreements.queries import terms_frame
from duly.billing.invoicing import queries
from duly.billing.invoicing.falling_due import due, fees
from duly.billing.invoicing.measuring import asked
from duly.billing.kernel import frames
from duly.billing.kernel.authority import Actor
from duly.billing.usage.queries import with_events

YEARS: Final = 1
"""So far back work is looked for, so that the read does not grow with all that was ever billed."""

SPAN: Final = ("timing", "span_from", "span_to")


@dataclass(frozen=True, slots=True)
class ToBill:
    """What a month has that stands on no draft: approved time in seconds, expenses and milestones, charges due."""

    month: date
    seconds: int
    others: int
    charges: int


IN_SCOPE: Final = f"""from agreement g join account c on c.id = g.account_id
    join account a on a.id = coalesce(c.bill_to_id, c.id)
    where g.entity_id = %(entity)s and (%(everywhere)s or {IN_BOOK})"""

WORK: Final = f"""
    select date_trunc('month', w.worked_on)::date, sum(case w.kind when 'time' then w.quantity else 0 end)::bigint,
           count(*) filter (where w.kind <> 'time')
      from work_item w
     where w.worked_on >= %(until)s::date - make_interval(years => {YEARS}) and w.worked_on < %(until)s
       and w.billable and w.approved_in is not null and w.agreement_id in (select g.id {IN_SCOPE})
       and not exists (select from work_allocation x where x.work_item_id = w.id and not x.released)
     group by 1 order by 1 limit 1"""

CHARGES: Final = f"""
    select h.id, a.id {IN_SCOPE.replace("where", "join charge h on h.agreement_id = g.id where", 1)}
       and g.starts_on < %(until)s and h.kind not in ('time', 'expense', 'milestone', 'commitment')
       and not exists (select from charge_span s where s.charge_id = h.id and s.kind = 'regular' and not s.released
                          and (h.kind in ('one_off', 'deposit', 'credit') or s.span_to >= %(until)s))"""
"""Charges that may have days to bill, and who pays: the engine says which of them have."""


def oldest_to_bill(*, actor: Actor, on: date, entity: str) -> ToBill | None:
    """The oldest month before the one of `on` that a run of the entity would draft something of, None without any.

    Of the accounts that the actor may bill. An entry of which a part is billed counts as billed. Four queries at most.
    Raises `Forbidden` without the right to bill, `NotFound` for an unknown entity.
    """
    refuse_outside_book(actor, "bill", [], on)
    seller, until = entity_of(entity).pk, on.replace(day=1)
    scope = {"entity": seller, "everywhere": actor.may_everywhere("bill"), "user": actor.user_id, "on": on,
             "until": until}
    work = frames.rows(WORK, scope)
    due = _due(seller, frames.rows(CHARGES, scope), until)
    months = [month for month, *_ in work] + due[:1]
    if not months:
        return None
    oldest = min(months)
    [(_, seconds, others)] = [row for row in work if row[0] == oldest] or [(oldest, 0, 0)]
    return ToBill(oldest, seconds, others, due.count(oldest))


def _due(entity: int, found: list[tuple[int, int]], until: date) -> list[date]:
    """The months whose run first bills each span that is due, in order: the last one of a span in arrears."""
    if not found:
        return []
    charges = pl.DataFrame(found, schema={"charge_id": pl.Int64, "payer": pl.Int64}, orient="row")
    terms = terms_frame(entity, charges["payer"].unique().to_list()).join(charges, on="charge_id", how="semi")
    documents = terms.select("agreement_id", pl.col("agreement_id").alias("document_key")).unique()
    charged = due(fees(terms, until), documents, queries.billed_spans(charges["charge_id"].to_list()), until)
    used = with_events(asked(charged.measured))
    spans = pl.concat([charged.fixed.select(SPAN), used.select(SPAN)])
    billed_on = pl.when(pl.col("timing") == "arrears").then(
        pl.col("span_to") - pl.duration(days=1)).otherwise("span_from")
    months: list[date] = spans.select(billed_on.dt.truncate("1mo").alias("month")).sort("month")["month"].to_list()
    return months
