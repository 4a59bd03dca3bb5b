"""The payment QR code: the lines that EPC069-12 asks for, and no code where it allows none."""

from __future__ import annotations

from decimal import Decimal as D

import pytest

from duly.formats.payment_qr import epc_code

PAYMENT = {"holder": "Nordlicht Digital GmbH", "iban": "DE89 3704 0044 0532 0130 00", "amount": D("12.3"),
           "currency": "EUR", "remittance": "RE-2026-000042", "bic": "COBADEFFXXX"}


def test_the_code_holds_the_lines_of_the_guidelines() -> None:
    assert epc_code(**PAYMENT).text == (
        "BCD\n002\n1\nSCT\nCOBADEFFXXX\nNordlicht Digital GmbH\nDE89370400440532013000\nEUR12.30\n\n\nRE-2026-000042"
    )


def test_empty_elements_at_the_end_are_left_out() -> None:
    code = epc_code(**PAYMENT | {"remittance": "", "bic": ""})
    assert code.text == "BCD\n002\n1\nSCT\n\nNordlicht Digital GmbH\nDE89370400440532013000\nEUR12.30"


def test_a_line_end_in_a_name_starts_no_new_element() -> None:
    code = epc_code(**PAYMENT | {"holder": "A\nDE02120300000000202051", "remittance": "x\r\ny\x00z"})
    lines = (code.text or "").split("\n")
    assert (lines[5], lines[6], lines[10]) == ("A DE02120300000000202051", "DE89370400440532013000", "x y z")


WITH_CODE = [
    {"amount": D("0.01")}, {"amount": D("999999999.99")}, {"holder": "N" * 70}, {"remittance": "R" * 140},
    {"iban": "FR1420041010050500013M02606", "bic": ""}, {"iban": "CH9300762011623852957", "bic": "POFICHBEXXX"},
]
WITHOUT_CODE = [
    # what is changed, and the reason
    ({"currency": "CHF"}, "the currency is CHF"),
    ({"amount": D("0")}, "outside 0.01 to 999999999.99"),
    ({"amount": D("-5")}, "outside"),
    ({"amount": D("1000000000.00")}, "outside"),
    ({"amount": D("1.001")}, "finer than a cent"),
    ({"holder": "N" * 71}, "account holder has 71 characters, 70 are allowed"),
    ({"holder": " "}, "account holder is empty"),
    ({"remittance": "R" * 141}, "remittance text has 141 characters, 140 are allowed"),
    ({"remittance": "Ж" * 139, "holder": "Ж" * 70}, "more than 331 bytes"),
    ({"iban": "DE89370400440532013001"}, "IBAN 'DE89370400440532013001' is not valid"),
    ({"iban": ""}, "IBAN '' is not valid"),
    ({"iban": "TR330006100519786457841326"}, "does not reach an account in TR"),
    ({"iban": "CH9300762011623852957", "bic": ""}, "an account in CH needs its BIC"),
    ({"bic": "NONSENSE1"}, "BIC 'NONSENSE1' is not valid"),
]


@pytest.mark.parametrize("changes", WITH_CODE)
def test_the_limits_are_inside(changes: dict[str, object]) -> None:
    code = epc_code(**PAYMENT | changes)
    assert code.text is not None, code.reason
    assert code.svg().startswith(b"<svg")


@pytest.mark.parametrize(("changes", "reason"), WITHOUT_CODE)
def test_beyond_the_limits_there_is_no_code_but_a_reason(changes: dict[str, object], reason: str) -> None:
    code = epc_code(**PAYMENT | changes)
    assert code.text is None
    assert code.svg() is None
    assert reason in code.reason
