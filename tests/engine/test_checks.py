"""Every check fires on one small named fact and is silent without it; its words are those that people read."""

from datetime import date
from typing import Any, Final

import polars as pl
import pytest

from duly.engine.checks import CHECKS, Facts, run_checks
from tests.engine.frames import COUNTED, MONEY, PRICE, QUANTITY, Defaults, Row, frame

ON: Final = date(2026, 11, 2)

DRAFT: Final[Defaults] = {
    "document_key": (pl.Int64, 1), "kind": (pl.String, "invoice"), "account_id": (pl.Int64, 1),
    "entity_id": (pl.Int64, 7),
    "account_name": (pl.String, "Acme"), "buyer_kind": (pl.String, "business"), "entity": (pl.String, "DE"),
    "seller_country": (pl.String, "DE"), "buyer_country": (pl.String, "DE"), "seller_in_eu": (pl.Boolean, True),
    "buyer_in_eu": (pl.Boolean, True), "buyer_tax_id": (pl.String, None), "currency": (pl.String, "EUR"),
    "exponent": (pl.Int8, 2), "base_currency": (pl.String, "EUR"), "base_rate": (pl.Decimal(38, 10), 1),
    "net": (MONEY, 1000), "total": (MONEY, 1190), "purchase_order": (pl.String, ""),
    "requires_purchase_order": (pl.Boolean, False), "order_amount": (MONEY, None),
    "order_currency": (pl.String, None), "order_billed_before": (MONEY, 0),
    "order_expires_on": (pl.Date, None), "service_to": (pl.Date, date(2026, 10, 31)), "lock_date": (pl.Date, None),
    "earlier_invoices": (pl.Int64, None), "usual_total": (MONEY, None), "has_billing_contact": (pl.Boolean, True),
    "has_bank_account": (pl.Boolean, True),
}

AGREEMENT: Final[Defaults] = {
    "document_key": (pl.Int64, 1), "agreement_id": (pl.Int64, 1), "agreement": (pl.String, "A-1"),
    "starts_on": (pl.Date, date(2026, 1, 1)), "ends_on": (pl.Date, None), "cap": (MONEY, None),
    "cap_behaviour": (pl.String, "block"), "billed_before": (MONEY, 0), "billed_here": (MONEY, 1000),
}

LINE: Final[Defaults] = {
    "document_key": (pl.Int64, 1), "position": (pl.Int64, 1), "kind": (pl.String, "time"),
    "tax_class": (pl.String, "standard"), "tax_category": (pl.String, "S"), "tax_rate": (QUANTITY, "0.19"),
    "service_to": (pl.Date, date(2026, 10, 31)), "override_category": (pl.String, None),
    "override_reason": (pl.String, None),
}

ENTRY: Final[Defaults] = {
    "document_key": (pl.Int64, 1), "position": (pl.Int64, 1), "kind": (pl.String, "time"),
    "work_id": (pl.Int64, COUNTED), "agreement_id": (pl.Int64, 1), "project": (pl.String, "Apollo"),
    "person_id": (pl.Int64, 1),
    "person": (pl.String, "Ada"), "task": (pl.String, None), "description": (pl.String, "Design"),
    "worked_on": (pl.Date, date(2026, 10, 5)), "started_at": (pl.String, None), "quantity": (QUANTITY, 3600),
    "cost": (MONEY, None), "unit_price": (PRICE, 95), "card_price": (PRICE, 95), "factor": (PRICE, 1),
}

DAY: Final[Defaults] = {
    "document_key": (pl.Int64, 1), "person": (pl.String, "Ada"), "worked_on": (pl.Date, date(2026, 10, 5)),
    "seconds": (pl.Int64, 3600),
}

CHOICE: Final[Defaults] = {"entity_id": (pl.Int64, 7), "check_name": (pl.String, ""), "severity": (pl.String, "")}

