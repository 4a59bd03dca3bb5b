"""The documents that mail can carry, and the messages that wait to be handed to the mail server."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import date
from decimal import Decimal
from typing import Final

from duly.billing.accounts.queries import IN_BOOK
from duly.billing.desk.letters import About
from duly.billing.kernel import frames
from duly.billing.kernel.authority import Actor
from duly.billing.kernel.errors import NotFound, Problem, Refused


@dataclass(frozen=True, slots=True)
class Recipient:
    name: str
    email: str


@dataclass(frozen=True, slots=True)
class Sendable:
    """A document with what its mail needs; it goes to the account's contacts with the role billing."""

    table: str
    id: int
    number: str | None
    entity_id: int
    entity: str
    account_id: int
    account: str
    account_name: str
    kind: str
    language: str
    issued_on: date | None
    due_on: date | None
    total: Decimal
    currency: str
    exponent: int
    seller: str
    seller_email: str
    seller_phone: str
    recipients: tuple[Recipient, ...]

    @property
    def about(self) -> About:
        assert self.number is not None
        assert self.issued_on is not None
        return About(self.kind, self.language, self.number, self.issued_on, self.due_on, self.total, self.currency,
                     self.exponent, self.seller, self.seller_email, self.seller_phone)


@dataclass(frozen=True, slots=True)
class Letter:
    """A message as it goes to the mail server. `table` and `document` name what is attached to it."""

    id: int
    account_id: int
    table: str
    document: int
    number: str
    message_id: str
    sender: Recipient
    recipients: tuple[Recipient, ...]
    subject: str
    body: str


SENDABLE: Final = tuple(field.name for field in fields(Sendable))

DOCUMENTS: Final = """
    select 'invoice' as "table", id, number, entity_id, account_id, kind, language, issued_on, due_on,
           total - prepaid - withheld + rounding as total, currency
      from invoice where id = any(%(invoices)s)
    union all
    select 'receipt', id, number, entity_id, account_id, 'receipt', language, booked_on, null, amount, currency
      from receipt where id = any(%(receipts)s)"""


def sendable(actor: Actor, on: date, invoices: Sequence[int], receipts: Sequence[int]) -> list[Sendable]:
    """These documents, invoices first; raises `NotFound` for one that is not there or not in the actor's book."""
    query = f"""
      select d.table, d.id, d.number, d.entity_id, e.code, d.account_id, a.number, a.name, d.kind, d.language,
             d.issued_on, d.due_on, d.total, d.currency, currency_exponent(d.currency), e.name, e.email, e.phone,
             (select coalesce(jsonb_agg(jsonb_build_object('name', c.name, 'email', c.email) order by c.id), '[]')::text
                from contact c where c.account_id = d.account_id and c.roles ? 'billing')
        from ({DOCUMENTS}) d join legal_entity e on e.id = d.entity_id join account a on a.id = d.account_id
       where %(everywhere)s or {IN_BOOK}
       order by d.table, d.id"""
    values = {"invoices": list(invoices), "receipts": list(receipts), "on": on,
              "user": actor.user_id if "send" in actor.in_book else None,
              "everywhere": actor.may_everywhere("send")}
    found = [Sendable(**dict(zip(SENDABLE, row, strict=True)) | {"recipients": _recipients(row[-1])})
             for row in frames.rows(query, values)]
    if len(found) != len(set(invoices)) + len(set(receipts)):
        raise NotFound("One of these documents is not in your book of accounts.", "Nothing was queued.")
    return found


def refuse_unsendable(documents: Sequence[Sendable]) -> None:
    """Raise `Refused` with a problem for each draft, and for each account without anyone to send to."""
    problems = [Problem(f"invoice[{document.id}]", "It is a draft.", "Issue it first.")
                for document in documents if document.number is None]
    silent = {document.account: document.account_name for document in documents if not document.recipients}
    problems += [Problem(f"accounts[{number}].contacts", f"{name} ({number}) has no contact with the role billing.",
                         "Give one of its contacts this role.") for number, name in sorted(silent.items())]
    if problems:
        raise Refused("Not all of these documents can be sent; none was queued.", problems=problems)


def waiting_letter(message: int) -> Letter | None:
    """The message, locked until commit, if it is queued and nobody else is just sending it."""
    query = """
      select m.id, m.account_id, case when m.invoice_id is null then 'receipt' else 'invoice' end,
             coalesce(m.invoice_id, m.receipt_id), coalesce(i.number, r.number), m.message_id, e.name, e.email,
             m.recipients::text, m.subject, m.body
        from message m join legal_entity e on e.id = m.entity_id
        left join invoice i on i.id = m.invoice_id left join receipt r on r.id = m.receipt_id
       where m.id = %s and m.state = 'queued' for no key update of m skip locked"""
    found = frames.rows(query, [message])
    if not found:
        return None
    id_, account_id, table, document, number, message_id, name, email, recipients, subject, body = found[0]
    return Letter(id_, account_id, table, document, number, message_id, Recipient(name, email),
                  _recipients(recipients), subject, body)


def documents_of_failed(messages: Sequence[int]) -> tuple[list[int], list[int]]:
    """The invoices and the receipts that the failed ones among the messages carry."""
    found = frames.rows("""select invoice_id, receipt_id from message
                            where id = any(%s) and state = 'failed' order by id""", [list(messages)])
    return [invoice for invoice, _ in found if invoice], [receipt for _, receipt in found if receipt]


def account_of(message: int) -> int | None:
    """The account that a message goes to; None where there is no such message."""
    found = frames.rows("select account_id from message where id = %s", [message])
    return int(found[0][0]) if found else None


def still_queued(messages: Sequence[int]) -> list[int]:
    """Those of the messages that wait to be sent, in the order in which they were queued."""
    return [row[0] for row in frames.rows(
        "select id from message where id = any(%s) and state = 'queued' order by id", [list(messages)])]


def _recipients(text: str) -> tuple[Recipient, ...]:
    return tuple(Recipient(each["name"], each["email"]) for each in json.loads(text))
