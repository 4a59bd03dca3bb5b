"""Law 11 as one matrix: every verb × every role × inside or outside the book.

The table says for each verb how it is called on a side: an account in Mara's book, one outside of it, or nothing at
all. What must come of it follows from the right that the verb demands and where the actor has it. Law 7 is looked at
on the way: what is allowed leaves events of one command, what is refused has not written a row.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

import pytest
from django.db import transaction

from duly.billing import models as m
from duly.billing.agreements.actions.rates import RateInput
from duly.billing.agreements.terms import ChargeInput, VersionInput
from duly.billing.kernel import frames
from duly.billing.kernel.authority import RIGHTS, ROLE_RIGHTS, Actor
from duly.billing.kernel.errors import Forbidden, NotFound, Refused
from duly.billing.reference.actions import ExchangeRateInput, TaxRateInput
from tests.billing.sides import NOWHERE, Side, every_verb, side
from tests.billing.test_work_imports import entry, expense
from tests.conftest import _clone
from tests.world import NOW, OCTOBER, TODAY, World

Arguments = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Case:
    """How a verb is called. `everywhere`: it touches the whole firm, so the right must hold for all accounts; `alone`:
    it touches nobody but the actor."""

    right: str
    arguments: Callable[[Side], Arguments]
    everywhere: bool = False
    events: bool = True
    alone: bool = False


def settings(right: str, *, events: bool = True, **arguments: Any) -> Case:
    return Case(right, lambda _: arguments, everywhere=True, events=events)


def edit(**change: Any) -> Case:
    """A change of a draft as its editor sees it: of the version that stands."""
    return Case("bill", lambda s: {
        "on": TODAY, "draft": s.free, "version": frames.rows("select draft_digest(%s)", [s.free])[0][0], **change})


def of_drafts(right: str, of: Callable[[Side], int], **more: Any) -> Case:
    return Case(right, lambda s: {"on": TODAY, "drafts": [of(s)], **more})


ADDRESS = {"street": "Ring 1", "city": "Berlin", "country": "DE"}
TERMS = VersionInput(date(2026, 12, 1), cap=Decimal(900), charges=(
    ChargeInput("hours", "time", "Consulting", rate_card="STD"),
    ChargeInput("fee", "one_off", "Fee", price=Decimal(5), due_on=date(2026, 12, 1))))
FILE = {"file_name": "october.csv", "content": b"october", "period": OCTOBER}

CASES: dict[str, Case] = {
    "accounts.put_entity": settings("settings", code="HALDEN", name="Halden SE", base_currency="EUR", **ADDRESS,
                                    time_zone="Europe/Berlin", email="billing@halden.example"),
    "accounts.put_logo": settings("settings", entity="HALDEN", name="l.png", media_type="image/png", content=b"l"),
    "accounts.put_entity_tax_registration": settings("settings", entity="HALDEN", country="FR",
                                                     number="FR40303265045"),
    "accounts.put_bank_account": settings("bank_details", entity="HALDEN", iban="DE02120300000000202051",
                                          holder="Halden", currency="EUR"),
    "accounts.put_number_series": settings("settings", entity="HALDEN", kind="proforma",
                                           pattern="P{year}-{number:05}"),
    "accounts.set_lock_date": settings("close", entity="HALDEN", lock_date=date(2026, 9, 30)),
    "accounts.put_user": settings("people", login="eve", name="Eve", email="eve@halden.example"),
    "accounts.set_password": settings("people", login="otto", password="seven green bicycles"),
    "accounts.change_own_password": Case("read", lambda _: {"password": "seven green bicycles"}, alone=True),
    "accounts.put_person": settings("people", code="eve", name="Eve"),
    "ledger.map_role": settings("settings", entity="HALDEN", role="bank", code="1810", name="Bank"),
    "reference.add_tax_rates": settings("reference", rates=[
        TaxRateInput("AT", "standard", Decimal("0.2"), date(2026, 1, 1), "test")]),
    "reference.add_exchange_rates": settings("reference", rates=[
        ExchangeRateInput("USD", "EUR", Decimal("0.9"), date(2026, 1, 1), "test")]),
    "agreements.put_rate_card": settings("agree", code="NEW", name="New rates", currency="EUR"),
    "agreements.add_rates": settings("agree", card="STD", rates=[
        RateInput(Decimal(120), date(2027, 1, 1), person="ada")]),
    "audit.seal": settings("audit", events=False),  # the seal is its own record
    "audit.export": settings("audit", on=TODAY, place="here", write=lambda name, chunks: list(chunks)),
    "audit.erase_personal": Case("people", lambda s: {"subject_type": "contact", "subject_id": s.contact,
                                                      "reason": "asked"}, everywhere=True),

    "accounts.put_account": Case("accounts", lambda s: {"on": TODAY, "number": s.account, "name": "Renamed",
                                                        "currency": "EUR", **ADDRESS}),
    "accounts.assign_manager": Case("accounts", lambda s: {"on": TODAY, "account": s.account, "manager": "ben"}),
    "accounts.put_account_tax_registration": Case("accounts", lambda s: {
        "on": TODAY, "account": s.account, "country": "IT", "number": "IT00743110157"}),
    "accounts.put_contact": Case("accounts", lambda s: {"on": TODAY, "account": s.account, "name": "New",
                                                        "email": "new@example.com"}),
    "accounts.put_purchase_order": Case("accounts", lambda s: {"on": TODAY, "account": s.account, "number": "PO-1",
                                                               "currency": "EUR", "amount": Decimal(9)}),
    "agreements.agree": Case("agree", lambda s: {
        "on": TODAY, "number": "NEW", "name": "New", "entity": "HALDEN", "account": s.account, "currency": "EUR",
        "terms": TERMS}),
    "agreements.amend": Case("agree", lambda s: {"on": TODAY, "agreement": s.agreement, "terms": TERMS}),
    "agreements.end_agreement": Case("agree", lambda s: {"on": TODAY, "agreement": s.agreement,
                                                         "ends_on": date(2026, 12, 31)}),
    "agreements.put_project": Case("agree", lambda s: {"on": TODAY, "agreement": s.agreement, "code": "N",
                                                       "name": "New"}),

    "work.import_timesheet": Case("work", lambda s: {**FILE, "layout": "toggl", "rows": [
        entry(2, client=s.client, project="Work", source_key=f"new {s.account}")]}),
    "work.import_expenses": Case("work", lambda s: {**FILE, "layout": "expenses", "rows": [
        expense(2, client=s.client, project="Work", source_key=f"new {s.account}")]}),
    "work.map_names": Case("accounts", lambda s: {"people": {}, "clients": {"Old name": s.account}, "projects": {}}),
    "work.add_time": Case("work", lambda s: {"on": TODAY, "person": "ada", "project": s.project, "seconds": 60}),
    "work.add_expense": Case("work", lambda s: {"on": TODAY, "person": "ada", "project": s.project,
                                                "category": "Taxi", "cost": Decimal(9), "currency": "EUR"}),
    "work.accept_milestone": Case("approve_work", lambda s: {"on": TODAY, "agreement": s.agreement,
                                                             "charge": "go-live", "share": Decimal("0.5"),
                                                             "evidence": "Mail"}),
    "work.edit_entry": Case("work", lambda s: {"on": TODAY, "item": s.unapproved, "seconds": 60}),
    "work.withdraw": Case("work", lambda s: {"on": TODAY, "items": [s.unapproved], "reason": "Twice"}),
    "work.set_billable": Case("approve_work", lambda s: {"on": TODAY, "items": [s.unapproved], "billable": False,
                                                         "reason": "Goodwill"}),
    "work.unapprove": Case("approve_work", lambda s: {"on": TODAY, "items": [s.approved], "reason": "Wrong"}),
    "work.attach_receipt": Case("work", lambda s: {"on": TODAY, "item": s.expense, "name": "taxi.pdf",
                                                   "content": b"%PDF-1.7"}),
    "work.approve": Case("approve_work", lambda s: {"on": TODAY, "items": [s.unapproved]}),

    "invoicing.launch": Case("bill", lambda s: {
        "on": TODAY, "entity": "HALDEN", "period_from": OCTOBER[0],
        "period_to": OCTOBER[1], "accounts": [s.account_id]}),
    "invoicing.draft_partition": Case("bill", lambda s: {"partition": s.partition}),
    "invoicing.fail_partition": Case("bill", lambda s: {"partition": s.partition, "error": "No rate"}),
    "invoicing.stop": Case("bill", lambda s: {"on": TODAY, "run": s.run}),
    "invoicing.resume": Case("bill", lambda s: {"on": TODAY, "run": s.stopped}),
    "invoicing.check": of_drafts("bill", lambda s: s.free),
    "invoicing.waive": Case("waive", lambda s: {"on": TODAY, "draft": s.odd, "check_name": "total_zero",
                                                "reason": "Asked for"}),
    "invoicing.submit": of_drafts("bill", lambda s: s.free),
    "invoicing.approve": of_drafts("review", lambda s: s.submitted),
    "invoicing.return": of_drafts("review", lambda s: s.submitted, reason="Wrong fee"),
    "invoicing.confirm": of_drafts("client_check", lambda s: s.at_client),
    "invoicing.question": of_drafts("client_check", lambda s: s.at_client, reason="Wrong fee"),
    "invoicing.reopen": of_drafts("bill", lambda s: s.submitted, reason="Wrong fee"),
    "invoicing.discard": of_drafts("bill", lambda s: s.free),
    "invoicing.write_down": edit(line=1, to=Decimal(9), reason="Goodwill"),
    "invoicing.reword": edit(line=1, description="Start"),
    "invoicing.restore": edit(line=2),
    "invoicing.reorder": edit(positions=(2, 1)),
    "invoicing.defer": edit(line=1, reason="Later"),
    "invoicing.set_terms": edit(payment_days=9),
    "invoicing.issue": of_drafts("issue", lambda s: s.free),

    "payments.receive": Case("cash", lambda s: {
        "on": TODAY, "entity": "HALDEN", "account": s.account, "amount": Decimal(5), "currency": "EUR",
        "received_on": TODAY, "method": "cash", "allocate": [(s.unpaid_number, Decimal(5))]}),
    "payments.allocate": Case("cash", lambda s: {"on": TODAY, "entity": "HALDEN", "receipt": s.receipt,
                                                 "to": [(s.unpaid_number, Decimal(5))]}),
    "payments.unallocate": Case("cash", lambda s: {"on": TODAY, "allocation": s.allocation, "reason": "Wrong"}),

    "desk.queue_message": Case("send", lambda s: {"on": TODAY, "invoices": [s.unpaid]}),
    "desk.deliver": Case("send", lambda s: {"on": TODAY, "message": s.message, "hand_over": lambda letter: "250 OK"}),
}

EVERY = every_verb()
OWN = {name: case for name, case in CASES.items() if not (case.everywhere or case.alone)}
FREE_NAMES = {"work.import_timesheet", "work.import_expenses", "accounts.put_account"}
"""A client, or the number of an account, that is not there is no error of these: they ask for it, or add it."""


class Sides(NamedTuple):
    inside: Side
    outside: Side


@pytest.fixture(scope="module")
def sides(template: str) -> Iterator[Sides]:
    """Acme in Mara's book and Zed outside of it, committed in a database of this file's own."""
    with _clone(template, f"{template}_matrix"):
        world = World()
        yield Sides(side(world, "ACME"), side(world, "ZED"))


@pytest.fixture(autouse=True)
def _rolled_back(sides: Sides) -> Iterator[None]:
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def holders() -> Iterator[tuple[str, frozenset[str]]]:
    """Every role, and for each sensitive right somebody who may only read besides."""
    yield from ROLE_RIGHTS.items()
    for right in sorted(RIGHTS - frozenset().union(*ROLE_RIGHTS.values())):
        yield f"holder of {right}", frozenset({"read", right})


def actors() -> Iterator[tuple[str, Actor]]:
    """Mara with the rights of each role, once for all accounts and once for her book."""
    mara = m.User.objects.get(login="mara").pk
    for name, rights in holders():
        yield f"{name}, all", Actor("mara", mara, everywhere=rights)
        yield f"{name}, book", Actor("mara", mara, in_book=rights)


def expected(case: Case, actor: Actor, in_book: bool) -> type[Refused] | None:
    if actor.may_everywhere(case.right) or (case.alone and actor.may(case.right)):
        return None
    if case.everywhere or not actor.may(case.right):
        return Forbidden
    return None if in_book else NotFound


def attempt(name: str, actor: Actor, arguments: Arguments) -> tuple[Refused | None, int, list[Any]]:
    """How the verb refused, the rows it wrote, and the commands of its events; what it did is undone."""
    [(last,)] = frames.rows("select coalesce(max(id), 0) from event")
    before, refusal = written(), None
    undo = transaction.savepoint()
    try:
        EVERY[name].function(actor=actor, at=NOW, **arguments)
        frames.execute("set constraints all immediate")
    except Refused as refused:
        refusal = refused
    rows = written() - before
    commands = frames.rows("select distinct command_id from event where id > %s", [last])
    transaction.savepoint_rollback(undo)
    return refusal, rows, commands


def written() -> int:
    """Rows inserted, changed and deleted in this transaction so far, those that were rolled back too."""
    return int(frames.rows("select sum(n_tup_ins + n_tup_upd + n_tup_del) from pg_stat_xact_user_tables")[0][0])


def faults(name: str, actor: Actor, arguments: Arguments, wanted: type[Refused] | None) -> Iterator[str]:
    """What went otherwise than it should have."""
    refusal, rows, commands = attempt(name, actor, arguments)
    if (type(refusal) if refusal else None) is not wanted:
        yield f"expected {wanted and wanted.__name__}, got {refusal!r}"
    elif wanted is None and CASES[name].events and len(commands) != 1:
        yield f"left events of {len(commands)} commands, not of one"
    elif wanted is not None and rows:
        yield f"was refused, but had written {rows} rows"


def test_the_table_has_every_verb_with_its_right() -> None:
    assert {name: verb.right for name, verb in EVERY.items()} == {name: case.right for name, case in CASES.items()}


@pytest.mark.parametrize("where", ["inside", "outside"])
@pytest.mark.parametrize("name", CASES)
def test_a_verb_is_allowed_by_right_and_book(sides: Sides, name: str, where: str) -> None:
    arguments = CASES[name].arguments(getattr(sides, where))
    wrong = [f"{who}: {fault}" for who, actor in actors()
             for fault in faults(name, actor, arguments, expected(CASES[name], actor, where == "inside"))]
    assert wrong == []


def own(*rights: str) -> Actor:
    return Actor("mara", m.User.objects.get(login="mara").pk, in_book=frozenset(rights))


def both(name: str, sides: Sides) -> Arguments | None:
    """The verb's arguments with each list holding one inside and one outside; None where it takes no list."""
    inside, outside = (CASES[name].arguments(one) for one in (sides.inside, sides.outside))
    mixed = {word: value + outside[word] if isinstance(value, list) else value for word, value in inside.items()}
    return mixed if mixed != inside else None


