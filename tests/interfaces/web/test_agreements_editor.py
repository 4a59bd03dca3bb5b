"""The editor for every model: cards, tables of tiers, phases and discounts, curves, words; by server and by browser."""

import re
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from django.conf import settings
from playwright.sync_api import Page, expect

from duly.billing import models as m
from duly.billing.agreements.agreed import agreed_versions
from duly.billing.agreements.curve import Stretch, curve
from duly.billing.agreements.terms import DiscountInput, TierInput
from tests.billing.test_agreements_pricing import BUNDLE, CALLS, EVERYTHING, HELD, SEATS, SUMS
from tests.billing.test_agreements_verbs import agreed
from tests.interfaces.web.test_agreements import HEAD, HOURS, LONG, TERMS, ClientOf, fields_of, plain
from tests.world import TODAY, World

D = Decimal
USAGE = {"charge": ["0-usage"], "0-usage-name": "API calls", "0-usage-metric": "calls", "0-usage-model": "graduated",
         "0-usage-interval": "month", "0-usage-alignment": "calendar", "0-usage-tax_class": "standard",
         "0-usage-supply": "services",
         "0-usage-tiers": ["0", "1"], "0-usage-tiers-0-up_to": "1000", "0-usage-tiers-0-price": "0.02",
         "0-usage-tiers-1-price": "0.01", "0-usage-tiers-1-flat": "2"}
DISCOUNT = {"discounts": ["0"], "discounts-0-name": "Partner", "discounts-0-rate": "10", "discounts-0-scope": "charge",
            "discounts-0-charges": ["0-usage"]}
SENT = {**HEAD, **TERMS, **USAGE, **DISCOUNT}


@pytest.fixture(autouse=True)
def today(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "TODAY", TODAY)


@pytest.fixture
def metric(world: World) -> None:
    m.Metric.objects.create(code="calls", name="API calls", aggregation="sum")


def test_every_model_comes_back_through_the_editor_as_it_was_agreed(
    world: World, metric: None, client_of: ClientOf
) -> None:
    agreed(world, EVERYTHING)
    client = client_of("fin")
    shown = fields_of(client.get("/agreements/A-1/amend/").content)
    answer = client.post("/agreements/A-1/amend/", shown)
    assert answer.status_code == 302, plain(answer.content)
    first, second = agreed_versions(world.agreement("A-1"))
    assert replace(second, valid_from=first.valid_from) == first


def test_hours_that_count_more_come_back_and_are_said_in_words(world: World, client_of: ClientOf) -> None:
    client = client_of("mara")
    more = {"0-time-weekend_factor": "1.5", "0-time-overtime_factor": "1.25", "0-time-overtime_after_seconds": "7.75"}
    assert client.post("/agreements/new/", {**HEAD, **TERMS, **HOURS, **more, "charge": ["0-time"]}).status_code == 302
    text = plain(client.get("/agreements/A/1/").content)
    assert "at weekends 1.5 times the rate, beyond 7.75 hours of a person’s day 1.25 times" in text
    shown = fields_of(client.get("/agreements/A/1/amend/").content)
    assert [shown[key] for key in more] == list(more.values())
    assert client.post("/agreements/A/1/amend/", shown | {"valid_from": "2027-01-01"}).status_code == 302
    first, second = agreed_versions(world.agreement("A/1"))
    assert second.charges == first.charges
    hours = first.charges[0]
    assert (hours.weekend_factor, hours.overtime_factor, hours.overtime_after_seconds) == (
        D("1.5"), D("1.25"), 27_900)


def test_tiers_and_a_discount_of_one_charge_are_agreed(world: World, metric: None, client_of: ClientOf) -> None:
    assert client_of("mara").post("/agreements/new/", SENT).status_code == 302
    [terms] = agreed_versions(m.Agreement.objects.get(number="A/1"))
    [charge] = terms.charges
    assert (charge.code, charge.price, charge.tiers) == (
        "api-calls", None, (TierInput(D(1000), D("0.02")), TierInput(None, D("0.01"), D(2))))
    assert terms.discounts == (DiscountInput("Partner", rate=D("0.1"), scope="charge", charges=("api-calls",)),)


def test_what_a_model_hides_is_not_meant(world: World, metric: None, client_of: ClientOf) -> None:
    sent = {**SENT, "0-usage-model": "package", "0-usage-price": "8", "0-usage-package_size": "1000"}
    assert client_of("mara").post("/agreements/new/", sent).status_code == 302
    [charge] = agreed_versions(m.Agreement.objects.get(number="A/1"))[0].charges
    assert (charge.price, charge.package_size, charge.tiers) == (D(8), D(1000), ())


