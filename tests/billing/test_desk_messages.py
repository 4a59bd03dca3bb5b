"""Mail to clients: what is queued for whom, in which words, and what becomes of each try."""

import json
import re
from datetime import date
from decimal import Decimal

import pytest

from duly.billing import models as m
from duly.billing.desk.actions import ATTEMPTS, Delivered, Queued, Undelivered, deliver, queue_message, send_again
from duly.billing.desk.letters import About, written
from duly.billing.desk.lists import unsent
from duly.billing.desk.messages import coming, mail
from duly.billing.desk.queries import Letter
from duly.billing.kernel import frames
from duly.billing.kernel.errors import Forbidden, NotFound, Refused
from tests.billing.cash import issued, receive
from tests.world import NOW, TODAY, World


def queue(world: World, *invoices: m.Invoice, receipts: tuple[int, ...] = (), by: str = "ben") -> Queued:
    return queue_message(actor=world.actor(by), at=NOW, on=TODAY, invoices=[invoice.pk for invoice in invoices],
                         receipts=receipts)


def jobs() -> list[list[int]]:
    """The messages of each job that waits, in the order of the jobs."""
    return [json.loads(row[0])["messages"] for row in frames.rows(
        "select args::text from procrastinate_jobs where task_name = 'outbox.send' order by id")]


def try_once(world: World, message: int, answer: str | Undelivered, by: str = "ben") -> Delivered:
    def hand_over(letter: Letter) -> str:
        if isinstance(answer, Undelivered):
            raise answer
        return answer

    return deliver(actor=world.actor(by), at=NOW, on=TODAY, message=message, hand_over=hand_over)


def test_one_message_per_document_to_the_billing_contacts_with_its_job(world: World) -> None:
    first, second = issued(world, "ACME", "1234.50"), issued(world, "BIG", "200")
    m.Contact.objects.create(account=world.account("ACME"), name="Zoë Ünal", email="zoe@acme.example",
                             roles=["billing", "payer"])
    m.Contact.objects.create(account=world.account("ACME"), name="Boss", email="boss@acme.example", roles=["executive"])
    queued = queue(world, first, second)
    messages = m.Message.objects.filter(pk__in=queued.messages).order_by("pk")
    assert [(message.invoice_id, [each["email"] for each in message.recipients]) for message in messages] == [
        (first.pk, ["ap@acme.example", "zoe@acme.example"]), (second.pk, ["ap@big.example"]),
    ]
    assert [message.state for message in messages] == ["queued", "queued"]
    assert jobs() == [queued.messages]
    event = m.Event.objects.get(verb="desk.queue_message", subject_id=queued.messages[0])
    assert event.data["document"] == first.number
    assert "ap@acme.example" not in str(event.data)


LETTERS = {
    "en": ("Invoice R1 from Halden & Söhne",
           "attached invoice R1 of November 2, 2026 over 1,234.50 EUR, due on December 2, 2026.\n"),
    "de": ("Rechnung R1 von Halden & Söhne",
           "die Rechnung R1 vom 2. November 2026 über 1.234,50 EUR, zahlbar bis 2. Dezember 2026.\n"),
    "fr": ("Facture R1 de Halden & Söhne",
           "facture R1 du 2 novembre 2026, d’un montant de 1\u202f234,50 EUR.\nMerci de régler cette somme"),
}


@pytest.mark.parametrize("language", LETTERS)
def test_the_letter_is_in_the_documents_language(language: str) -> None:
    subject, body = written(About("invoice", language, "R1", TODAY, date(2026, 12, 2), Decimal("1234.5"), "EUR", 2,
                                  "Halden & Söhne", "billing@halden.example", ""))
    assert subject == LETTERS[language][0]
    assert LETTERS[language][1] in body
    assert body.endswith("Halden & Söhne\nbilling@halden.example\n")


@pytest.mark.parametrize("language", LETTERS)
@pytest.mark.parametrize("kind", ["invoice", "deposit", "credit_note", "proforma", "receipt"])
def test_every_kind_has_its_letter(language: str, kind: str) -> None:
    subject, body = written(About(kind, language, "Nº {7}", TODAY, TODAY if kind == "invoice" else None, Decimal(700),
                                  "JPY", 0, "Halden\nGmbH", "", "+49 30"))
    assert "\n" not in subject
    assert "Nº {7}" in body
    assert re.search("700 JPY", body)


def test_the_message_id_names_document_and_people_so_that_queueing_twice_sends_once(world: World) -> None:
    invoice = issued(world, "ACME", "10")
    queued = queue(world, invoice)
    message_id = m.Message.objects.get(pk=queued.messages[0]).message_id
    assert re.fullmatch(r"<[0-9a-f]{32}@halden\.example>", message_id)
    assert queue(world, invoice) == Queued([], [str(invoice.number)])
    assert jobs() == [queued.messages]
    frames.execute("update contact set email = 'new@acme.example' where account_id = %s", [invoice.account_id])
    corrected = queue(world, invoice)
    assert m.Message.objects.get(pk=corrected.messages[0]).message_id != message_id


def test_a_receipt_is_sent_like_an_invoice(world: World) -> None:
    received = receive(world, "10", account="ZED")
    [message] = queue(world, receipts=(received.receipt,)).messages
    assert m.Message.objects.get(pk=message).subject == f"Receipt {received.number} from Halden Software GmbH"


