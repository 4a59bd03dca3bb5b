"""Days and amounts in sentences."""

from datetime import date
from decimal import Decimal
from typing import Final

import polars as pl
import pytest

from duly.engine.wording import amount, amount_of, day, day_of

AMOUNTS: Final = [
    ("1190", 2, "1,190.00"), ("-1190.5", 2, "-1,190.50"), ("-190", 0, "-190"), ("999", 2, "999.00"), ("0", 0, "0"),
    ("987654321012.07", 2, "987,654,321,012.07"), ("99999999999999.9999", 4, "99,999,999,999,999.9999"),
]


@pytest.mark.parametrize(("value", "exponent", "said"), AMOUNTS)
def test_amounts_have_their_decimals_and_commas(value: str, exponent: int, said: str) -> None:
    column = pl.Series("amount", [Decimal(value)], dtype=pl.Decimal(18, 4))
    frame = pl.DataFrame([column, pl.Series("exponent", [exponent])])
    assert amount(Decimal(value), exponent) == frame.select(amount_of("amount")).item() == said


def test_days_cannot_be_misread() -> None:
    days = [date(2026, 11, 2), date(2024, 2, 29), date(999, 1, 31)]
    assert [day(one) for one in days] == ["2 Nov 2026", "29 Feb 2024", "31 Jan 999"]
    assert pl.DataFrame({"on": days[:2]}).select(day_of("on"))["on"].to_list() == ["2 Nov 2026", "29 Feb 2024"]
