"""Mail through a real local SMTP server: it arrives with its document, and what goes wrong is not lost or hidden."""

import os
import signal
import smtplib
import socket
import ssl
import subprocess
import sys
from email.utils import getaddresses

import pytest
from aiosmtpd.smtp import SMTP
from django.test import override_settings

from duly.billing import models as m
from duly.billing.desk import actions as desk
from duly.billing.desk.actions import ATTEMPTS, queue_message
from duly.billing.kernel import frames
from duly.interfaces.outbox import answers, jobs
from duly.interfaces.outbox.worker import Left, work
from tests.billing.cash import issued, receive
from tests.interfaces.mailbox import Mailbox, free_port, serving
from tests.world import NOW, TODAY, World


@pytest.fixture
def mailbox() -> Mailbox:
    return Mailbox()


def queue(world: World, *accounts: str) -> list[m.Message]:
    """A queued message for a fresh invoice of each account."""
    invoices = [issued(world, account, "1190.00").pk for account in accounts]
    queued = queue_message(actor=world.actor("ben"), at=NOW, on=TODAY, invoices=invoices)
    return list(m.Message.objects.filter(pk__in=queued.messages).order_by("pk"))


def states() -> list[str]:
    return list(m.Message.objects.order_by("pk").values_list("state", flat=True))


def tries() -> list[tuple[str, str]]:
    return list(m.DeliveryAttempt.objects.order_by("pk").values_list("outcome", "answer"))


def when_the_time_has_come() -> Left:
    """Run the jobs that wait for a later try as if their time had come."""
    frames.execute("update procrastinate_jobs set scheduled_at = now() where status = 'todo'")
    return work(wait=False)


def test_mail_arrives_with_the_document_attached(database: str, world: World, mailbox: Mailbox) -> None:
    m.Contact.objects.create(account=world.account("ACME"), name='Dr. "Zoë", Ünal', email="zoe@acme.example",
                             roles=["billing"])
    [message] = queue(world, "ACME")
    with serving(mailbox):
        assert work(wait=False) == Left(ready=0, waiting=0, failed=0)
    [mail] = mailbox.mails
    assert mail["Message-ID"] == message.message_id
    assert mail["Subject"] == f"Rechnung {message.invoice.number} von Halden Software GmbH"
    assert getaddresses([mail["From"]]) == [("Halden Software GmbH", "billing@halden.example")]
    assert [address for _, address in getaddresses([mail["To"]])] == ["ap@acme.example", "zoe@acme.example"]
    assert mailbox.people == [["ap@acme.example", "zoe@acme.example"]]
    body = mail.get_body(("plain",))
    assert body is not None
    assert "über 1.190,00 EUR, zahlbar bis 2. Dezember 2026" in body.get_content()
    [document] = mail.iter_attachments()
    assert (document.get_filename(), document.get_content_type()) == ("R2026-00001.pdf", "application/pdf")
    assert document.get_content().startswith(b"%PDF")
    assert (states(), tries()) == (["sent"], [("sent", "Accepted.")])


def test_many_go_over_one_connection_and_a_receipt_is_drawn_too(database: str, world: World, mailbox: Mailbox) -> None:
    queue(world, "ACME", "BIG", "ZED")
    received = receive(world, "100", account="BIG", allocate="oldest")
    queue_message(actor=world.actor("ben"), at=NOW, on=TODAY, receipts=[received.receipt])
    with serving(mailbox):
        work(wait=False)
    names = [attachment.get_filename() for mail in mailbox.mails for attachment in mail.iter_attachments()]
    assert sorted(str(name) for name in names) == [
        "Q2026-00001.pdf", "R2026-00001.pdf", "R2026-00002.pdf", "R2026-00003.pdf",
    ]
    assert states() == ["sent"] * 4


