"""The same form open twice: who sends it second is told what changed meanwhile, and loses nothing of what was typed."""

from collections.abc import Callable
from html import unescape

import pytest
from django.conf import settings
from django.db import IntegrityError, transaction
from django.test import Client

from duly.billing import models as m
from duly.billing.kernel.errors import explained
from tests.interfaces.web.test_attacks import Forms
from tests.world import TODAY, World

ClientOf = Callable[..., Client]
STANDING = {
    "/accounts/ACME/edit/": ("street", "Elbchaussee 1", "city", "Kiel"),
    "/accounts/ACME/manager/": ("manager", "otto", "cover_from", "2026-11-05"),
    "/accounts/ACME/contact/?email=ap@acme.example": ("phone", "110", "name", "Payables"),
    "/accounts/ACME/purchase-order/?order=PO-7": ("amount", "950", "expires_on", "2026-12-31"),
    "/agreements/BIG-MS/term/": ("months", "24", "notice_months", "3"),
    "/settings/metrics/calls/": ("name", "Calls made", "unit", "call"),
    "/work/entries/{entry}/": ("description", "Another", "task", "Design"),
    "/settings/entities/{entity}/edit/": ("phone", "110", "website", "halden.example"),
    "/settings/entities/{entity}/bank-account/?id={bank}": ("holder", "Halden", "bank", "Other Bank"),
    "/settings/entities/{entity}/series/receipt/": ("pattern", "X{year}-{number:05}", "pattern", "Y{year}-{number:05}"),
    "/settings/entities/{entity}/chart/revenue/": ("code", "4401", "name", "Sales"),
    "/settings/entities/{entity}/close/": ("lock_date", "2026-08-31", "lock_date", "2026-07-31"),
    "/settings/entities/{entity}/payable-step/?currency=EUR": ("step", "0.10", "step", "1"),
    "/settings/users/{user}/": ("role_biller", "all", "name", "Mara M."),
    "/settings/people/{person}/": ("role", "Architect", "name", "Ada L."),
    "/settings/policies/{entity}/new-agreements/": ("review", "none", "payment_days", "10"),
    "/settings/policies/{entity}/checks/": ("total_zero", "blocks", "total_zero", "off"),
    "/settings/policies/second-factor/": ("of", "auditor", "of", "client"),
}
"""Of each form of something that stands: what the first one changes in it, and what the second one does."""


@pytest.fixture
def client(world: World, client_of: ClientOf, monkeypatch: pytest.MonkeyPatch) -> Client:
    """Fin with every role, who has the same form open twice."""
    monkeypatch.setattr(settings, "TODAY", TODAY)
    for role in ("administrator", "biller"):
        m.RoleGrant.objects.create(user=m.User.objects.get(login="fin"), role=role, scope="all")
    m.RightGrant.objects.create(user=m.User.objects.get(login="fin"), right="bank_details")
    return client_of("fin")


def form_of(text: str) -> dict[str, str]:
    """The form of a page that knows what it was begun with, as a browser sends it."""
    [fields] = [fields for _, _, fields in Forms(text).found if {"seen", "since"} & fields.keys()]
    return {name: value for name, value in fields.items() if value is not None}


@pytest.mark.parametrize("page", STANDING)
def test_what_somebody_else_changed_is_not_written_over(world: World, client: Client, page: str) -> None:
    m.PurchaseOrder.objects.create(account=world.account("ACME"), number="PO-7", currency="EUR", amount=900)
    m.Metric.objects.create(code="calls", name="Calls", aggregation="count")
    m.PayableStep.objects.create(entity=world.entity(), currency="EUR", step="0.05")
    entity = world.entity().pk
    address = page.format(entry=world.time(3600, approved=False).pk, entity=entity, person=m.Person.objects.get(
        code="ada").pk, user=world.actor("mara").user_id, bank=m.BankAccount.objects.get(entity=entity).pk)
    theirs, their_value, mine, my_value = STANDING[page]
    form = form_of(client.get(address).content.decode())
    assert client.post(address, {**form, theirs: their_value}).status_code == 302
    events = m.Event.objects.count()
    answer = client.post(address, {**form, mine: my_value})
    told = unescape(answer.content.decode())
    assert answer.status_code == 422
    assert (told.count("Somebody changed this"), told.count("Changed meanwhile to: ")) == (1, 1)
    assert m.Event.objects.count() == events
    again = form_of(told)
    assert again[mine] == my_value
    assert again["seen"] != form["seen"]


def test_sent_once_more_it_is_meant(world: World, client: Client) -> None:
    form = form_of(client.get("/accounts/ACME/edit/").content.decode())
    client.post("/accounts/ACME/edit/", {**form, "street": "Elbchaussee 1"})
    told = client.post("/accounts/ACME/edit/", {**form, "city": "Kiel"}).content.decode()
    assert "Changed meanwhile to: Elbchaussee 1." in told
    assert client.post("/accounts/ACME/edit/", form_of(told)).status_code == 302
    account = world.account("ACME")
    assert (account.street, account.city) == ("Hauptstraße 1", "Kiel")


def test_terms_that_were_agreed_meanwhile_are_not_gone_by(world: World, client: Client) -> None:
    form = form_of(client.get("/agreements/ZED-SUB/amend/").content.decode())
    [price] = [name for name in form if name.endswith("-recurring-price")]
    first = {**form, "valid_from": "2026-12-01", price: "300"}
    second = {**form, "valid_from": "2027-01-01", "payment_days": "10"}
    assert client.post("/agreements/ZED-SUB/amend/", first).status_code == 302
    answer = client.post("/agreements/ZED-SUB/amend/", second)
    told = answer.content.decode()
    assert (answer.status_code, "Somebody agreed other terms" in told, "1 Dec 2026" in told) == (422, True, True)
    assert m.AgreementVersion.objects.filter(agreement__number="ZED-SUB").count() == 2
    assert form_of(told)["payment_days"] == "10"
    card = form_of(client.post("/agreements/ZED-SUB/amend/", {**second, "add_card": "one_off"}).content.decode())
    assert card["since"] == form["since"]
    assert client.post("/agreements/ZED-SUB/amend/", form_of(told)).status_code == 302


def test_who_is_slower_by_a_moment_is_told_in_plain_words(world: World) -> None:
    rate = {name: getattr(m.TaxRate.objects.filter(country="DE")[0], name)
            for name in ("country", "tax_class", "rate", "valid_from", "source")}
    with pytest.raises(IntegrityError) as met, transaction.atomic():
        m.TaxRate.objects.create(**rate)
    assert "somebody was faster" in str(explained(met.value))