UNPRICED: Final[Defaults] = {"document_key": (pl.Int64, 1), "text": (pl.String, "no rate for Ada on 5 Oct 2026.")}

SHAPES: Final = {
    "drafts": DRAFT, "agreements": AGREEMENT, "lines": LINE, "work": ENTRY, "days": DAY, "unpriced": UNPRICED,
    "chosen": CHOICE,
}
CLEAN: Final[dict[str, list[Row]]] = {
    "drafts": [{}], "agreements": [{}], "lines": [{}], "work": [{}], "days": [{}], "unpriced": [],
    "chosen": [],
}


def found(**rows: list[dict[str, Any]]) -> list[tuple[str, str, str, str]]:
    """(check, severity, path, text) over a clean draft with these facts instead."""
    given = CLEAN | rows
    facts = Facts(on=ON, **{name: frame(SHAPES[name], *given[name]) for name in SHAPES})
    return run_checks(facts).select("check_name", "severity", "path", "text").rows()


def test_a_clean_draft_has_no_findings() -> None:
    assert found() == []
    assert found(drafts=[], agreements=[], lines=[], work=[], days=[]) == []


ABROAD = {"buyer_country": "FR", "buyer_tax_id": "FR40303265045"}
ORDER = {"purchase_order": "PO-7", "order_currency": "EUR", "order_amount": "1500", "order_billed_before": "400"}
FIRES: Final[dict[str, tuple[dict[str, Any], str, str, str]]] = {
    # check: facts, severity, path, text
    "purchase_order_missing": (
        {"drafts": {"requires_purchase_order": True}}, "blocks", "purchase_order",
        "Acme asks for a purchase order and its agreement names none. Add the order to the agreement."),
    "purchase_order_exceeded": (
        {"drafts": ORDER | {"order_billed_before": "500.01"}}, "blocks", "purchase_order",
        ("Order PO-7 is worth 1,500.00 EUR; with this draft 1,500.01 EUR would be billed on it. "
         "Ask for a larger order.")),
    "purchase_order_currency": (
        {"drafts": ORDER | {"order_currency": "CHF"}}, "blocks", "purchase_order",
        "Order PO-7 is in CHF, this draft in EUR. Ask for an order in EUR."),
    "purchase_order_expired": (
        {"drafts": {"purchase_order": "PO-7", "order_expires_on": "2026-10-30"}}, "blocks", "purchase_order",
        "Order PO-7 expired on 30 Oct 2026; this draft bills services until 31 Oct 2026. Ask for a new order."),
    "agreement_cap_exceeded": (
        {"agreements": {"cap": "5000", "billed_before": "4000.01"}}, "blocks", "agreements.A-1.cap",
        ("Agreement A-1 is capped at 5,000.00 EUR; with this draft 5,000.01 EUR would be billed. "
         "Raise the cap or leave work out.")),
    "work_outside_agreement": (
        {"agreements": {"ends_on": "2026-10-04"}}, "blocks", "lines[1].work[1]",
        ("Work of 5 Oct 2026 lies outside agreement A-1, which begins on 1 Jan 2026 and ends on 4 Oct 2026. "
         "Correct the date or the agreement.")),
    "rate_differs_from_card": (
        {"work": {"card_price": "97.5"}}, "blocks", "lines[1].unit_price",
        "The line charges 95 EUR an hour; the rate card says 97.5 for Ada on 5 Oct 2026. Draft the invoice again."),
    "total_zero": (
        {"drafts": {"total": "0"}}, "warns", "total",
        "The total is zero. Discard the draft unless the customer asked for it."),
    "total_negative": (
        {"drafts": {"total": "-0.5"}}, "blocks", "total",
        "The total is -0.50 EUR. Leave out what takes it below zero, or discard the draft."),
    "booking_date_locked": (
        {"drafts": {"lock_date": "2026-11-02"}}, "blocks", "booked_on",
        "DE is closed until 2 Nov 2026; this would be booked on 2 Nov 2026. Use a later date."),
    "currency_without_rate": (
        {"drafts": {"currency": "USD", "base_rate": None}}, "blocks", "currency",
        "There is no exchange rate from USD to EUR on 2 Nov 2026. Add one."),
    "amount_unusual": (
        {"drafts": {"earlier_invoices": 3, "usual_total": "396.66"}}, "warns", "total",
        "The total is 1,190.00 EUR; this account's last invoices were around 396.66 EUR."),
    "day_over_24_hours": (
        {"days": {"seconds": 88_200}}, "blocks", "work.Ada.2026-10-05",
        "Ada has 24:30 h on 5 Oct 2026. Correct the entries."),
    "duplicate_entry": (
        {"work": [{}, {}]}, "warns", "lines[1].work",
        "2 equal entries on 5 Oct 2026: “Design” by Ada. Check that they are not one booked twice."),
    "work_without_price": (
        {"unpriced": {}}, "blocks", "work", "1 entry is not on this draft: no rate for Ada on 5 Oct 2026."),
    "tax_id_invalid": (
        {"drafts": ABROAD | {"buyer_tax_id": "FR40303265046"}, "lines": {"tax_category": "AE", "tax_rate": "0"}},
        "blocks", "buyer.tax_id",
        "Reverse charge for Acme needs its VAT id of FR; “FR40303265046” is not one. Ask the customer for it."),
    "tax_id_missing": (
        {"drafts": {"buyer_country": "FR"}}, "blocks", "buyer.tax_id",
        "Acme is a business in FR without a VAT id, so its seller's tax is charged. Ask for the id."),
    "tax_rate_missing": (
        {"lines": {"tax_rate": "0"}}, "blocks", "lines[1].tax_rate",
        "There is no standard tax rate for 31 Oct 2026. Add it to the tax rates."),
    "outside_scope_mixed": (
        {"lines": [{}, {"position": 2, "tax_category": "O", "tax_rate": "0"}]}, "blocks", "lines[2].tax_category",
        ("It is outside the scope of tax, and other lines are not. Defer it, issue the rest, and run again: it gets a "
         "document of its own.")),
    "tax_overridden": (
        {"lines": {"override_category": "E", "override_reason": "Certificate 4711"}}, "notes", "lines[1].tax_category",
        "The tax was decided by hand: E, “Certificate 4711”."),
    "billing_contact_missing": (
        {"drafts": {"has_billing_contact": False}}, "blocks", "buyer.contact",
        "Acme has no contact with the role billing. Add one to the account."),
    "bank_account_missing": (
        {"drafts": {"has_bank_account": False}}, "notes", "seller.bank_account",
        "DE has no bank account, so the invoice does not say where to pay."),
}


