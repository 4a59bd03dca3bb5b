"""Mail to clients: queue it with its document, hand it to the mail server, remember every try."""

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any, Final

import polars as pl
from django.db import transaction

from duly.billing.accounts.queries import refuse_outside_book
from duly.billing.audit.actions import enqueue, record, record_many, verb
from duly.billing.desk import queries
from duly.billing.desk.letters import written
from duly.billing.desk.queries import Letter, Sendable
from duly.billing.kernel import frames
from duly.billing.kernel.authority import Actor

ATTEMPTS: Final = 6
"""How often a message is tried before it counts as failed."""

MESSAGES_PER_JOB: Final = 20


class Undelivered(Exception):
    """The mail server did not take a message. `final` when trying again cannot help, such as an unknown address."""

    def __init__(self, answer: str, *, final: bool = False) -> None:
        self.answer, self.final = answer, final
        super().__init__(answer)


@dataclass(frozen=True, slots=True)
class Queued:
    """The messages that wait to be sent now, and the numbers of documents whose mail was queued or sent before."""

    messages: list[int]
    already: list[str]


@dataclass(frozen=True, slots=True)
class Delivered:
    """What became of a try: the message's state after it, and the server's answer. Not tried: no answer."""

    message: int
    state: str
    answer: str | None


@verb("desk.queue_message", right="send")
def queue_message(*, actor: Actor, at: datetime, on: date, invoices: Sequence[int] = (),
                  receipts: Sequence[int] = ()) -> Queued:
    """Queue one mail per document to the account's billing contacts, in the document's language.

    A document goes to the same people once, however often it is queued: its Message-ID is made of both. One
    whose mail failed is tried again. Raises `Refused` for a draft, or an account without a billing contact;
    `NotFound` outside the book. Then nothing is queued.
    """
    return _queue(actor, at, queries.sendable(actor, on, invoices, receipts))


@verb("desk.send_again", right="send")
def send_again(*, actor: Actor, at: datetime, on: date, messages: Sequence[int]) -> Queued:
    """Queue the documents of failed messages again, to the account's billing contacts as they are now.

    A corrected address makes a new message; the failed one stays as it was. Messages that have not failed are left
    alone. Raises as `queue_message` does.
    """
    refuse_outside_book(actor, "send", [queries.account_of(message) for message in messages], on, "message")
    invoices, receipts = queries.documents_of_failed(messages)
    return _queue(actor, at, queries.sendable(actor, on, invoices, receipts))


def _queue(actor: Actor, at: datetime, documents: Sequence[Sendable]) -> Queued:
    queries.refuse_unsendable(documents)
    by_message_id = {_message_id(document): document for document in documents}
    new = _insert(by_message_id, actor, at)
    again = frames.rows("""update message set state = 'queued' where message_id = any(%s) and state = 'failed'
                           returning id, message_id""", [list(by_message_id)])
    queued = {**dict(new), **dict(again)}
    record_many("message", pl.DataFrame(
        [(message, json.dumps({"document": by_message_id[name].number, "message_id": name,
                               "account": by_message_id[name].account})) for message, name in sorted(queued.items())],
        schema={"id": pl.Int64, "data": pl.String}, orient="row",
    ))
    messages = sorted(queued)
    for start in range(0, len(messages), MESSAGES_PER_JOB):
        enqueue("outbox.send", messages=messages[start : start + MESSAGES_PER_JOB])
    waiting = set(queued.values())
    return Queued(messages, [str(document.number) for name, document in by_message_id.items() if name not in waiting])


@verb("desk.deliver", right="send")
def deliver(*, actor: Actor, at: datetime, on: date, message: int, hand_over: Callable[[Letter], str]) -> Delivered:
    """Hand a queued message to the mail server by `hand_over`, and record the try in the same transaction.

    `hand_over` returns the server's answer or raises `Undelivered`; the message is then sent, stays queued, or
    has failed for good after `ATTEMPTS` tries. A message that is not queued, or that another process is just
    sending, is left alone. When the process dies between the server's answer and the commit the message is
    sent again under the same Message-ID: at least once. Raises `NotFound` outside the book.
    """
    refuse_outside_book(actor, "send", [queries.account_of(message)], on, f"message {message}")
    letter = queries.waiting_letter(message)
    if letter is None:
        return Delivered(message, frames.rows("select state from message where id = %s", [message])[0][0], None)
    try:
        with transaction.atomic():
            answer, outcome, final = hand_over(letter), "sent", True
    except Undelivered as error:
        answer, outcome, final = error.answer, "failed", error.final
    frames.execute("insert into delivery_attempt (message_id, at, outcome, answer) values (%s, %s, %s, %s)",
                   [message, at, outcome, answer])
    [(tries,)] = frames.rows("select count(*) from delivery_attempt where message_id = %s", [message])
    state = outcome if final or tries % ATTEMPTS == 0 else "queued"
    if state != "queued":
        frames.execute("update message set state = %s where id = %s", [state, message])
    record("message", message, personal={"answer": answer}, document=letter.number, outcome=outcome, state=state,
           tries=tries)
    return Delivered(message, state, answer)


def _message_id(document: Sendable) -> str:
    """A name for this document to these people that is the same on every try (RFC 5322, 3.6.4)."""
    domain = document.seller_email.rpartition("@")[2].encode("idna").decode()
    people = sorted(recipient.email for recipient in document.recipients)
    named = json.dumps([document.entity, document.kind, document.number, people])
    return f"<{hashlib.sha256(named.encode()).hexdigest()[:32]}@{domain}>"


def _insert(documents: dict[str, Sendable], actor: Actor, at: datetime) -> list[tuple[int, str]]:
    """Write the messages that are not there yet, in one statement; their ids and Message-IDs."""
    rows: list[dict[str, Any]] = []
    for message_id, document in documents.items():
        subject, body = written(document.about)
        rows.append({
            "entity_id": document.entity_id, "account_id": document.account_id, f"{document.table}_id": document.id,
            "recipients": [asdict(recipient) for recipient in document.recipients], "subject": subject[:200],
            "body": body, "message_id": message_id,
        })
    return frames.rows(
        """insert into message (entity_id, account_id, invoice_id, receipt_id, recipients, subject, body, message_id,
                                state, queued_at, queued_by)
           select m.*, 'queued', %s, %s from jsonb_to_recordset(%s::jsonb) as m (entity_id bigint, account_id bigint,
               invoice_id bigint, receipt_id bigint, recipients jsonb, subject text, body text, message_id text)
           on conflict (message_id) do nothing returning id, message_id""",
        [at, actor.login, json.dumps(rows)],
    )