def test_a_job_that_runs_again_sends_nothing_again(database: str, world: World, mailbox: Mailbox) -> None:
    [message] = queue(world, "ACME")
    with serving(mailbox):
        work(wait=False)
        jobs.send([message.pk])
    assert len(mailbox.mails) == 1


def test_what_a_busy_server_puts_off_waits_and_goes_out_later(database: str, world: World, mailbox: Mailbox) -> None:
    queue(world, "ACME", "BIG")
    mailbox.refuse_mail = lambda server: "421 closing for tonight"
    with serving(mailbox):
        assert work(wait=False) == Left(ready=0, waiting=1, failed=0)
        assert states() == ["queued", "queued"]
        assert work(wait=False) == Left(ready=0, waiting=1, failed=0), "the next try has its time"
        mailbox.refuse_mail = lambda server: None
        assert when_the_time_has_come() == Left(ready=0, waiting=0, failed=0)
    assert states() == ["sent", "sent"]
    assert [outcome for outcome, _ in tries()] == ["failed", "failed", "sent", "sent"]
    assert tries()[0][1] == "The mail server 127.0.0.1 does not take mail now.\n421 closing for tonight"


def test_an_unreachable_server_is_said_in_words_and_given_up_after_the_last_try(
    database: str, world: World
) -> None:
    [message] = queue(world, "ACME")
    port = free_port()
    with override_settings(EMAIL_HOST="127.0.0.1", EMAIL_PORT=port):
        work(wait=False)
        [(outcome, answer)] = tries()
        words, own = answer.split("\n")
        assert (outcome, words) == ("failed", f"The mail server 127.0.0.1 at port {port} did not answer.")
        assert "refused" in own
        for _ in range(ATTEMPTS - 1):
            when_the_time_has_come()
    assert (states(), len(tries())) == (["failed"], ATTEMPTS)
    event = m.Event.objects.filter(verb="desk.deliver", subject_id=message.pk).order_by("id").last()
    assert event is not None
    assert (event.data["state"], event.actor) == ("failed", "outbox")


@pytest.mark.parametrize(
    ("answer", "state", "said"),
    [
        pytest.param("550 no such user", "failed", "The mail server 127.0.0.1 takes no mail for ap@acme.example.\n"
                     "ap@acme.example: 550 no such user", id="unknown for good"),
        pytest.param("450 mailbox busy", "queued", "The mail server 127.0.0.1 takes no mail for ap@acme.example now.\n"
                     "ap@acme.example: 450 mailbox busy", id="busy for now"),
    ],
)
def test_a_refused_recipient(database: str, world: World, mailbox: Mailbox, answer: str, state: str, said: str) -> None:
    mailbox.refuse_person = lambda person: answer
    queue(world, "ACME")
    with serving(mailbox):
        work(wait=False)
    assert (states(), tries()) == ([state], [("failed", said)])


def test_one_of_two_refused_recipients_is_named(database: str, world: World, mailbox: Mailbox) -> None:
    m.Contact.objects.create(account=world.account("ACME"), name="Gone", email="gone@acme.example", roles=["billing"])
    mailbox.refuse_person = lambda person: "550 no such user" if person.startswith("gone") else None
    queue(world, "ACME")
    with serving(mailbox):
        work(wait=False)
    assert tries() == [("sent", "Accepted, but not for gone@acme.example.\ngone@acme.example: 550 no such user")]


def test_a_server_that_dies_while_it_takes_a_mail(database: str, world: World, mailbox: Mailbox) -> None:
    def die_once(server: SMTP) -> str | None:
        mailbox.refuse_mail = lambda again: None
        assert server.transport is not None
        server.transport.abort()
        return "451 dying"

    mailbox.refuse_mail = die_once
    queue(world, "ACME", "BIG")
    with serving(mailbox):
        assert work(wait=False).waiting == 1
        assert states() == ["queued", "sent"]
        when_the_time_has_come()
    assert states() == ["sent", "sent"]
    assert len(mailbox.mails) == 2