@pytest.mark.parametrize(("changes", "said"), [
    ({"0-usage-tiers-1-up_to": "900"}, "The last tier is open, and only the last."),
    ({"0-usage-tiers-0-price": "cheap"}, "Enter a number."), ({"0-usage-tiers": []}, "needs tiers"),
    ({"0-usage-model": "per_unit"}, "This field is required."), ({"0-usage-metric": ""}, "This field is required."),
    ({"discounts-0-rate": "110"}, "is no rate"), ({"discounts-0-name": ""}, "A discount has a name."),
    ({"discounts-0-charges": []}, "names them"), ({"discounts-0-off": "3"}, "is a rate or an amount"),
    ({"progressive_thresholds": "5, 5"}, "do not rise"), ({"progressive_thresholds": "five"}, "commas between them"),
    ({"progressive_every": "0"}, "not an amount above zero"),
    ({"discounts": ["0", "7"], "discounts-7-name": "Half", "discounts-7-scope": "agreement"},
     "is a rate or an amount"),
])
def test_what_is_refused_stands_beside_its_row(
    world: World, metric: None, client_of: ClientOf, changes: dict[str, Any], said: str
) -> None:
    answer = client_of("mara").post("/agreements/new/", {**SENT, **changes})
    assert (answer.status_code, said in plain(answer.content)) == (422, True)
    assert m.Agreement.objects.count() == 3


def test_rows_are_added_removed_and_moved_without_being_judged(world: World, client_of: ClientOf) -> None:
    client = client_of("mara")

    def asked(shown: dict[str, Any], act: str, of: str) -> dict[str, Any]:
        answer = client.post("/agreements/new/", {**shown, act: of})
        assert (answer.status_code, "This field is required" in plain(answer.content)) == (200, False)
        return fields_of(answer.content)

    shown = asked({**SENT, "0-usage-name": ""}, "add_row", "0-usage-tiers")
    assert shown["0-usage-tiers"] == ["0", "1", "2"]
    shown = asked(shown, "remove_row", "0-usage-tiers-0")
    assert (shown["0-usage-tiers"], shown["0-usage-tiers-1-price"]) == (["1", "2"], "0.01")
    shown = asked(shown, "add_row", "discounts")
    shown = asked({**shown, "discounts-1-name": "First"}, "raise_row", "discounts-1")
    assert (shown["discounts"], shown["discounts-1-name"]) == (["1", "0"], "First")
    assert shown["discounts-0-charges"] == ["0-usage"]
    shown = asked(shown, "remove_card", "0-usage")
    assert shown["charge"] == []
    assert "discounts-0-charges" not in shown


def test_covers_are_chosen_among_the_other_cards(world: World, metric: None, client_of: ClientOf) -> None:
    commitment = {"1-commitment-name": "Committed use", "1-commitment-price": "1000", "1-commitment-interval": "year",
                  "1-commitment-alignment": "calendar", "1-commitment-tax_class": "standard",
                  "1-commitment-supply": "services",
                  "1-commitment-covers": ["0-usage"]}
    sent = {**SENT, **commitment, "charge": ["0-usage", "1-commitment"]}
    assert client_of("mara").post("/agreements/new/", sent).status_code == 302
    assert agreed_versions(m.Agreement.objects.get(number="A/1"))[0].charges[1].covers == ("api-calls",)


def test_the_sample_and_the_curve_are_there_while_one_types(world: World, metric: None, client_of: ClientOf) -> None:
    answer = client_of("mara").post("/agreements/new/try/", SENT)
    text = plain(answer.content)
    assert "With 1,500 units of API calls." in text
    assert "€24.30" in text  # 27.00 less ten per cent
    assert "before reductions €27.00" in text
    assert 'id="curve-0-usage" hx-swap-oob="true"' in answer.content.decode()
    assert "up to 1,000 0.02 EUR €20.00" in re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode()))


def test_what_cards_choose_among_is_read_once_for_all_of_them(
    world: World, metric: None, client_of: ClientOf, count_queries: Callable[[], Any]
) -> None:
    second = {name.replace("0-usage", "1-usage"): value for name, value in USAGE.items()}
    sent = {**SENT, **second, "1-usage-name": "More calls", "charge": ["0-usage", "1-usage"]}
    with count_queries() as asked:
        assert client_of("mara").post("/agreements/new/try/", sent).status_code == 200
    chosen_among = [one["sql"] for one in asked.captured_queries if 'FROM "metric" ORDER BY' in one["sql"]]
    assert len(chosen_among) == 1


