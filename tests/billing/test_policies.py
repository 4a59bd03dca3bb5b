"""The policies of an entity: what new agreements begin with, how strict its checks are, who needs a second factor."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from duly.billing import models as m
from duly.billing.accounts.actions.people import put_user
from duly.billing.accounts.actions.policies import demand_second_factor
from duly.billing.accounts.queries import actor, second_factor_demanded
from duly.billing.agreements.actions.agree import agree, amend
from duly.billing.agreements.actions.policy import put_policy
from duly.billing.agreements.policies import Usual, policies, policy, usual_terms
from duly.billing.agreements.terms import ChargeInput, VersionInput
from duly.billing.audit.queries import changes
from duly.billing.invoicing.actions import check, choose_severities, submit
from duly.billing.invoicing.policies import strictness
from duly.billing.kernel import frames
from duly.billing.kernel.errors import NotFound, Refused
from duly.engine.checks import CHECKS
from tests.billing.test_invoicing_run import bill
from tests.world import NOW, TODAY, World

STRICT = Usual("peer_and_client", 14, "task", False)


def put(world: World, usual: Usual, **changed: Any) -> str:
    values = {name: getattr(usual, name) for name in ("review", "payment_days", "grouping", "time_annex")}
    return put_policy(actor=world.actor("fin"), at=NOW, entity="HALDEN", **{**values, **changed}).outcome


def test_a_policy_is_kept_and_every_change_of_it_said(world: World) -> None:
    assert policy("HALDEN") == Usual() == policy("NOWHERE")
    assert [put(world, STRICT), put(world, STRICT), put(world, STRICT, payment_days=None)] == [
        "added", "unchanged", "changed"]
    assert policies() == {"HALDEN": replace(STRICT, payment_days=None)}
    row = m.AgreementPolicy.objects.get()
    newest, first = changes("agreement_policy", [row.pk])
    assert (newest.who, newest.before, newest.after) == ("Fin", {"payment_days": 14}, {"payment_days": None})
    assert (first.before, first.after["review"]) == ({}, "peer_and_client")
    assert [one.at for one in changes("agreement_policy", [row.pk], "payment_days")] == [NOW]


@pytest.mark.parametrize(("path", "value"), [
    ("review", "everybody"), ("grouping", "colour"), ("payment_days", -1), ("payment_days", 366)])
def test_a_policy_that_cannot_be_is_refused_by_its_path(world: World, path: str, value: object) -> None:
    with pytest.raises(Refused) as refused:
        put(world, STRICT, **{path: value})
    assert [problem.path for problem in refused.value.problems] == [path]
    with pytest.raises(NotFound):
        put_policy(actor=world.actor("fin"), at=NOW, entity="X", review="none", payment_days=None, grouping="rate",
                   time_annex=True)


def test_what_was_agreed_keeps_its_own_whatever_the_policy_says_later(world: World) -> None:
    """A new agreement takes the policy; one that is there, and its later terms, go on with what they hold."""
    mara: dict[str, Any] = {"actor": world.actor("mara"), "at": NOW, "on": TODAY}
    put(world, STRICT)
    begun = usual_terms(entity="HALDEN", agreement="NEW", on=TODAY)
    assert begun == STRICT
    fee = ChargeInput("fee", "recurring", "Fee", price=Decimal(5), interval="month")
    agree(**mara, number="NEW", name="New", entity="HALDEN", account="ACME", currency="EUR", terms=VersionInput(
        date(2026, 1, 1), (fee,), review=begun.review, payment_days=begun.payment_days, grouping=begun.grouping,
        time_annex=begun.time_annex))
    amend(**mara, agreement="NEW", terms=VersionInput(date(2026, 6, 1), (fee,), payment_days=7))
    put(world, Usual())
    assert usual_terms(entity="HALDEN", agreement="NEW", on=date(2026, 3, 1)) == STRICT
    assert usual_terms(entity="HALDEN", agreement="NEW", on=TODAY) == Usual(payment_days=7)


def choose(world: World, **severities: str | None) -> list[str]:
    return choose_severities(actor=world.actor("fin"), at=NOW, entity="HALDEN", severities=severities).changes


def test_a_check_is_as_strict_as_chosen_from_the_next_check_on(database: str, world: World) -> None:
    world.time(3600)
    draft = next(one.pk for one in bill(world) if one.account.number == "ACME")
    who: dict[str, Any] = {"actor": world.actor("ben"), "at": NOW, "on": TODAY, "drafts": [draft]}
    m.Contact.objects.filter(account__number="ACME").update(roles=["payer"])
    assert check(**who).blocks == 1
    assert choose(world, billing_contact_missing="warns") == ["billing_contact_missing"]
    stood = list(m.Finding.objects.filter(invoice=draft).values_list("check_name", "severity"))
    assert stood == [("billing_contact_missing", "blocks")]  # what was found stands until the draft is checked again
    with pytest.raises(Refused, match="blocked"):
        submit(**who)
    checked = check(**who)
    assert (checked.blocks, checked.warns) == (0, 1)
    submit(**who)


def test_the_list_of_checks_says_promise_choice_and_last_change(world: World) -> None:
    choose(world, total_zero="blocks", amount_unusual="off")
    assert choose(world, total_zero="notes", amount_unusual="off", duplicate_entry=None) == ["total_zero"]
    assert choose(world, amount_unusual=None) == ["amount_unusual"]
    shown = {one.name: one for one in strictness(actor=world.actor("audra"), on=TODAY, entity=world.entity().pk)}
    assert list(shown) == list(CHECKS)
    zero, unusual = shown["total_zero"], shown["amount_unusual"]
    assert (zero.usual, zero.chosen, zero.promise) == ("warns", "notes", CHECKS["total_zero"].promise)
    assert zero.last is not None
    assert (zero.last.who, zero.last.before, zero.last.after) == (
        "Fin", {"severity": "blocks"}, {"severity": "notes"})
    assert (unusual.chosen, shown["duplicate_entry"].last, shown["tax_id_missing"].choices) == ("", None, ())


@pytest.mark.parametrize(("name", "severity", "said"), [
    ("tax_id_missing", "warns", "stays as it is"), ("booking_date_locked", "off", "stays as it is"),
    ("purchase_order_expired", "off", "cannot be “off”"), ("total_zero", "shouts", "cannot be “shouts”"),
    ("total_zreo", "off", "There is no check"),
])
def test_what_guards_a_law_is_not_weakened(world: World, name: str, severity: str | None, said: str) -> None:
    with pytest.raises(Refused) as refused:
        choose(world, **{name: severity, "amount_unusual": "off"})
    assert [(one.path, said in one.text) for one in refused.value.problems] == [(f"severities.{name}", True)]
    assert not m.CheckPolicy.objects.exists()


@pytest.mark.parametrize(("name", "severity"), [
    ("tax_id_missing", "warns"), ("tax_id_missing", None), ("purchase_order_expired", "off"), ("total_zero", "shouts")])
def test_the_database_itself_refuses_a_choice_that_there_is_not(
    world: World, name: str, severity: str | None
) -> None:
    query = "insert into check_policy (entity_id, check_name, severity) select id, %s, %s from legal_entity"
    with pytest.raises(IntegrityError, match="check_policy_"), transaction.atomic():
        frames.execute(query, [name, severity])


def test_a_second_factor_is_demanded_by_role_and_by_right(world: World) -> None:
    def demanded() -> list[str]:
        return [login for login in ("anna", "mara", "ben", "rita", "fin", "audra")
                if second_factor_demanded(actor(login))]

    fin: dict[str, Any] = {"actor": world.actor("fin"), "at": NOW}
    assert demanded() == []
    assert demand_second_factor(**fin, of=["issue", "auditor"]).changes == ["auditor", "issue"]
    assert demanded() == ["ben", "fin", "audra"]
    assert demand_second_factor(**fin, of=["issue", "auditor"]).outcome == "unchanged"
    demand_second_factor(**fin, of=["close"])  # a right of the firm, which a role for one's own book does not give
    put_user(actor=world.actor("anna"), at=NOW, login="rita", name="Rita", email="rita@halden.example",
             roles={"finance_lead": "book"})
    assert demanded() == ["fin"]
    with pytest.raises(Refused, match="role or a right"):
        demand_second_factor(**fin, of=["issue", "everybody"])
