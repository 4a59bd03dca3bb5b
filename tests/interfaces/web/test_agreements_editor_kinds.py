"""What single kinds of charges have in the editor: limits of expenses as rows, credit that is sold without tax."""

import re
from collections.abc import Callable
from decimal import Decimal as D
from typing import Any

import pytest
from django.conf import settings
from playwright.sync_api import Page, expect

from duly.billing import models as m
from duly.billing.agreements.agreed import agreed_versions
from duly.billing.agreements.terms import LimitInput
from tests.interfaces.web.test_agreements import HEAD, LONG, TERMS, ClientOf, plain
from tests.world import TODAY, World

TRAVEL = {"charge": ["0-expense"], "0-expense-name": "Travel", "0-expense-markup": "5", "0-expense-supply": "services",
          "0-expense-tax_class": "standard", "0-expense-limits": ["0", "3", "4"],
          "0-expense-limits-0-category": " Hotel ", "0-expense-limits-0-at_most": "150",
          "0-expense-limits-4-category": "meals", "0-expense-limits-4-at_most": "37.50"}


@pytest.fixture(autouse=True)
def today(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "TODAY", TODAY)


def test_limits_of_expenses_are_agreed(world: World, client_of: ClientOf) -> None:
    assert client_of("mara").post("/agreements/new/", {**HEAD, **TERMS, **TRAVEL}).status_code == 302
    [charge] = agreed_versions(m.Agreement.objects.get(number="A/1"))[0].charges
    assert charge.limits == (LimitInput("Hotel", D(150)), LimitInput("meals", D("37.50")))


@pytest.mark.parametrize(("changes", "said"), [
    ({"0-expense-limits-0-category": ""}, "Name the category."),
    ({"0-expense-limits-0-at_most": ""}, "Give the most that one is billed at."),
    ({"0-expense-limits-0-at_most": "much"}, "Enter a number."),
    ({"0-expense-limits-0-at_most": "0"}, "not an amount above zero"),
    ({"0-expense-limits-4-category": "HOTEL"}, "whatever its case"),
])
def test_a_limit_that_cannot_be_stands_beside_its_row(
    world: World, client_of: ClientOf, changes: dict[str, str], said: str
) -> None:
    answer = client_of("mara").post("/agreements/new/", {**HEAD, **TERMS, **TRAVEL, **changes})
    assert answer.status_code == 422
    place = next(iter(changes)).partition("limits-")[2]
    assert re.search(rf'id="id_0-expense-limits-{place}_error">[^<]*{said}', answer.content.decode())


def test_a_limit_is_added_and_removed_by_the_form(world: World, client_of: ClientOf) -> None:
    client = client_of("mara")
    added = client.post("/agreements/new/", {**HEAD, **TERMS, **TRAVEL, "add_row": "0-expense-limits"}).content.decode()
    assert 'name="0-expense-limits-5-category"' in added
    gone = client.post("/agreements/new/", {**HEAD, **TERMS, **TRAVEL, "remove_row": "0-expense-limits-0"})
    assert 'name="0-expense-limits-0-category"' not in gone.content.decode()


def test_limits_are_written_in_the_browser(
    database: str, world: World, each_look: Any, signed_in: Callable[[str], Page], axe: Callable[[Page], None]
) -> None:
    page = signed_in("fin")
    page.goto("/agreements/new/?account=ACME")
    page.get_by_label("Number").fill("A-1")
    page.get_by_label("Name", exact=True).fill("Travel")
    page.get_by_role("button", name="Expenses", exact=True).click()
    page.get_by_label("Name on the invoice").fill("Travel")
    page.locator("summary", has_text="Limits of categories").click()
    page.get_by_role("button", name="Limit a category").click()
    expect(page.get_by_label("Category, limit 1")).to_be_focused()
    page.get_by_label("Category, limit 1").fill("Hotel")
    page.get_by_label("At most, each, limit 1").fill("150")
    page.get_by_role("button", name="Limit a category").click()
    page.get_by_label("Category, limit 2").fill(LONG)
    page.get_by_label("At most, each, limit 2").fill("12345.67")
    sample = page.get_by_role("complementary", name="Sample invoice")
    expect(sample.get_by_text("12,345.67").first).to_be_visible()
    axe(page)
    page.get_by_role("button", name="Make the agreement").click()
    expect(page.get_by_text("Hotel at most €150.00")).to_be_visible()
    axe(page)


def test_credit_is_ticked_as_sold_without_tax(world: World, client_of: ClientOf) -> None:
    voucher = {"0-credit-name": "Voucher", "0-credit-price": "100", "0-credit-due_on": "2026-11-05",
               "0-credit-tax_class": "standard", "0-credit-supply": "services", "0-credit-untaxed": "on"}
    client, sent = client_of("mara"), {**HEAD, **TERMS, **voucher, "charge": ["0-credit"]}
    tried = plain(client.post("/agreements/new/try/", sent).content)
    assert "Voucher 5 Nov 2026: Voucher, €100.00 without tax" in tried
    assert client.post("/agreements/new/", sent).status_code == 302
    agreement = m.Agreement.objects.get(number="A/1")
    assert agreed_versions(agreement)[0].charges[0].untaxed
    page = plain(client.get(f"/agreements/{agreement.number}/").content)
    assert "€100.00 sold without tax on 5 Nov 2026" in page