def test_without_a_billing_contact_nothing_is_queued_and_the_account_is_named(world: World) -> None:
    invoices = [issued(world, "ACME", "10"), issued(world, "BIG", "10")]
    m.Contact.objects.filter(account=world.account("BIG")).update(roles=["payer"])
    with pytest.raises(Refused) as refused:
        queue(world, *invoices)
    [problem] = refused.value.problems
    assert problem.path == "accounts[BIG].contacts"
    assert problem.text == "Big Company SARL (BIG) has no contact with the role billing."
    assert problem.remedy == "Give one of its contacts this role."
    assert m.Message.objects.count() == 0
    assert jobs() == []


def test_who_may_send(world: World) -> None:
    acme, zed = issued(world, "ACME", "10"), issued(world, "ZED", "10")
    with pytest.raises(Forbidden):
        queue(world, acme, by="rita")
    with pytest.raises(NotFound):
        queue(world, acme, zed, by="otto")
    assert m.Message.objects.count() == 0
    [message] = queue(world, zed, by="otto").messages
    with pytest.raises(NotFound):
        try_once(world, message, "accepted", by="mara")
    assert try_once(world, message, "accepted", by="otto").state == "sent"


def test_a_sent_message_stays_sent_and_is_not_handed_over_again(world: World) -> None:
    [message] = queue(world, issued(world, "ACME", "10")).messages
    assert try_once(world, message, "accepted") == Delivered(message, "sent", "accepted")
    assert try_once(world, message, "accepted twice") == Delivered(message, "sent", None)
    assert [(each.outcome, each.answer) for each in m.DeliveryAttempt.objects.all()] == [("sent", "accepted")]


def test_a_message_fails_after_its_last_try_and_may_be_queued_again(world: World) -> None:
    invoice = issued(world, "ACME", "10")
    [message] = queue(world, invoice).messages
    states = [try_once(world, message, Undelivered("451 busy")).state for _ in range(ATTEMPTS)]
    assert states == ["queued"] * (ATTEMPTS - 1) + ["failed"]
    event = m.Event.objects.filter(verb="desk.deliver").order_by("id").last()
    assert event is not None
    assert (event.data["state"], event.data["tries"]) == ("failed", ATTEMPTS)
    assert queue(world, invoice) == Queued([message], [])
    assert jobs() == [[message], [message]]
    assert try_once(world, message, "accepted").state == "sent"


def test_a_final_refusal_fails_at_once(world: World) -> None:
    [message] = queue(world, issued(world, "ACME", "10")).messages
    refused = Undelivered("550 no such user", final=True)
    assert try_once(world, message, refused) == Delivered(message, "failed", "550 no such user")


def test_what_the_handing_over_wrote_is_undone_when_it_fails(world: World) -> None:
    [message] = queue(world, issued(world, "ACME", "10")).messages

    def hand_over(letter: Letter) -> str:
        try:
            frames.execute("select 1 / 0")
        except Exception as fault:
            raise Undelivered(str(fault)) from fault
        return "accepted"

    done = deliver(actor=world.actor("ben"), at=NOW, on=TODAY, message=message, hand_over=hand_over)
    assert (done.state, done.answer) == ("queued", "division by zero")


def test_what_failed_is_sent_again_to_the_contacts_as_they_are_now(world: World) -> None:
    first, second = queue(world, issued(world, "ACME", "1"), issued(world, "BIG", "1")).messages
    for message in (first, second):
        try_once(world, message, Undelivered("550 no such user", final=True))
    frames.execute("update contact set email = 'new@big.example' where email = 'ap@big.example'")
    [sent] = queue(world, issued(world, "ZED", "1")).messages
    again = send_again(actor=world.actor("ben"), at=NOW, on=TODAY, messages=[first, second, sent])
    assert again.messages[0] == first
    assert dict(m.Message.objects.values_list("pk", "state")) == {
        first: "queued", second: "failed", sent: "queued", again.messages[1]: "queued"}
    assert m.Message.objects.get(pk=again.messages[1]).recipients[0]["email"] == "new@big.example"
    assert jobs()[-1] == again.messages
    assert send_again(actor=world.actor("ben"), at=NOW, on=TODAY, messages=[first]).messages == []
    assert unsent(actor=world.actor("otto"), on=TODAY) == {"queued": 1}
    with pytest.raises(NotFound):
        send_again(actor=world.actor("otto"), at=NOW, on=TODAY, messages=[second])


def test_a_message_is_read_with_every_try(world: World) -> None:
    [message] = queue(world, issued(world, "ACME", "1")).messages
    try_once(world, message, Undelivered("421 later"))
    try_once(world, message, "250 OK")
    found = mail(actor=world.actor("mara"), on=TODAY, message=message)
    assert [(one.outcome, one.answer) for one in found.tries] == [("failed", "421 later"), ("sent", "250 OK")]
    assert (found.table, found.number, found.account, found.queued_by, found.state) == (
        "invoice", "R2026-00001", "ACME", "Ben", "sent")
    with pytest.raises(NotFound):
        mail(actor=world.actor("otto"), on=TODAY, message=message)


def test_what_would_be_sent_is_what_is_sent(world: World) -> None:
    invoice = issued(world, "ACME", "1234.50")
    [said] = coming(actor=world.actor("ben"), on=TODAY, invoices=[invoice.pk])
    assert m.Message.objects.count() == 0
    [message] = queue(world, invoice).messages
    sent = mail(actor=world.actor("ben"), on=TODAY, message=message)
    assert (said.subject, said.body, said.recipients, said.sender, said.account) == (
        sent.subject, sent.body, sent.recipients, sent.sender, sent.account)
    m.Contact.objects.filter(account__number="ACME").update(roles=[])
    assert coming(actor=world.actor("ben"), on=TODAY, invoices=[invoice.pk])[0].recipients == ()
    with pytest.raises(NotFound):
        coming(actor=world.actor("otto"), on=TODAY, invoices=[invoice.pk])
