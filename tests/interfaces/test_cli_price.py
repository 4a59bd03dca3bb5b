"""`duly price`: a document in, lines and totals out, for people and for machines; mistakes in words."""

from pathlib import Path

import pytest

from tests.interfaces.cli import duly, said

DOCUMENT = """\
currency: EUR
period: 2026-10
charges:
  - {code: calls, name: Calls, model: graduated, quantity: 1500, tiers: [{up_to: 1000, price: 0.02}, {price: 0.01}]}
discounts: [{name: Partner, percent: 10}]
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "quote.yaml"
    path.write_text(DOCUMENT, encoding="utf-8")
    return path


def test_machines_get_exact_texts(file: Path) -> None:
    told = duly("price", file)
    assert told.code == 0
    assert told.data["lines"][0] | {"explanation": []} == {
        "position": 1, "charge": "calls", "kind": "usage", "description": "Calls", "quantity": "1500", "unit": "item",
        "unit_price": "0.01666666", "amount": "25.00", "net": "22.50", "tax_category": "S", "tax_percent": "19",
        "tax": "4.28", "from": "2026-10-01", "to": "2026-10-31", "explanation": []}
    assert told.data["totals"] == {
        "net": "22.50", "tax": "4.28", "total": "26.78", "prepaid": "0.00", "withheld": "0.00", "payable": "26.78"}


def test_the_rounding_is_told_where_there_is_a_step(file: Path) -> None:
    file.write_text(DOCUMENT + "payable_step: 0.05\n", encoding="utf-8")
    assert {name: duly("price", file).data["totals"][name] for name in ("total", "rounding", "payable")} == {
        "total": "26.78", "rounding": "0.02", "payable": "26.80"}
    assert "Rounding" in said("price", file).text


@pytest.mark.parametrize(("step", "told"), [
    ("0", "0 is no step."), ("-1", "-1 is less than 0."), ("0.005", "0.005 has more than 2 decimals.")])
def test_a_step_that_cannot_be_is_named(file: Path, step: str, told: str) -> None:
    file.write_text(DOCUMENT + f"payable_step: {step}\n", encoding="utf-8")
    refused = said("price", file)
    assert refused.code == 2
    assert "payable_step" in refused.text
    assert told in refused.text


def test_people_get_tables(file: Path) -> None:
    told = said("price", file)
    assert told.code == 0
    assert "2026-10-01 to 2026-10-31, EUR" in told.text
    assert "22.50 EUR" in told.text
    assert "26.78 EUR" in told.text


def test_people_get_the_arithmetic_of_each_line(file: Path) -> None:
    text = " ".join(said("price", file, "--explain").text.split())
    assert "Up to 1,000 1,000 0.02 20.00" in text
    assert "−2.50" in text


def test_people_see_what_each_credit_pays(file: Path) -> None:
    file.write_text("currency: EUR\nperiod: 2026-10\ncharges: [{model: per_unit, price: 50, quantity: 1}]\n"
                    "credits: [{name: Card, amount: 40.5, untaxed: true}, {name: Early, amount: 10, tax_percent: 19}]")
    text = " ".join(said("price", file).text.split())
    assert "Early 10.00 EUR before tax Card 40.50 EUR after tax" in text
    assert "Paid by voucher 40.50 EUR To pay 7.10 EUR" in text


@pytest.mark.parametrize("credit", ["untaxed: true, tax_percent: 19", "untaxed: false"])
def test_credit_is_sold_with_tax_or_without(file: Path, credit: str) -> None:
    file.write_text("currency: EUR\nperiod: 2026-10\ncharges: [{model: per_unit, price: 50, quantity: 1}]\n"
                    f"credits: [{{amount: 10, {credit}}}]")
    told = said("price", file)
    assert told.code == 2
    assert "credits[0].untaxed: Credit is sold without tax, or with the tax that is named." in told.text


def test_mistakes_are_told_by_their_path_with_their_remedy(file: Path) -> None:
    file.write_text(DOCUMENT.replace("quantity: 1500", "quantity: many").replace("percent: 10", "percent: 10, x: 1"))
    told = said("price", file)
    assert told.code == 2
    assert "has 2 mistakes" in told.text
    assert "charges[0].quantity: 'many' is not a number" in told.text
    assert "discounts[0].x: There is no such key" in told.text


@pytest.mark.parametrize("data", [b"", b"\x00", b"\xff", b"[1]", b"a: &a [*a]", b"a: 1\na: 2", b"[" * 9999])
def test_what_is_no_document_is_refused_in_words(file: Path, data: bytes) -> None:
    file.write_bytes(data)
    told = said("price", file)
    assert told.code == 2
    assert "mistake" in told.text
    assert "Traceback" not in told.text


def test_work_without_a_price_is_refused(file: Path) -> None:
    file.write_text("currency: EUR\nperiod: 2026-10\n"
                    "charges: [{model: time, rates: [{price: 90, role: lead}], entries: [{time: 1:00}]}]")
    told = said("price", file)
    assert told.code == 2
    assert "not everything has a price and its tax" in told.text


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    told = said("price", tmp_path / "none.yaml")
    assert told.code == 2
    assert "none.yaml" in told.text


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    told = said("price", tmp_path)
    assert told.code == 2
    assert "Is a directory" in told.text


def test_a_long_name_is_printed_in_full(file: Path) -> None:
    file.write_text(DOCUMENT.replace("name: Calls", "name: " + "通話" * 40), encoding="utf-8")
    assert said("price", file).text.count("通") == 40


def test_a_name_does_not_steer_the_terminal(file: Path) -> None:
    file.write_text(DOCUMENT.replace("name: Calls", r'name: "a\e[31m\u202eb"'), encoding="utf-8")
    assert "a�[31m�b" in said("price", file).text
    file.write_text(DOCUMENT.replace("1500", r'"a\e[31m"'), encoding="utf-8")
    assert "\x1b" not in said("price", file).text
