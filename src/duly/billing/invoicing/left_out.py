"""What a draft leaves out, with the reason: nothing that was earned is forgotten."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Final

from duly.billing.accounts.queries import IN_BOOK, unseen
from duly.billing.kernel import frames
from duly.billing.kernel.authority import Actor


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Something that the document does not bill. `why` is deferred, written_down or not_billable.

    A work item, as far as it is not on the document, or the days of a charge or a written-down line, where `work_id` is
    null. `quantity` of time is in seconds; `amount` is what a line was written down by, or an expense's cost. `by` (a
    name), `at` and `reason` are null where nobody said so (an import brought it as not billable). `now_on` is the
    document that deferred work stands on meanwhile.
    """

    why: str
    work_id: int | None
    text: str
    person: str
    worked_on: date | None
    quantity: Decimal | None
    amount: Decimal | None
    by: str | None
    at: datetime | None
    reason: str | None
    now_on: int | None


NOW_ON: Final = """(select l.invoice_id from work_allocation x join invoice_line l on l.id = x.line_id
                     where x.work_item_id = w.id and not x.released and l.invoice_id <> %(document)s limit 1)"""

DEFERRED: Final = f"""
    select 'deferred', w.id, coalesce(nullif(concat_ws(' – ', nullif(w.project_name, ''), nullif(w.task, ''),
             nullif(w.description, '')), ''), t.name), coalesce(w.person_name, ''), w.worked_on,
           w.quantity - here.quantity, w.cost, coalesce(u.name, e.actor), e.at, e.data ->> 'reason', {NOW_ON}
      from event e left join app_user u on u.login = e.actor
      join charge_terms t on t.id = (e.data ->> 'terms')::bigint
      left join lateral jsonb_array_elements_text(e.data -> 'items') item on true
      left join work_item w on w.id = item::bigint
      cross join lateral (select coalesce(sum(x.quantity), 0) as quantity
                            from work_allocation x join invoice_line l on l.id = x.line_id
                           where x.work_item_id = w.id and not x.released and l.invoice_id = %(document)s) here
     where e.subject_type = 'invoice' and e.subject_id = %(document)s and e.verb = 'invoicing.defer'
       and (w.id is null or here.quantity < w.quantity)
       and not exists (select from event o where o.subject_type = 'invoice' and o.subject_id = e.subject_id
                          and o.verb = e.verb and o.id > e.id and o.data -> 'items' @> to_jsonb(w.id))
     order by e.id, w.worked_on, w.id"""

WRITTEN_DOWN: Final = """
    select 'written_down', null::bigint, l.description, '', null::date, null::numeric,
           (step ->> 'over')::numeric - (step ->> 'times')::numeric, coalesce(u.name, step ->> 'by'), null::timestamptz,
           step ->> 'reason', null::bigint
      from invoice_line l cross join lateral jsonb_array_elements(l.explanation) step
      left join app_user u on u.login = step ->> 'by'
     where l.invoice_id = %(document)s and step ->> 'step' = 'write_down' order by l.position"""

NOT_BILLABLE: Final = """
    select 'not_billable', w.id, concat_ws(' – ', nullif(w.project_name, ''), nullif(w.task, ''),
             nullif(w.description, '')), w.person_name, w.worked_on, w.quantity, w.cost, coalesce(u.name, said.actor),
           said.at, said.data ->> 'reason', null::bigint
      from invoice i join work_item w on w.worked_on between i.service_from and i.service_to
       and w.agreement_id = any(array(select l.agreement_id from invoice_line l where l.invoice_id = i.id))
      left join lateral (select e.actor, e.at, e.data from event e where e.subject_type = 'work_item'
          and e.subject_id = w.id and e.verb = 'work.set_billable' order by e.id desc limit 1) said on true
      left join app_user u on u.login = said.actor
     where i.id = %(document)s and not w.billable and not w.withdrawn order by w.worked_on, w.id"""


def left_out(*, actor: Actor, on: date, draft: int) -> tuple[LeftOut, ...]:
    """What was deferred from the draft, written down on it, and is not billable in its agreements and period.

    Raises `NotFound` outside the book. Work that a run left out for want of a price is a finding of the draft.
    """
    query = f"""select 1 from invoice i join account a on a.id = i.account_id
                 where i.id = %(draft)s and (%(everywhere)s or {IN_BOOK})"""
    book = {"everywhere": actor.may_everywhere("read"), "user": actor.user_id if actor.may("read") else None, "on": on}
    if not frames.rows(query, {"draft": draft, **book}):
        raise unseen(actor, "read", f"draft {draft}")
    return of_document(draft)


def of_document(document: int) -> tuple[LeftOut, ...]:
    """As `left_out`, of a document that its reader may see; three queries."""
    return tuple(LeftOut(*row) for query in (DEFERRED, WRITTEN_DOWN, NOT_BILLABLE)
                 for row in frames.rows(query, {"document": document}))