def listed(facts: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    return {name: rows if isinstance(rows, list) else [rows] for name, rows in facts.items()}


def test_every_check_has_an_example() -> None:
    assert set(FIRES) == set(CHECKS)
    assert {name: rule.severity for name, rule in CHECKS.items()} == {name: row[1] for name, row in FIRES.items()}
    assert all(rule.promise for rule in CHECKS.values())


@pytest.mark.parametrize("name", FIRES)
def test_it_fires_alone(name: str) -> None:
    facts, severity, path, text = FIRES[name]
    assert found(**listed(facts)) == [(name, severity, path, text)]


@pytest.mark.parametrize(
    "facts",
    [
        pytest.param({"drafts": {"requires_purchase_order": True, "purchase_order": "PO-7"}}, id="the order is named"),
        pytest.param({"drafts": ORDER}, id="the order has value left"),
        pytest.param({"drafts": ORDER | {"order_billed_before": "500"}}, id="the order is used up exactly"),
        pytest.param({"drafts": {"order_expires_on": "2026-10-31"}}, id="the order's last day is billed"),
        pytest.param({"agreements": {"cap": "5000", "billed_before": "4000"}}, id="the cap is reached exactly"),
        pytest.param({"agreements": {"starts_on": "2026-10-05", "ends_on": "2026-10-05"}}, id="work on the only day"),
        pytest.param({"work": {"kind": "expense", "card_price": None}}, id="expenses have no hourly rate"),
        pytest.param({"work": {"unit_price": "142.5", "factor": "1.5"}}, id="so many times the card's rate"),
        pytest.param({"drafts": {"kind": "credit_note", "total": "-1190"}}, id="credit notes are negative"),
        pytest.param({"drafts": {"lock_date": "2026-11-01"}}, id="the day after the lock"),
        pytest.param({"drafts": {"currency": "USD", "base_rate": "0.92"}}, id="the rate is known"),
        pytest.param({"drafts": {"earlier_invoices": 2, "usual_total": "1"}}, id="two invoices are no habit"),
        pytest.param({"drafts": {"earlier_invoices": 3, "usual_total": "396.67"}}, id="not quite three times"),
        pytest.param({"drafts": {"earlier_invoices": 3, "usual_total": "3570"}}, id="just a third"),
        pytest.param({"days": {"seconds": 86_400}}, id="24 hours on the dot"),
        pytest.param({"work": [{"started_at": "09:00"}, {"started_at": "10:00"}]}, id="the same again, an hour later"),
        pytest.param({"work": [{}, {"quantity": 3601}]}, id="a second longer"),
        pytest.param({"drafts": ABROAD, "lines": {"tax_category": "AE", "tax_rate": "0"}}, id="a valid French id"),
        pytest.param({"drafts": {"buyer_country": "GR", "buyer_tax_id": "EL094259216"},
                      "lines": {"tax_category": "AE", "tax_rate": "0"}}, id="Greek ids begin with EL"),
        pytest.param({"drafts": {"buyer_country": "FR", "buyer_kind": "person"}}, id="consumers have no VAT id"),
        pytest.param({"drafts": {"buyer_country": "US", "buyer_in_eu": False}}, id="no VAT id is asked for overseas"),
        pytest.param({"lines": {"tax_category": "Z", "tax_rate": "0"}}, id="zero-rated is not unrated"),
        pytest.param({"lines": [{"tax_category": "O", "tax_rate": "0"}] * 2}, id="all is outside the scope"),
    ],
)
def test_it_stays_silent(facts: dict[str, Any]) -> None:
    assert found(**listed(facts)) == []


def test_a_valid_id_of_another_country_is_not_the_customers() -> None:
    facts = {"drafts": {"buyer_country": "ES", "buyer_tax_id": "FR40303265045"}, "lines": {"tax_category": "AE"}}
    assert [name for name, *_ in found(**listed(facts))] == ["tax_id_invalid"]
    without = {"drafts": {"buyer_country": "FR", "buyer_kind": "person"}, "lines": {"tax_category": "AE"}}
    assert [text for *_, text in found(**listed(without))] == [
        "Reverse charge for Acme needs its VAT id of FR; “” is not one. Ask the customer for it."]


def test_drafts_on_one_order_or_agreement_count_together() -> None:
    """Neither alone is beyond its limit."""
    order = {"purchase_order": "PO-7", "order_currency": "EUR", "order_amount": "1500", "net": "800"}
    drafts = [order | {"document_key": 1}, order | {"document_key": 2}, order | {"document_key": 3, "account_id": 2}]
    text = ("Order PO-7 is worth 1,500.00 EUR; with this draft 1,600.00 EUR would be billed on it. "
            "Ask for a larger order.")
    assert [row[3] for row in found(drafts=drafts)] == [text, text]
    agreements = [{"document_key": key, "cap": "1500", "billed_here": "800"} for key in (1, 2)]
    both = found(drafts=[{"document_key": 1}, {"document_key": 2}], agreements=agreements)
    assert [name for name, *_ in both] == ["agreement_cap_exceeded"] * 2


def test_an_agreement_may_say_that_its_cap_only_warns() -> None:
    [finding] = found(agreements=[{"cap": "500", "cap_behaviour": "warn"}])
    assert finding[:2] == ("agreement_cap_exceeded", "warns")


@pytest.mark.parametrize(
    ("exponent", "total", "printed"),
    [(0, "-1190", "-1,190 EUR"), (2, "-1190", "-1,190.00 EUR"), (3, "-0.001", "-0.001 EUR"), (4, "-7", "-7.0000 EUR")],
)
def test_amounts_have_the_decimals_of_their_currency(exponent: int, total: str, printed: str) -> None:
    draft = {"exponent": exponent, "total": total}
    assert [text for *_, text in found(drafts=[draft])] == [
        f"The total is {printed}. Leave out what takes it below zero, or discard the draft."]


@pytest.mark.parametrize("price", ["100", "95.5", "0.00000001", "0"])
def test_prices_are_plain(price: str) -> None:
    [text] = [text for *_, text in found(work=[{"unit_price": price, "card_price": None}])]
    assert text == (f"The line charges {price} EUR an hour; the rate card says nothing for Ada on 5 Oct 2026. "
                    "Draft the invoice again.")


def test_a_rate_is_compared_times_its_factor() -> None:
    [text] = [text for *_, text in found(work=[{"unit_price": "95", "factor": "1.5"}])]
    assert text.startswith("The line charges 95 EUR an hour, 1.5 times the rate; the rate card says 95 for Ada on")


@pytest.mark.parametrize(("chosen", "said"), [
    pytest.param([], ["warns"], id="as usual"),
    pytest.param([{"severity": "blocks"}], ["blocks"], id="stricter"),
    pytest.param([{"severity": "notes"}], ["notes"], id="milder"),
    pytest.param([{"severity": "off"}], [], id="off"),
    pytest.param([{"severity": "off", "entity_id": 8}], ["warns"], id="another entity's choice"),
    pytest.param([{"severity": "off", "check_name": "total_negative"}], ["warns"], id="another check's choice"),
])
def test_an_entity_chooses_how_strict_a_check_is(chosen: list[dict[str, Any]], said: list[str]) -> None:
    choices = [{"check_name": "total_zero", **one} for one in chosen]
    assert [severity for _, severity, *_ in found(drafts=[{"total": "0"}], chosen=choices)] == said


def test_what_law_tax_or_the_agreement_decides_leaves_no_choice() -> None:
    assert {name for name, rule in CHECKS.items() if not rule.choices} == {
        "agreement_cap_exceeded", "work_outside_agreement", "rate_differs_from_card", "total_negative",
        "booking_date_locked", "currency_without_rate", "day_over_24_hours", "work_without_price", "tax_id_invalid",
        "tax_id_missing", "outside_scope_mixed", "tax_overridden", "tax_rate_missing"}
    assert all(rule.severity in rule.choices for rule in CHECKS.values() if rule.choices)


def test_a_finding_always_has_words() -> None:
    """Also where what they would name is not known."""
    nameless = {"person": None, "person_id": None, "project": None, "task": None, "card_price": None}
    findings = found(work=[nameless, nameless], unpriced=[{}, {}], drafts=[{"base_rate": None, "currency": "USD"}])
    assert {name for name, *_ in findings} == {"rate_differs_from_card", "duplicate_entry", "work_without_price",
                                               "currency_without_rate"}
    assert all(text for *_, text in findings)


def test_findings_are_listed_once_and_by_severity() -> None:
    findings = found(drafts=[{"total": "0", "has_bank_account": False, "has_billing_contact": False}],
                     work=[{"card_price": "97"}, {"card_price": "97", "started_at": "10:00"}])
    assert [(severity, name) for name, severity, *_ in findings] == [
        ("blocks", "billing_contact_missing"), ("blocks", "rate_differs_from_card"), ("warns", "total_zero"),
        ("notes", "bank_account_missing")]
