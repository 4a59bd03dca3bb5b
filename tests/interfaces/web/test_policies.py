"""The policies' pages: chosen by who may, said in words, with who changed what and when."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.test import Client
from playwright.sync_api import Page

from duly.billing import models as m
from duly.billing.agreements.policies import Usual, policy
from duly.interfaces.web.sign_in.second_factor import second_factor_missing
from tests.interfaces.web.test_agreements import SENT
from tests.interfaces.web.test_settings import LONG, body
from tests.world import World

ClientOf = Callable[..., Client]


def at(world: World, rest: str = "") -> str:
    return f"/settings/policies/{world.entity().pk}/{rest}"


def test_what_new_agreements_begin_with_is_chosen_and_told(world: World, client_of: ClientOf) -> None:
    fin = client_of("fin")
    values = {"review": "none", "payment_days": "14", "grouping": "task"}
    assert fin.post(at(world, "new-agreements/"), values)["Location"] == at(world)
    assert policy("HALDEN") == Usual("none", 14, "task", False)
    fin.post(at(world, "new-agreements/"), {**values, "review": "peer"})
    page = body(fin.get(at(world)))
    assert "Drafts are checked by: nobody → a colleague" in page
    assert "Changed last by Fin" in page
    wrong = fin.post(at(world, "new-agreements/"), {**values, "payment_days": "900"})
    assert wrong.status_code == 422
    assert 'value="900"' in body(wrong)


def test_checks_are_as_strict_as_chosen(world: World, client_of: ClientOf) -> None:
    fin = client_of("fin")
    form = body(fin.get(at(world, "checks/")))
    assert 'name="total_zero"' in form
    assert 'name="tax_id_missing"' not in form
    fin.post(at(world, "checks/"), {"total_zero": "blocks", "tax_id_missing": "off"})
    assert list(m.CheckPolicy.objects.values_list("check_name", "severity")) == [("total_zero", "blocks")]
    assert "Changed by Fin" in body(fin.get(at(world)))
    fin.post(at(world, "checks/"), {"total_zero": ""})
    assert m.CheckPolicy.objects.get().severity is None
    wrong = fin.post(at(world, "checks/"), {"purchase_order_expired": "off"})
    assert wrong.status_code == 422


def test_a_second_factor_is_demanded_and_no_longer(world: World, client_of: ClientOf) -> None:
    fin = client_of("fin")
    fin.post("/settings/policies/second-factor/", {"of": ["auditor", "cash"]})
    anna = client_of("anna")
    page = body(anna.get("/settings/policies/"))
    assert "Every auditor" in page
    assert "May record cash" in page
    anna.post("/settings/policies/second-factor/", {})
    assert "Nobody needs one" in body(anna.get("/settings/policies/"))
    assert "no second factor is demanded any more" in body(anna.get("/settings/policies/"))


def test_who_still_lacks_a_demanded_second_factor_is_listed(
    world: World, client_of: ClientOf, count_queries: Any
) -> None:
    """Those whom signing in would stop, for who demands it and for nobody else."""
    anna = client_of("anna")
    assert "still lack" not in body(anna.get("/settings/policies/"))
    anna.post("/settings/policies/second-factor/", {"of": ["auditor", "cash"]})
    page = body(anna.get("/settings/policies/"))
    held = [login for login in m.User.objects.filter(is_active=True).values_list("login", flat=True)
            if second_factor_missing(world.actor(login))]
    assert sorted(held) == ["audra", "ben", "fin"]
    assert "3 of 3 people still lack it" in page
    assert re.findall(r'<th scope="row"><a class="link"[^>]*>(\w+)</a>', page) == ["Audra", "Ben", "Fin"]
    for login in ("audra", "ben"):
        Authenticator.objects.create(user=m.User.objects.get(login=login), type=Authenticator.Type.TOTP, data={})
    with count_queries() as asked:
        page = body(anna.get("/settings/policies/"))
    assert "1 of 3 people still lacks it" in page
    assert len([one for one in asked if "mfa_authenticator" in one["sql"]]) == 1
    assert "still lack" not in body(client_of("audra").get("/settings/policies/"))
    Authenticator.objects.create(user=m.User.objects.get(login="fin"), type=Authenticator.Type.TOTP, data={})
    page = body(client_of("fin").get("/settings/policies/"))
    assert "All 3 people of whom it is demanded have set it up." in page


@pytest.mark.parametrize("rest", ["new-agreements/", "checks/"])
def test_only_who_may_changes_policies(world: World, client_of: ClientOf, rest: str) -> None:
    assert "Change" not in body(client_of("audra").get(at(world))).split("<main", 1)[1].split("</main>")[0]
    assert client_of("ben").get(at(world, rest)).status_code == 403
    assert client_of("audra").post("/settings/policies/second-factor/", {}).status_code == 403
    assert client_of("fin").get("/settings/policies/999999/").status_code == 404


def test_each_entity_has_its_own(world: World, client_of: ClientOf, count_queries: Any) -> None:
    fin = client_of("fin")
    fin.get("/settings/policies/")
    with count_queries() as one:
        fin.get("/settings/policies/")
    for number in range(3):
        entity = world.entity()
        entity.pk, entity.code, entity.name = None, f"E{number}", f"{LONG} {number}"
        entity.save()
    fin.post(f"/settings/policies/{entity.pk}/checks/", {"total_zero": "off"})
    fin.get("/settings/policies/")  # says that it is kept
    with count_queries() as more:
        page = body(fin.get("/settings/policies/"))
    assert LONG.replace("&", "&amp;") in page
    assert "Changed by" not in page
    assert len(more) == len(one)


def test_policies_can_be_read_by_everyone(
    database: str, world: World, signed_in: Callable[[str], Page], axe: Callable[[Page], None], each_look: Any
) -> None:
    page = signed_in("fin")
    for path in ("/settings/policies/", at(world, "checks/"), "/settings/policies/second-factor/"):
        page.goto(path)
        axe(page)


def test_a_new_agreement_takes_the_policy_where_nothing_is_said(world: World, client_of: ClientOf) -> None:
    fin = client_of("fin")
    fin.post(at(world, "new-agreements/"), {"review": "none", "payment_days": "14", "grouping": "task"})
    shown = body(fin.get("/agreements/new/"))
    assert "As usual: nobody" in shown
    assert "As usual: one line per task" in shown
    assert "as usual, 14 days" in shown
    said = {**SENT, "number": "SAID", "key": "said", "payment_days": "7"}
    left = dict.fromkeys(("payment_days", "review", "grouping", "time_annex"), "")
    open_ = {**SENT, **left, "number": "OPEN", "key": "open"}
    for sent in (said, open_):
        assert fin.post("/agreements/new/", sent).status_code == 302
    kept = {number: values for number, *values in m.AgreementVersion.objects.values_list(
        "agreement__number", "review", "payment_days", "grouping", "time_annex")}
    assert kept["SAID"] == ["peer", 7, "person", True]
    assert kept["OPEN"] == ["none", 14, "task", False]


def test_closing_and_numbering_are_told_with_who_and_when(world: World, client_of: ClientOf) -> None:
    entity = f"/settings/entities/{world.entity().pk}/"
    fin, anna = client_of("fin"), client_of("anna")
    assert "It is not opened again" in body(fin.get(f"{entity}close/"))
    fin.post(f"{entity}close/", {"lock_date": "2026-08-31"})
    fin.post(f"{entity}close/", {"lock_date": "2026-09-30"})
    anna.post(f"{entity}series/invoice/", {"pattern": "X{year}-{number:05}"})
    page = body(fin.get(entity))
    assert "Closed until: 31 Aug 2026 → 30 Sep 2026" in page
    assert "Pattern: R{year}-{number:05} → X{year}-{number:05}" in page
    assert "Changed last by Anna" in page
