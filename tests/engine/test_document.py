"""The frozen document: it adds up or is refused, and goes to JSON and back exactly."""

from __future__ import annotations

import json
import pickle
from dataclasses import replace
from datetime import date
from decimal import Decimal as D

import pytest

from duly.engine.document import Document, Row, TaxLine
from duly.engine.prepayment import Prepayment
from tests.formats.documents import LINES, annex, invoice, receipt, simple

DOCUMENTS = [invoice(annex=annex(3), notes=("Danke",)), receipt(), simple(draft=True, number="", issued_on=None)]


@pytest.mark.parametrize("document", DOCUMENTS)
def test_json_and_back_is_the_same_document(document: Document) -> None:
    again = Document.from_json(json.loads(json.dumps(document.to_json())))
    assert again == document
    assert again.digest() == document.digest()


@pytest.mark.parametrize("document", DOCUMENTS)
def test_a_document_crosses_processes(document: Document) -> None:
    assert pickle.loads(pickle.dumps(document)) == document
    assert hash(pickle.loads(pickle.dumps(document))) == hash(document)


def test_zeros_behind_the_point_do_not_change_the_digest() -> None:
    assert simple("100.0000").digest() == simple("1E+2").digest() == simple("100").digest()


@pytest.mark.parametrize(
    "changes",
    [{"number": "RE-2"}, {"notes": ("x",)}, {"colour": "#000000"}, {"language": "fr"}, {"draft": True},
     {"annex": annex(1)}],
)
def test_every_change_changes_the_digest(changes: dict[str, object]) -> None:
    assert invoice(**changes).digest() != invoice().digest()


def test_what_is_to_pay_may_be_rounded() -> None:
    rounded = simple("100", rounding=D("0.02"))
    assert rounded.payable == rounded.total + D("0.02")
    assert Document.from_json(rounded.to_json()) == rounded
    assert rounded.digest() != simple("100").digest()


def test_a_document_without_a_rounding_does_not_name_it() -> None:
    assert "rounding" not in simple("100").to_json()
    assert simple("100", rounding=D("0.00")).digest() == simple("100").digest()


def test_what_paid_beforehand_is_named_where_it_is_known() -> None:
    voucher = Prepayment("RE-7", date(2026, 10, 2), D("59.50"))
    paid = simple("50", prepaid=D("59.50"), prepayments=(voucher,))
    assert Document.from_json(paid.to_json()) == paid
    assert paid.payable == paid.total - D("59.50")
    assert "prepayments" not in simple("50", prepaid=D("59.50")).to_json()
    with pytest.raises(ValueError, match="prepaid is 60, but its parts give 59"):
        simple("50", prepaid=D("60"), prepayments=(voucher,))


REFUSED = [
    ({"net": D("1")}, "net is 1, but its parts give 7673.18"),
    ({"tax": D("1")}, "tax is 1, but its parts give 1457.90"),
    ({"total": D("9131.09")}, "total is 9131.09, but its parts give 9131.08"),
    ({"prepaid": D("10")}, "payable is 9131.08, but its parts give 9121.08"),
    ({"rounding": D("0.02")}, "payable is 9131.08, but its parts give 9131.10"),
    ({"tax_lines": (TaxLine("S", D("0.19"), D("7000"), D("1457.90")),)}, "net is 7673.18, but its parts give 7000"),
    ({"lines": LINES[:3]}, "net is 7673.18, but its parts give 7028.02"),
    ({"number": ""}, "needs a number and an issue date"),
    ({"issued_on": None}, "needs a number and an issue date"),
    ({"kind": "bill"}, "document kind 'bill' is unknown; use one of invoice"),
    ({"language": "es"}, "document language 'es' is unknown; use one of en"),
    ({"kind": "receipt"}, "a receipt, and only a receipt, carries the money received"),
]


@pytest.mark.parametrize(("changes", "text"), REFUSED)
def test_a_document_that_does_not_add_up_is_refused(changes: dict[str, object], text: str) -> None:
    with pytest.raises(ValueError, match=text):
        invoice(**changes)


def test_amounts_finer_than_the_currency_are_refused() -> None:
    with pytest.raises(ValueError, match=r"net 100\.005 is finer than EUR allows"):
        simple("100.005")
    with pytest.raises(ValueError, match="finer than JPY allows"):
        simple("100.50", currency="JPY", exponent=0)
    with pytest.raises(ValueError, match=r"rounding 0\.005 is finer than EUR allows"):
        simple("100", rounding=D("0.005"))


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"net": 7673.18}, "document.net: expected str, found 7673.18"),
        ({"net": "seven"}, "document.net: 'seven' is no Decimal"),
        ({"issued_on": "2026-13-01"}, "document.issued_on: '2026-13-01' is no date"),
        ({"exponent": "2"}, "document.exponent: expected int, found '2'"),
        ({"lines": [{"position": 1}]}, r"document.lines\[0\]: field 'description' is missing"),
        ({"seler": {}}, "document: unknown field 'seler'"),
    ],
)
def test_json_that_does_not_fit_is_refused_with_its_path(change: dict[str, object], text: str) -> None:
    with pytest.raises(ValueError, match=text):
        Document.from_json(invoice().to_json() | change)


def test_explanation_rows_are_frozen_plain_values() -> None:
    row = Row({"step": "rate", "times": D("95.00")})
    assert dict(row) == {"step": "rate", "times": "95"}
    assert row == Row({"times": "95", "step": "rate"})
    assert hash(row) == hash(Row({"times": "95", "step": "rate"}))
    with pytest.raises(TypeError):
        Row({"step": "rate", "times": 95.0})


def test_a_receipt_knows_what_stays_on_account() -> None:
    money = receipt().receipt
    assert money is not None
    assert money.on_account == D("68.92")
    assert replace(money, settlements=()).on_account == D("10000.00")
