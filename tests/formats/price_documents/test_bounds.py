"""What a price document can hold: so many bytes, whole characters, days of these times; what is told of it is short."""

from typing import Final

import pytest

from duly.formats.price_document import LARGEST, PriceDocumentError, read_price_document

START: Final = "currency: EUR\nperiod: 2026-10\n"
UNIT: Final = "charges: [{code: calls, model: per_unit, price: 2, quantity: 3}]\n"


@pytest.mark.parametrize("text", [
    START + UNIT.replace("price: 2", "price: " + "9" * 5000), START + UNIT.replace("per_unit", "x" * 5000),
    UNIT + "currency: " + "9" * 500 + "\nperiod: " + "9" * 5000,
])
def test_what_is_told_stays_short(text: str) -> None:
    with pytest.raises(PriceDocumentError) as refused:
        read_price_document(text.encode())
    assert all(len(str(one)) < 900 for one in refused.value.problems)


@pytest.mark.parametrize("text", [
    '{"currency": "EUR", "period": "2026-10", "charges": [{"name": "\\ud800"}]}',
    START + r'charges: [{name: "\ud800"}]',
])
def test_half_of_a_character_is_refused(text: str) -> None:
    with pytest.raises(PriceDocumentError) as refused:
        read_price_document(text.encode())
    assert [one.path for one in refused.value.problems] == ["charges[0].name"]


@pytest.mark.parametrize("text", ["a: x" + "x" * LARGEST["YAML"], '{"a": "' + "x" * LARGEST["JSON"] + '"}'])
def test_a_file_that_is_too_large_is_refused_before_it_is_read(text: str) -> None:
    with pytest.raises(PriceDocumentError) as refused:
        read_price_document(text.encode())
    assert "larger than 4 MB of YAML and 40 MB of JSON" in refused.value.problems[0].text


@pytest.mark.parametrize("period", ["1899-12", "0001-01", "2200", "2199-12-31..2200-01-02"])
def test_a_period_of_other_times_is_refused(period: str) -> None:
    with pytest.raises(PriceDocumentError) as refused:
        read_price_document(f"currency: EUR\nperiod: {period}\n{UNIT}".encode())
    assert [str(one) for one in refused.value.problems] == [
        f"period: “{period}” is not of these times. Give days from 1900 to 2199."]
