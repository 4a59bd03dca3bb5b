"""One timeline of an account: what was issued, paid, mailed, edited, decided and changed, newest first."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

from duly.billing.accounts.queries import accounts_in_book
from duly.billing.kernel import frames
from duly.billing.kernel.authority import Actor

PAGE: Final = 30


@dataclass(frozen=True, slots=True)
class Entry:
    """Something that happened on a day (`on`, in UTC). `kind`: invoice, receipt, message, event, edit, decision.

    `subject` is the row's id, `document` the draft or document that it is about, None where it is about the account.
    `text` is the number, the subject of a mail, the verb of an event, or a verdict; `detail` a reason or a state.
    `who` is the name of the user, or the login where nobody has it; empty for documents and receipts.
    """

    on: date
    kind: str
    id: int
    document: int | None
    text: str
    detail: str
    who: str
    amount: Decimal | None
    currency: str


@dataclass(frozen=True, slots=True)
class Timeline:
    """Entries, newest first, and where the next page goes on; None at the beginning of the history."""

    entries: tuple[Entry, ...]
    after: str | None


DRAFTS: Final = """array(select i.id from invoice i where i.account_id = %(account)s
                          order by i.issued_on desc nulls first, i.id desc limit 500)"""
"""The drafts and the latest documents: their edits and decisions are shown."""

COLUMNS: Final = "(happened, kind, id, document, text, detail, who, amount, currency)"

SOURCES: Final = (
    """select i.issued_on, 'invoice', i.id, i.id, i.number, i.kind, '', i.total, i.currency
         from invoice i where i.account_id = %(account)s and i.issued_on <= %(on)s and i.state = 'issued'""",
    """select r.booked_on, 'receipt', r.id, null::bigint, r.number, r.method, '', r.amount, r.currency
         from receipt r where r.account_id = %(account)s and r.booked_on <= %(on)s""",
    """select (m.queued_at at time zone 'UTC')::date, 'message', m.id, m.invoice_id, m.subject, m.state, m.queued_by,
              null::numeric, '' from message m
        where m.account_id = %(account)s and m.queued_at < %(on)s::date + 1""",
    """select (d.at at time zone 'UTC')::date, 'event', d.id, null::bigint, d.verb, coalesce(d.data ->> 'reason', ''),
              d.actor, null::numeric, '' from (
          select * from event v where v.subject_type = 'account' and v.subject_id = %(account)s
          union all select * from event v where v.subject_type = 'agreement'
             and v.subject_id = any(array(select id from agreement where account_id = %(account)s))) d
        where d.at < %(on)s::date + 1""",
    f"""select (d.recorded_at at time zone 'UTC')::date, 'edit', d.id, d.invoice_id, '', '', d.editor, null::numeric, ''
         from draft_edit d where d.invoice_id = any({DRAFTS}) and d.recorded_at < %(on)s::date + 1""",
    f"""select (d.decided_at at time zone 'UTC')::date, 'decision', d.id, d.invoice_id, d.verdict, d.reason,
               d.decided_by, null::numeric, ''
          from decision d where d.invoice_id = any({DRAFTS}) and d.decided_at < %(on)s::date + 1""",
)


def timeline(*, actor: Actor, on: date, account: str, after: str | None = None, limit: int = PAGE) -> Timeline:
    """What happened until a day, a page at a time; `after` is what the page before gave. Two queries.

    Raises `NotFound` for an account that is not there or not in the actor's book.
    """
    row = accounts_in_book(actor, "read", [account], on)[account]
    since, kind, entry = _place(after, on)
    parts = " union all ".join(
        f"""(select * from ({source}) as part_{place} {COLUMNS}
              where (happened, kind, id) < (%(on)s, %(kind)s, %(entry)s)
              order by happened desc, id desc limit %(more)s)"""
        for place, source in enumerate(SOURCES))
    query = f"""select happened, kind, entry.id, document, text, detail, coalesce(u.name, who), amount, currency
                  from ({parts}) as entry left join app_user u on u.login = who
                 order by happened desc, kind desc, entry.id desc limit %(more)s"""
    found = [Entry(*each) for each in frames.rows(query, {
        "account": row.pk, "on": since, "kind": kind, "entry": entry, "more": limit + 1})]
    last = found[limit - 1] if len(found) > limit else None
    return Timeline(tuple(found[:limit]), f"{last.on.isoformat()}.{last.kind}.{last.id}" if last else None)


def _place(after: str | None, on: date) -> tuple[date, str, int]:
    """The cursor's day, kind and id; without one, behind everything of the day. A cursor that is none begins anew."""
    try:
        day, kind, entry = (after or "").split(".")
        return date.fromisoformat(day), kind, int(entry)
    except ValueError:
        return on, "~", 0
