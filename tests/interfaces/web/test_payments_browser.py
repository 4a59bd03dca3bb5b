"""Recording money in a real browser: by keyboard, in every look, and without JavaScript."""

import re
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from playwright.sync_api import Error, Page, Route, expect

from duly.billing import models as m
from tests.billing.cash import issued
from tests.world import TODAY, World

LONG = "Vereinigte Internationale Gesellschaft für Angewandte Großrechnerverwaltung mbH &"


@pytest.fixture(autouse=True)
def _today(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "TODAY", TODAY)


def test_money_is_recorded_by_keyboard(database: str, world: World, signed_in: Callable[[str], Page], each_look: Any,
                                       axe: Callable[[Page], None]) -> None:
    m.Account.objects.filter(number="ACME").update(name=LONG[:80], sort_name=LONG[:80].casefold())
    for total in ("987654321012.07", "200.00"):
        issued(world, "ACME", total, on=TODAY - timedelta(40))
    page = signed_in("ben")
    page.goto("/payments/new/")
    axe(page)
    page.get_by_placeholder("Name or number").fill("großrech")
    page.get_by_role("link", name=re.compile("Vereinigte")).click()
    amount = page.get_by_label("Amount")
    expect(amount).to_be_focused()
    amount.fill("987654321112.07")
    big, small = page.get_by_label("Pays of R2026-00001"), page.get_by_label("Pays of R2026-00002")
    expect(big).to_have_value("987654321012.07")
    expect(small).to_have_value("100.00")
    left = page.locator("[data-count=left]")
    expect(left).to_have_text("€0.00")
    small.fill("30")
    expect(left).to_have_text("€70.00")
    small.press("Space")
    expect(small).to_have_value("100.00")
    small.fill("400")
    expect(left).to_have_text("−€300.00")
    axe(page)
    small.fill("")
    small.press("Enter")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Receipt Q2026-00001")).to_be_visible()
    axe(page)
    page.get_by_role("group").filter(has_text="Undo").first.click()
    page.get_by_label("Why is it undone?").fill("Another invoice was meant")
    page.get_by_role("button", name="Take it back").click()
    expect(page.get_by_text("Taken back on")).to_be_visible()
    page.goto("/payments/statement/ACME/?since=2026-01-01&until=2026-12-31")
    axe(page)


def test_a_proposal_that_comes_late_does_not_undo_what_is_spread_by_hand(
    database: str, world: World, signed_in: Callable[[str], Page],
) -> None:
    number = issued(world, "ACME", "200.00", on=TODAY - timedelta(40)).number
    page = signed_in("ben")
    page.goto("/payments/new/?account=ACME")
    amount, part = page.get_by_label("Amount"), page.get_by_label(f"Pays of {number}")
    amount.fill("150")
    expect(part).to_have_value("150.00")
    held: list[Route] = []
    page.route("**/payments/new/**", lambda route: held.append(route))
    with page.expect_request(lambda request: "propose" in (request.post_data or "")):
        amount.fill("120")
    part.fill("30")
    for route in held:
        with suppress(Error):  # the page no longer waits for it
            route.continue_()
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    expect(part).to_have_value("30")
    expect(page.locator("[data-count=left]")).to_have_text("€90.00")


def test_what_is_typed_before_the_scripts_are_there_is_proposed_for(
    database: str, world: World, signed_in: Callable[[str], Page]
) -> None:
    number = issued(world, "ACME", "200.00").number
    page = signed_in("ben")
    held: list[Route] = []
    page.route(re.compile(r"/payments[^/]*\.js"), lambda route: held.append(route))
    with page.expect_request(re.compile(r"/payments[^/]*\.js")):
        page.goto("/payments/new/?account=ACME", wait_until="commit")
    page.get_by_label("Amount").fill("50")
    assert held
    for route in held:
        route.continue_()
    expect(page.get_by_label(f"Pays of {number}")).to_have_value("50.00")


def test_money_is_recorded_while_a_proposal_is_on_its_way(
    database: str, world: World, signed_in: Callable[[str], Page]
) -> None:
    """The page is left in the middle of a request, of which the console says nothing."""
    issued(world, "ACME", "200.00")
    page = signed_in("ben")
    page.goto("/payments/new/?account=ACME")
    page.route("**/*", lambda route: None if "hx-request" in route.request.headers else route.continue_())
    with page.expect_request(lambda request: "hx-request" in request.headers):
        page.get_by_label("Amount").fill("50")
    page.get_by_role("button", name="Record the payment").click()
    expect(page.get_by_role("heading", name="Receipt Q2026-00001")).to_be_visible()


def test_money_is_recorded_without_javascript(
    database: str, world: World, no_javascript: None, signed_in: Callable[[str], Page]
) -> None:
    number = str(issued(world, "ACME", "200.00").number)
    page = signed_in("ben")
    page.goto("/payments/new/")
    page.get_by_placeholder("Name or number").fill("acme")
    page.get_by_role("button", name="Find").click()
    page.get_by_label("Amount").fill("50")
    page.get_by_label("Amount").press("Enter")
    expect(page.get_by_label(f"Pays of {number}")).to_have_value("50.00")
    assert not m.Receipt.objects.exists()
    page.get_by_role("button", name="Record the payment").click()
    expect(page.get_by_role("heading", name="Receipt Q2026-00001")).to_be_visible()