@pytest.mark.parametrize("hostile", [
    {"0-usage-tiers": ["x", "-1", "99999", "0", "0"]}, {"0-usage-tiers": [str(n) for n in range(500)]},
    {"0-usage-tiers-0-up_to": "999999999999", "0-usage-tiers-0-price": "999999999999"},
    {"0-usage-tiers-0-up_to": "0.000001"}, {"0-usage-tiers-0-up_to": "NaN"}, {"discounts-0-scope": "nothing"},
    {"discounts-0-charges": ["9-usage"]}, {"0-usage-model": "nothing"}, {"progressive_every": "1e99"},
    {"0-usage-model": "package", "0-usage-price": "999999999999", "0-usage-package_size": "0.000001"},
    {"0-usage-included": "999999999999"}, {"currency": "JPY"}, {"change_at_once": "perhaps"},
])
def test_nothing_that_is_typed_breaks_the_sample(
    world: World, metric: None, client_of: ClientOf, hostile: dict[str, Any]
) -> None:
    assert client_of("mara").post("/agreements/new/try/", {**SENT, **hostile}).status_code == 200


def test_an_agreement_of_many_charges_in_thirty_tiers_is_one_form(
    world: World, metric: None, client_of: ClientOf
) -> None:
    sent: dict[str, Any] = {**HEAD, **TERMS, "charge": []}
    for place in range(20):
        card = f"{place}-usage"
        sent |= {name.replace("0-usage", card): value for name, value in USAGE.items() if name != "charge"}
        sent |= {f"{card}-name": f"{place} {LONG}", f"{card}-tiers": [str(tier) for tier in range(30)]}
        sent |= {f"{card}-tiers-{tier}-up_to": str(10 * tier + 10) if tier < 29 else "" for tier in range(30)}
        sent |= {f"{card}-tiers-{tier}-price": "123456789012" for tier in range(30)}
        sent["charge"].append(card)
    assert len(sent) > 1_000
    answer = client_of("mara").post("/agreements/new/", sent)
    assert answer["Location"] == "/agreements/A/1/", plain(answer.content)[:500]
    assert client_of("mara").get("/agreements/A/1/").status_code == 200


def test_the_page_of_an_agreement_says_every_model_in_words(
    world: World, metric: None, client_of: ClientOf
) -> None:
    agreed(world, EVERYTHING)
    text = plain(client_of("fin").get("/agreements/A-1/").content)
    for said in (
        "15 units, in 2 tiers, each part at its price, for each month, in advance, a part of a period by days of",
        "months of thirty and credited not at all, at least €5.00 a period, at most €900.00 a period, at €1.00 for the",
        "first 30 days, from 1 Jul 2026 20 units.",
        "€0.0125 for each unit, measured by calls, for each month, 200 included.",
        "€8.00 for each begun package of 1,000, measured by calls",
        "2.9% of each payment plus €0.30, at most €2.50, the first 10 free, measured by calls, for each month.",
        "A percentage of all payments in 2 tiers", "0.75% a year of the closing balance of calls, for each quarter",
        "€1,200.00 for each month, in advance, including 10 hours of Consulting, what is left lasts for 1",
        "further period, the next period’s may be used ahead.",
        "At least €10,000.00 for each year, what is missing is billed, counting API calls.",
        "€3,000.00 on 1 Feb 2026, taken off later invoices.",
        "€500.00 prepaid on 1 Feb 2026, until 1 Feb 2027, for Consulting.",
        "€90,000.00 net, then nothing more", "Partner: 10% off everything", "Launch: €50.00 off Seats and API calls",
        "At cost plus 5%, Hotel at most €150.00, meals at most €37.50.",
        "with the next period", "at €1,000.00, every further €500.00 of a period",
    ):
        assert said in text


