"""Mail out, over SMTP: the message as it was queued, with its document drawn afresh and attached."""

import logging
import re
import smtplib
from email.errors import MessageError
from types import TracebackType
from typing import Self

from django.core.mail import EmailMessage
from django.core.mail.backends.smtp import EmailBackend
from django.core.mail.message import sanitize_address

from duly.billing.desk.actions import Undelivered
from duly.billing.desk.queries import Letter, Recipient
from duly.billing.invoicing.documents import documents
from duly.billing.payments.documents import receipts
from duly.formats.typeset import render
from duly.interfaces.outbox import answers

log = logging.getLogger(__name__)


class Courier:
    """Hands letters to the mail server over one connection, opened with the first of them.

    Called with a letter it returns the server's answer, or raises `Undelivered`: plain words, and below them the
    server's own. A server that cannot be reached is not asked again for the other letters of the same job.
    """

    def __init__(self) -> None:
        self.server = EmailBackend()
        self.down: str | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self._hang_up()

    def __call__(self, letter: Letter) -> str:
        mail = self._mail(letter)
        try:
            sender = sanitize_address(letter.sender.email, "utf-8")
            people = [sanitize_address(person.email, "utf-8") for person in letter.recipients]
            content = mail.message().as_bytes(linesep="\r\n")  # type: ignore[call-arg]  # Django's own
        except (ValueError, MessageError) as error:  # a bad header, a bad address, half a character: no try mends it
            raise Undelivered(f"The mail cannot be written.\n{error}", final=True) from error
        session = self._session()
        try:
            refused = session.sendmail(sender, people, content)
        except (smtplib.SMTPException, OSError) as error:
            self._hang_up()
            raise Undelivered(self._failed(error), final=answers.is_final(error)) from error
        return answers.accepted(refused)

    def _mail(self, letter: Letter) -> EmailMessage:
        try:
            content = _drawn(letter)
        except Exception as fault:
            log.exception("message %s cannot be drawn", letter.id)
            raise Undelivered(f"The document cannot be drawn.\n{type(fault).__name__}: {fault}") from fault
        file_name = re.sub(r"[^\w.-]+", "-", letter.number) + ".pdf"
        return EmailMessage(
            letter.subject, letter.body, _address(letter.sender), [_address(person) for person in letter.recipients],
            attachments=[(file_name, content, "application/pdf")], headers={"Message-ID": letter.message_id},
        )

    def _session(self) -> smtplib.SMTP:
        if self.down is not None:
            raise Undelivered(self.down)
        try:
            self.server.open()
        except (smtplib.SMTPException, OSError) as error:
            self.down = self._failed(error)
            raise Undelivered(self.down) from error
        assert self.server.connection is not None
        return self.server.connection

    def _failed(self, error: Exception) -> str:
        return answers.failed(error, self.server.host, self.server.port)

    def _hang_up(self) -> None:
        try:
            self.server.close()
        except (smtplib.SMTPException, OSError):
            self.server.connection = None


def _drawn(letter: Letter) -> bytes:
    drawn = documents if letter.table == "invoice" else receipts
    [document] = drawn([letter.document])
    return render(document)


def _address(person: Recipient) -> str:
    """`"Name" <address>`, with nothing in the name that could end the header."""
    name = re.sub(r'[\x00-\x1f"\\<>]+', " ", person.name).strip()
    return f'"{name}" <{person.email}>' if name else person.email