def test_a_message_that_cannot_be_written_fails_alone(
    database: str, world: World, mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(desk, "written", lambda about: ("Invoice\nBcc: all@example.com", "Text"))
        [bad] = queue(world, "ACME")
    [good] = queue(world, "BIG")
    with serving(mailbox):
        jobs.send([bad.pk, good.pk])
    assert states() == ["failed", "sent"]
    assert tries()[0][1].startswith("The mail cannot be written.\n")


def test_an_address_that_no_mail_can_go_to_fails_its_message_alone(
    database: str, world: World, mailbox: Mailbox
) -> None:
    m.Contact.objects.create(account=world.account("ACME"), name="Zoë", email="zoe@" + "ü" * 70 + ".example",
                             roles=["billing"])
    queue(world, "ACME", "BIG")
    with serving(mailbox):
        assert work(wait=False) == Left(ready=0, waiting=0, failed=0)
    assert states() == ["failed", "sent"]


WORKER = """
import django
django.setup()
from duly.config import database
from duly.interfaces.outbox.worker import work

with database.running():
    work(concurrency=1, wait=False)
"""


def worker_process(port: int) -> subprocess.Popen[bytes]:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "DULY_SMTP_HOST": "127.0.0.1",
                   "DULY_SMTP_PORT": str(port)}
    return subprocess.Popen([sys.executable, "-c", WORKER], env=environment)


def test_a_worker_killed_between_the_servers_answer_and_its_commit_sends_again_under_the_same_name(
    database: str, world: World, mailbox: Mailbox
) -> None:
    [first, second] = queue(world, "ACME", "BIG")
    with serving(mailbox) as port:
        doomed = worker_process(port)

        def kill() -> str:
            doomed.send_signal(signal.SIGKILL)
            doomed.wait()
            mailbox.answer = lambda: "250 accepted"
            return "250 accepted"

        mailbox.answer = kill
        assert doomed.wait(timeout=60) == -signal.SIGKILL
        assert (states(), tries()) == (["queued", "queued"], [])
        taken = "select status::text from procrastinate_jobs where task_name = 'outbox.send'"
        assert frames.rows(taken) == [("doing",)]
        assert worker_process(port).wait(timeout=60) == 0
    assert [mail["Message-ID"] for mail in mailbox.mails] == [first.message_id, first.message_id, second.message_id]
    assert (states(), [outcome for outcome, _ in tries()]) == (["sent", "sent"], ["sent", "sent"])


@pytest.mark.parametrize(("error", "words"), [
    (ConnectionRefusedError(111, "Connection refused"), "The mail server mx.example at port 25 did not answer."),
    (TimeoutError("timed out"), "The mail server mx.example at port 25 did not answer."),
    (socket.gaierror(-2, "Name or service not known"), "The mail server mx.example is not known by this name."),
    (ssl.SSLCertVerificationError("self-signed"),
     "There is no secure connection to the mail server mx.example at port 25."),
    (smtplib.SMTPServerDisconnected("gone"), "The mail server mx.example hung up before it took the mail."),
    (smtplib.SMTPAuthenticationError(535, b"5.7.8 no"),
     "The mail server mx.example did not accept the user name and password that Duly has for it."),
    (smtplib.SMTPNotSupportedError("STARTTLS"),
     "The mail server mx.example does not offer the encryption or sign-in that Duly is set up to use."),
    (smtplib.SMTPSenderRefused(550, b"no", "billing@halden.example"),
     "The mail server mx.example takes no mail from billing@halden.example."),
    (smtplib.SMTPDataError(554, b"spam"), "The mail server mx.example refused this mail."),
    (smtplib.SMTPDataError(451, b"later"), "The mail server mx.example does not take mail now."),
])
def test_what_went_wrong_is_said_in_words_first(error: Exception, words: str) -> None:
    first, own = answers.failed(error, "mx.example", 25).split("\n")
    assert first == words
    assert own
    assert "Errno" not in first