BULK = ["work.import_timesheet", "work.import_expenses", "work.withdraw", "work.set_billable", "work.unapprove",
        "work.approve", "invoicing.launch", "invoicing.check",
        "invoicing.submit", "invoicing.approve", "invoicing.return", "invoicing.confirm", "invoicing.question",
        "invoicing.reopen", "invoicing.discard", "invoicing.issue", "payments.receive", "payments.allocate",
        "desk.queue_message"]


def test_these_verbs_act_on_many(sides: Sides) -> None:
    assert [name for name in OWN if both(name, sides)] == BULK


@pytest.mark.parametrize("name", BULK)
def test_one_outside_refuses_the_whole_call(sides: Sides, name: str) -> None:
    arguments = both(name, sides)
    assert arguments is not None
    assert list(faults(name, own(CASES[name].right), arguments, NotFound)) == []


@pytest.mark.parametrize("name", [name for name in OWN if name not in FREE_NAMES])
def test_what_is_outside_answers_like_what_is_not_there(sides: Sides, name: str) -> None:
    said = []
    for one in (sides.outside, NOWHERE):
        refusal, _, _ = attempt(name, own(CASES[name].right), CASES[name].arguments(one))
        assert type(refusal) is NotFound
        said.append((names_left_out(str(refusal), one), [names_left_out(str(p), one) for p in refusal.problems]))
    assert said[0] == said[1]


