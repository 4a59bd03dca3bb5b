"""Identifiers: what is taken, how it is written then, and what is refused."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from duly.formats import FormatError
from duly.formats.identities import (
    BankAccount,
    check_country,
    check_currency,
    check_email,
    check_iban,
    check_time_zone,
    check_vat_id,
    minor_digits,
)


@pytest.mark.parametrize(
    ("country", "number", "written"),
    [
        ("DE", "DE 136.695.976", "DE136695976"),
        ("de", "136695976", "DE136695976"),
        ("GR", "EL 094259216", "EL094259216"),
        ("GR", "GR094259216", "EL094259216"),
        ("AT", "ATU13585627", "ATU13585627"),
        ("CH", "CHE-107.787.577 IVA", "CHE107787577IVA"),
        ("NO", "995525828 MVA", "NO995525828MVA"),
        ("GB", "GB 980 7806 84", "GB980780684"),
        ("GB", "XI980780684", "XI980780684"),
    ],
)
def test_vat_ids(country: str, number: str, written: str) -> None:
    assert check_vat_id(country, number) == written


@pytest.mark.parametrize(
    ("country", "number"),
    [
        ("DE", "DE136695978"),  # check digit
        ("DE", "FR40303265045"),
        ("DE", ""),
        ("AT", "13585627"),
        ("US", "12-3456789"),
        ("XX", "1"),
    ],
)
def test_vat_ids_refused(country: str, number: str) -> None:
    with pytest.raises(FormatError) as caught:
        check_vat_id(country, number)
    assert caught.value.remedy


def test_iban_gives_bank_and_bic_where_they_are_known() -> None:
    known = BankAccount("DE89370400440532013000", "COBADEFFXXX", "Commerzbank")
    assert check_iban("DE89 3704 0044 0532 0130 00") == known
    assert check_iban("VA59001123000012345678") == BankAccount("VA59001123000012345678", None, None)


TAKEN = [
    (check_country, " de ", "DE"),
    (check_currency, "eur", "EUR"),
    (check_currency, "JPY", "JPY"),
    (check_email, " Ada.Lovelace@Example.COM ", "Ada.Lovelace@example.com"),
    (check_email, "ada@exämple.com", "ada@xn--exmple-cua.com"),
    (check_time_zone, "europe/berlin", "Europe/Berlin"),
    (check_time_zone, "UTC", "UTC"),
]


@pytest.mark.parametrize(("check", "value", "written"), TAKEN)
def test_taken(check: Callable[[str], str], value: str, written: str) -> None:
    assert check(value) == written


REFUSED = [
    (check_country, "Germany", "Write DE"),
    (check_country, "UK", "ISO 3166"),
    (check_country, "EU", "ISO 3166"),
    (check_country, "", "ISO 3166"),
    (check_currency, "Euro", "ISO 4217"),
    (check_currency, "XAU", "ISO 4217"),
    (check_currency, "XXX", "ISO 4217"),
    (check_email, "ada", "one address"),
    (check_email, "ada@localhost", "one address"),
    (check_email, "Ada <ada@example.com>", "one address"),
    (check_email, "ada@example.com, bob@example.com", "one address"),
    (check_email, "ada@example.com\r\nBcc: eve@example.com", "one address"),
    (check_email, f"{'a' * 65}@example.com", "one address"),
    (check_time_zone, "Berlin", "IANA"),
    (check_time_zone, "../../etc/passwd", "IANA"),
    (check_iban, "DE88370400440532013000", "bank's papers"),
    (check_iban, "", "bank's papers"),
]


@pytest.mark.parametrize(("check", "value", "remedy"), REFUSED)
def test_refused_with_a_remedy(check: Callable[[str], object], value: str, remedy: str) -> None:
    with pytest.raises(FormatError) as caught:
        check(value)
    assert remedy in caught.value.remedy


@pytest.mark.parametrize(("currency", "digits"), [("EUR", 2), ("JPY", 0), ("KWD", 3), ("CLF", 4)])
def test_minor_digits_are_those_of_iso_4217(currency: str, digits: int) -> None:
    assert minor_digits(currency) == digits


CHECKS = [check_country, check_currency, check_email, check_time_zone, check_iban]
PREFIXES = st.sampled_from(["", "DE", "EL", "CHE", "XI", "GB29", "a@b."])


@given(st.sampled_from(CHECKS), PREFIXES, st.text(max_size=30))
def test_what_is_taken_once_is_taken_as_it_was_written(check: Callable[[str], object], prefix: str, rest: str) -> None:
    try:
        written = check(prefix + rest)
    except FormatError:
        return
    assert check(getattr(written, "iban", written)) == written


COUNTRIES = st.sampled_from(["DE", "GR", "CH", "NO", "GB", "FR", "NL", "JP", "US"])


@given(COUNTRIES, PREFIXES, st.text(max_size=20))
def test_any_vat_id_is_taken_or_refused(country: str, prefix: str, rest: str) -> None:
    try:
        written = check_vat_id(country, prefix + rest)
    except FormatError:
        return
    assert check_vat_id(country, written) == written
