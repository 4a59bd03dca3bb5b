"""Putting entities, customers, users and people: added, changed, left alone, or refused with the reason."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from duly.billing import models as m
from duly.billing.accounts import queries
from duly.billing.accounts.actions import customers, entities, payable_steps, people
from duly.billing.accounts.numbers import next_number
from duly.billing.kernel.authority import Actor
from duly.billing.kernel.errors import Forbidden, NotFound, Refused
from duly.billing.ledger.chart import map_role
from duly.billing.reference.put import Put
from tests.world import NOW, TODAY, World

NORD: dict[str, Any] = {"number": "NORD", "name": "Nordlicht GmbH", "street": "Elbchaussee 1", "postcode": "22765",
                        "city": "Hamburg", "country": "DE", "currency": "EUR"}
BRANCH: dict[str, Any] = {"code": "PARIS", "name": "Halden France SARL", "street": "Rue de Rivoli 1", "city": "Paris",
                          "country": "FR", "base_currency": "EUR", "time_zone": "Europe/Paris",
                          "email": "facturation@halden.example"}

PUTS: list[tuple[str, str, Callable[..., Put], dict[str, Any], dict[str, Any]]] = [
    # who, the verb's right outside of all roles, the verb, a thing as described, what is then changed
    ("anna", "settings", entities.put_entity, BRANCH, {"city": "Lyon"}),
    ("anna", "settings", entities.put_entity_tax_registration,
     {"entity": "HALDEN", "country": "FR", "number": "FR40303265045"}, {"number": "FR83404833048"}),
    ("anna", "bank_details", entities.put_bank_account,
     {"entity": "HALDEN", "iban": "DE02120300000000202051", "holder": "Halden Software GmbH", "currency": "EUR"},
     {"bank": "DKB"}),
    ("anna", "settings", entities.put_number_series,
     {"entity": "HALDEN", "kind": "proforma", "pattern": "P{year}-{number:05}"}, {"pattern": "PF{year}-{number:05}"}),
    ("anna", "settings", map_role,
     {"entity": "HALDEN", "role": "bank", "code": "1810", "name": "Bank"}, {"code": "1820"}),
    ("anna", "settings", payable_steps.put_payable_step,
     {"entity": "HALDEN", "currency": "CHF", "step": Decimal("0.05")}, {"step": Decimal("0.10")}),
    ("fin", "close", entities.set_lock_date,
     {"entity": "HALDEN", "lock_date": date(2026, 9, 30)}, {"lock_date": date(2026, 10, 31)}),
    ("mara", "accounts", customers.put_account, {**NORD, "on": TODAY}, {"payment_days": 14}),
    ("mara", "accounts", customers.assign_manager, {"account": "ACME", "manager": "mara", "on": TODAY, "cover": "otto",
     "cover_from": date(2026, 12, 1), "cover_until": date(2026, 12, 31)}, {"cover_until": date(2027, 1, 6)}),
    ("mara", "accounts", customers.put_account_tax_registration,
     {"account": "ACME", "country": "DE", "number": "DE136695976", "on": TODAY}, {"number": "DE811569869"}),
    ("mara", "accounts", customers.put_contact,
     {"account": "ACME", "name": "Ina Roth", "email": "ina@acme.example", "roles": ["payer", "billing"], "on": TODAY},
     {"roles": ["billing"]}),
    ("mara", "accounts", customers.put_purchase_order,
     {"account": "ACME", "number": "4500012", "currency": "EUR", "amount": Decimal("5000"), "on": TODAY},
     {"amount": Decimal("7500.50")}),
    ("anna", "people", people.put_user,
     {"login": "nils", "name": "Nils", "email": "nils@halden.example", "roles": {"biller": "all"}, "rights": ["issue"]},
     {"roles": {"biller": "all", "reviewer": "book"}}),
    ("anna", "people", people.put_person,
     {"code": "nils", "name": "Nils Berg", "email": "nils@halden.example", "role": "Tester"}, {"role": "Developer"}),
]


@pytest.mark.parametrize(("login", "right", "verb", "described", "change"), PUTS, ids=[row[2].__name__ for row in PUTS])
def test_a_thing_is_added_left_alone_and_changed(
    world: World, login: str, right: str, verb: Callable[..., Put], described: dict[str, Any], change: dict[str, Any]
) -> None:
    who: dict[str, Any] = {"actor": world.actor(login), "at": NOW}
    first = verb(**who, **described)
    events = m.Event.objects.count()
    again = verb(**who, **described)
    assert (again.outcome, again.changes, m.Event.objects.count()) == ("unchanged", [], events)
    changed = verb(**who, **{**described, **change})
    assert (changed.id, changed.outcome) == (first.id, "changed")
    assert len(changed.changes) == 1
    assert m.Event.objects.count() > events
    nobody = Actor("nobody", 0, frozenset({"read"}))
    with pytest.raises(Forbidden, match=right):
        verb(actor=nobody, at=NOW, **described)


@pytest.mark.parametrize("verb_and_arguments", [
    (customers.put_account, {**NORD, "number": "ZED"}),
    (customers.put_account, {**NORD, "bill_to": "ZED"}),
    (customers.put_account, {**NORD, "parent": "ZED"}),
    (customers.assign_manager, {"account": "ZED", "manager": "mara"}),
    (customers.put_contact, {"account": "ZED", "name": "X", "email": "x@zed.example"}),
    (customers.put_purchase_order, {"account": "ZED", "number": "1", "currency": "EUR"}),
    (customers.put_account_tax_registration, {"account": "ZED", "country": "CH", "number": "CHE-1"}),
], ids=lambda pair: pair[0].__name__)
def test_what_touches_an_account_stays_in_the_book(
    world: World, verb_and_arguments: tuple[Callable[..., Put], dict[str, Any]]
) -> None:
    verb, arguments = verb_and_arguments
    events = m.Event.objects.count()
    with pytest.raises(NotFound, match="not in your book"):
        verb(actor=world.actor("mara"), at=NOW, on=TODAY, **arguments)
    assert m.Event.objects.count() == events


def test_who_acts_in_their_own_book_manages_what_they_add(world: World) -> None:
    customers.put_account(actor=world.actor("mara"), at=NOW, on=TODAY, **NORD)
    customers.put_account(actor=world.actor("ben"), at=NOW, on=TODAY, **{**NORD, "number": "SUED"})
    managers = {number: world.account(number).manager for number in ("NORD", "SUED")}
    assert {number: manager and manager.login for number, manager in managers.items()} == {"NORD": "mara", "SUED": None}


def test_a_new_account_never_changes_one_that_is_there(world: World) -> None:
    def put(actor: str, **more: Any) -> Put:
        return customers.put_account(actor=world.actor(actor), at=NOW, on=TODAY, new=True, **{**NORD, **more})

    assert (put("anna", key="once"), put("anna", key="once").outcome) == (put("anna", key="once"), "added")
    with pytest.raises(Refused, match="taken") as refusal:
        put("anna", name="Another")
    assert [problem.path for problem in refusal.value.problems] == ["number"]
    with pytest.raises(Refused, match="taken"):  # also where it stands outside the book, and no more is said of it
        put("mara", number="ZED")


def test_accounts_never_stand_in_a_circle(world: World) -> None:
    def put(number: str, **changes: Any) -> Put:
        described = {**NORD, "number": number, **changes}
        return customers.put_account(actor=world.actor("fin"), at=NOW, on=TODAY, **described)

    put("A")
    put("B", parent="A", bill_to="A")
    put("C", parent="B")
    for number, changes, path in (("A", {"parent": "C"}, "parent"), ("A", {"parent": "A"}, "parent"),
                                  ("C", {"bill_to": "B"}, "bill_to"), ("A", {"bill_to": "C"}, "bill_to")):
        with pytest.raises(Refused, match="circle") as refusal:
            put(number, **changes)
        assert path in {problem.path for problem in refusal.value.problems}


@pytest.mark.parametrize("pattern", ["R{number}", "R{year}", "R{year}-{number", "{}", "{year}{number}{x}", "{year.x}"])
def test_a_pattern_numbers_every_document_apart(world: World, pattern: str) -> None:
    with pytest.raises(Refused, match="a number of its own"):
        entities.put_number_series(actor=world.actor("anna"), at=NOW, entity="HALDEN", kind="deposit", pattern=pattern)


def test_what_numbers_were_given_by_stays(database: str, world: World) -> None:
    m.NumberCounter.objects.create(series=m.NumberSeries.objects.get(kind="invoice"), fiscal_year=2026)
    halden = {**BRANCH, "code": "HALDEN", "base_currency": "CHF", "fiscal_year_start": 4}
    with pytest.raises(Refused) as refusal:
        entities.put_entity(actor=world.actor("anna"), at=NOW, **halden)
    assert [problem.path for problem in refusal.value.problems] == ["base_currency", "fiscal_year_start"]
    with pytest.raises(Refused, match="pattern stays"):
        entities.put_number_series(actor=world.actor("anna"), at=NOW, entity="HALDEN", kind="invoice",
                                   pattern="X{year}-{number}")


@pytest.mark.parametrize(("currency", "step", "path", "said"), [
    ("CHF", "0", "step", "0 is no step. Give an amount above zero"), ("CHF", "-1", "step", "-1 is no step."),
    ("CHF", "NaN", "step", "NaN is no step."), ("CHF", "1000000", "step", "below 1,000,000, such as 0.05."),
    ("CHF", "0.005", "step", "0.005 is finer than CHF is paid. Give a multiple of 0.01 CHF."),
    ("JPY", "0.5", "step", "0.5 is finer than JPY is paid. Give a multiple of 1 JPY."),
    ("XQX", "1", "currency", "“XQX” is not a currency. Use a code of ISO 4217, such as CHF."),
])
def test_a_step_is_a_whole_amount_of_a_currency(world: World, currency: str, step: str, path: str, said: str) -> None:
    with pytest.raises(Refused) as refusal:
        payable_steps.put_payable_step(actor=world.actor("anna"), at=NOW, entity="HALDEN", currency=currency,
                                       step=Decimal(step))
    [problem] = refusal.value.problems
    assert problem.path == path
    assert said in f"{problem.text} {problem.remedy}"


def test_a_step_is_taken_back_once(world: World) -> None:
    who: dict[str, Any] = {"actor": world.actor("anna"), "at": NOW, "entity": "HALDEN", "currency": "CHF"}
    assert payable_steps.remove_payable_step(**who).outcome == "unchanged"
    payable_steps.put_payable_step(**who, step=Decimal("0.05"))
    assert payable_steps.remove_payable_step(**who).outcome == "changed"
    assert not m.PayableStep.objects.exists()
    assert m.Event.objects.filter(verb="accounts.remove_payable_step").count() == 1
    assert payable_steps.remove_payable_step(**who).outcome == "unchanged"


def test_a_lock_date_never_moves_back(world: World) -> None:
    entities.set_lock_date(actor=world.actor("fin"), at=NOW, entity="HALDEN", lock_date=date(2026, 9, 30))
    with pytest.raises(Refused, match="only moves forward") as refusal:
        entities.set_lock_date(actor=world.actor("fin"), at=NOW, entity="HALDEN", lock_date=date(2026, 8, 31))
    assert refusal.value.law == 14


def test_a_logo_is_kept_once(world: World) -> None:
    logo = {"entity": "HALDEN", "name": "logo.svg", "media_type": "image/svg+xml", "content": b"<svg/>"}
    assert entities.put_logo(actor=world.actor("anna"), at=NOW, **logo).outcome == "changed"
    assert entities.put_logo(actor=world.actor("anna"), at=NOW, **logo).outcome == "unchanged"
    assert m.StoredFile.objects.filter(media_type="image/svg+xml").count() == 1


@pytest.mark.parametrize(("amount", "currency"), [("0.001", "EUR"), ("10.50", "JPY"), ("-1", "EUR"), ("1", "XXX")])
def test_a_purchase_order_allows_an_amount_of_its_currency(world: World, amount: str, currency: str) -> None:
    with pytest.raises(Refused, match="not an amount"):
        customers.put_purchase_order(actor=world.actor("mara"), at=NOW, on=TODAY, account="ACME", number="1",
                                     currency=currency, amount=Decimal(amount))


def test_roles_and_rights_are_the_whole_list(world: World) -> None:
    person = {"login": "ben", "name": "Ben", "email": "ben@halden.example"}
    people.put_user(actor=world.actor("anna"), at=NOW, **person, roles={"reviewer": "book"}, rights=["credit"])
    ben = queries.actor("ben")
    assert (ben.everywhere, ben.in_book) == (set(), {"read", "review", "credit"})
    event = m.Event.objects.filter(subject_type="app_user").latest("id")
    assert event.data["before"] == {"roles": {"biller": "all"}, "rights": ["issue", "waive"]}
    assert event.data["after"] == {"roles": {"reviewer": "book"}, "rights": ["credit"]}


@pytest.mark.parametrize(("grants", "word"), [
    ({"roles": {"boss": "all"}}, "boss"),
    ({"roles": {"biller": "half"}}, "half"),
    ({"roles": {"client": "all"}}, "own account"),
    ({"rights": ["steal"]}, "steal"),
])
def test_roles_and_rights_that_do_not_exist(world: World, grants: dict[str, Any], word: str) -> None:
    with pytest.raises(Refused) as refusal:
        people.put_user(actor=world.actor("anna"), at=NOW, login="x", name="X", email="x@halden.example", **grants)
    assert word in refusal.value.problems[0].text


def test_one_administrator_remains(world: World) -> None:
    with pytest.raises(Refused, match="Nobody would be left"):
        people.put_user(actor=world.actor("anna"), at=NOW, login="anna", name="Anna", email="anna@halden.example",
                        roles={"biller": "all"})


def test_the_first_administrator_is_founded_once(world: World) -> None:
    with pytest.raises(Refused, match="has users already"):
        people.found(at=NOW, login="eve", name="Eve", email="eve@halden.example")


def test_personal_values_are_not_in_the_log(world: World) -> None:
    secrets = ["Ina Roth", "ina@acme.example", "+49 40 123456", "Eva Klein", "Am Deich 9", "DE02120300000000202051"]
    customers.put_contact(actor=world.actor("mara"), at=NOW, on=TODAY, account="ACME", name=secrets[0],
                          email=secrets[1], phone=secrets[2])
    customers.put_account(actor=world.actor("mara"), at=NOW, on=TODAY,
                          **{**NORD, "kind": "person", "name": secrets[3], "street": secrets[4]})
    entities.put_bank_account(actor=world.actor("anna"), at=NOW, entity="HALDEN", iban=secrets[5], holder="Eva Klein",
                              currency="EUR")
    log = str(list(m.Event.objects.values_list("data", flat=True)))
    assert [secret for secret in secrets if secret in log] == []
    kept = set(m.PersonalValue.objects.values_list("value", flat=True))
    assert set(secrets) <= kept


@pytest.mark.parametrize(("numbers", "following"), [
    (["K-0041"], "K-0042"), (["K-0041", "K-0100", "K-0007"], "K-0101"), (["9"], "10"), (["X9", "A-1", "X10"], "X11"),
    (["2026/099"], "2026/100"), (["A-1", "BIG-CO"], "A-2"), (["A-1", "A-2b", "A-B-7"], "A-B-8"), ([], ""),
    (["9" * 30], ""), (["100%-1", "100x-8"], "100x-9"),
])
def test_the_next_account_number_goes_on_as_the_last_one(world: World, numbers: list[str], following: str) -> None:
    for number in numbers:
        customers.put_account(actor=world.actor("fin"), at=NOW, on=TODAY, **{**NORD, "number": number})
    assert next_number() == following


def test_a_number_that_is_taken_names_the_next_one_and_no_account(world: World) -> None:
    customers.put_account(actor=world.actor("otto"), at=NOW, on=TODAY, **{**NORD, "number": "K-1"})
    with pytest.raises(Refused) as refused:
        customers.put_account(actor=world.actor("mara"), at=NOW, on=TODAY, new=True, **{**NORD, "number": "K-1"})
    [problem] = refused.value.problems
    assert (problem.path, problem.text, problem.remedy) == (
        "number", "K-1 is another account’s by now.", "K-2 is free.")
