"""A real SMTP server on a local port, which keeps what it accepts and can be told to misbehave."""

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from django.test import override_settings

OK = "250 accepted"


class Mailbox:
    """What came in: `mails`, and for each the `people` it was for.

    `refuse_person` and `refuse_mail` answer for a recipient or a mail, None accepts; `answer` is said to a mail
    that is kept.
    """

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.people: list[list[str]] = []
        self.answer: Callable[[], str] = lambda: OK
        self.refuse_person: Callable[[str], str | None] = lambda person: None
        self.refuse_mail: Callable[[SMTP], str | None] = lambda server: None

    async def handle_RCPT(self, server: SMTP, session: Session, envelope: Envelope, address: str,
                          options: list[str]) -> str:
        if refusal := self.refuse_person(address):
            return refusal
        envelope.rcpt_tos.append(address)
        return OK

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        if refusal := self.refuse_mail(server):
            return refusal
        assert isinstance(envelope.content, bytes)
        mail = message_from_bytes(envelope.content, policy=policy.default)
        assert isinstance(mail, EmailMessage)
        self.mails.append(mail)
        self.people.append(list(envelope.rcpt_tos))
        return self.answer()


@contextmanager
def serving(mailbox: Mailbox, port: int = 0) -> Iterator[int]:
    """Serve the mailbox on a local port that Django's settings then name; the port."""
    controller = Controller(mailbox, hostname="127.0.0.1", port=port or free_port())
    controller.start()
    try:
        with override_settings(EMAIL_HOST="127.0.0.1", EMAIL_PORT=controller.port, EMAIL_TIMEOUT=5):
            yield controller.port
    finally:
        controller.stop()


def free_port() -> int:
    """A port that nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