@pytest.mark.parametrize(("charge", "expected"), [
    (replace(SEATS, included=D(0)), [(0, 1000, False, 0, 20, "0.02"), (1000, 1500, True, 22, 27, "0.01")]),
    (replace(SEATS, model="volume"), [(0, 1000, False, 0, 20, "0.02"), (1000, 1500, True, 12, 17, "0.01")]),
    (replace(CALLS, model="stair_step", price=None, included=D(0), tiers=(
        TierInput(D(100), flat=D(50)), TierInput(None, flat=D(120)))),
     [(0, 100, False, 50, 50, "0"), (100, 150, True, 120, 120, "0")]),
    (SUMS, [(0, 100000, False, 0, 1500, "0.015"), (100000, 150000, True, 1500, 2000, "0.01")]),
    (CALLS, []), (HELD, []),
])
def test_the_stretches_of_a_price(charge: Any, expected: list[tuple[Any, ...]]) -> None:
    assert list(curve(charge)) == [Stretch(*(D(one) if not isinstance(one, bool) else one for one in row))
                                   for row in expected]


def test_what_is_included_comes_before_the_packages() -> None:
    free, first, *_, last = curve(BUNDLE)
    assert (free.up_to, free.last, first.above, first.first, first.last, last.open, last.last) == (
        200, 0, 200, 8, 8, True, 40)


def test_graduated_tiers_and_a_discount_are_written_in_the_browser(
    database: str, world: World, metric: None, each_look: Any, signed_in: Callable[[str], Page],
    axe: Callable[[Page], None]
) -> None:
    page = signed_in("fin")
    page.goto("/agreements/new/?account=ACME")
    page.get_by_label("Number").fill("A-1")
    page.get_by_label("Name", exact=True).fill(LONG)
    page.get_by_role("button", name="Usage", exact=True).click()
    page.get_by_label("Name on the invoice").fill(LONG)
    expect(page.get_by_label("Up to, tier 1")).to_be_hidden()
    page.get_by_label("Measured by").select_option("calls")
    page.get_by_label("Priced by").select_option("graduated")
    page.get_by_label("Up to, tier 1").fill("1000")
    page.get_by_label("Price of each, tier 1").fill("0.02")
    page.get_by_label("Price of each, tier 2").fill("0.01")
    expect(page.get_by_role("figure", name="Price of")).to_be_visible()
    page.get_by_role("button", name="Another tier").click()
    expect(page.get_by_label("Up to, tier 3")).to_be_focused()  # the form is drawn anew
    page.get_by_label("Up to, tier 2").fill("123456789012")
    page.get_by_label("Price of each, tier 3").fill("0.005")
    page.get_by_role("button", name="Add a discount").click()
    discounts = page.get_by_role("region", name="Discounts")
    discounts.get_by_label("Name on the invoice").fill("Partner")
    discounts.get_by_label("Percent").fill("10")
    discounts.get_by_label("On, discount 1").select_option("charge")
    discounts.get_by_label(LONG).check()
    expect(page.get_by_role("complementary", name="Sample invoice").get_by_text("before reductions")).to_be_visible()
    axe(page)
    page.get_by_role("button", name="Make the agreement").click()
    expect(page.get_by_role("heading", name=LONG)).to_be_visible()
    expect(page.get_by_text(f"Partner: 10% off {LONG}")).to_be_visible()
    axe(page)


def test_without_javascript_as_well(
    database: str, world: World, metric: None, no_javascript: None, signed_in: Callable[[str], Page]
) -> None:
    page = signed_in("fin")
    page.goto("/agreements/new/?account=ACME")
    page.get_by_label("Number").fill("A-1")
    page.get_by_label("Name", exact=True).fill("Platform")
    page.get_by_role("button", name="Usage", exact=True).click()
    page.get_by_label("Name on the invoice").fill("API calls")
    page.get_by_label("Measured by").select_option("calls")
    page.get_by_label("Priced by").select_option("graduated")
    for place in range(1, 30):
        page.get_by_label(f"Up to, tier {place}", exact=True).fill(str(place * 1000))
        page.get_by_label(f"Price of each, tier {place}", exact=True).fill("0.02")
        if place > 1:
            page.get_by_role("button", name="Another tier").click()
    page.get_by_label("Price of each, tier 30").fill("0.01")
    page.get_by_role("button", name="Remove tier 2", exact=True).click()
    page.get_by_role("button", name="Add a discount").click()
    discounts = page.get_by_role("region", name="Discounts")
    discounts.get_by_label("Name on the invoice").fill("Partner")
    discounts.get_by_label("or amount").fill("50")
    page.get_by_role("button", name="Make the agreement").click()
    expect(page.get_by_role("heading", name="Platform")).to_be_visible()
    [terms] = agreed_versions(m.Agreement.objects.get(number="A-1"))
    assert (len(terms.charges[0].tiers), terms.discounts) == (29, (DiscountInput("Partner", off=D(50)),))