def names_left_out(text: str, one: Side) -> str:
    """The text without what the caller named: that may be repeated, and nothing else may differ."""
    for value in sorted({str(getattr(one, field)) for field in Side.__slots__}, key=len, reverse=True):
        text = text.replace(value, "…")
    return text


@pytest.mark.parametrize("name", OWN)
def test_a_cover_acts_on_covered_days_only(sides: Sides, name: str) -> None:
    case, covered = CASES[name], {"cover_id": m.User.objects.get(login="mara").pk, "cover_from": TODAY}
    frames.rows("select set_config('duly.actor', 'fin', true)")
    accounts = m.Account.objects.filter(pk=sides.outside.account_id)
    arguments = case.arguments(sides.outside)
    accounts.update(**covered, cover_until=TODAY)
    assert attempt(name, own(case.right), arguments)[0] is None
    accounts.update(**{**covered, "cover_from": date(2026, 11, 3)}, cover_until=date(2026, 11, 30))
    assert type(attempt(name, own(case.right), arguments)[0]) is NotFound


def test_a_client_may_confirm_or_question_and_nothing_else(sides: Sides) -> None:
    client = own(*ROLE_RIGHTS["client"])
    allowed = [name for name, case in CASES.items() if attempt(name, client, case.arguments(sides.inside))[0] is None]
    assert allowed == ["invoicing.confirm", "invoicing.question"]
