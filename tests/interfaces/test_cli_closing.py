"""The commands that close a month and take in exchange rates."""

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from duly.billing import models as m
from duly.billing.reference.queries import rate_on
from tests.billing.deferring import billed, fee
from tests.interfaces.cli import duly, said
from tests.world import World


@pytest.fixture(autouse=True)
def _committed(database: str) -> None:
    """Runs freeze their input by transaction."""


def test_release_and_deferred(world: World) -> None:
    fee(world, "365")
    billed(world)
    before = duly("deferred").data
    assert [(each["entity"], Decimal(each["total"]), len(each["months"])) for each in before] == [
        ("HALDEN", Decimal(365), 12)]
    done = duly("release", "--entity", "HALDEN", "--through", "2026-11", user="fin")
    assert (done.code, done.data["lines"], done.data["entries"], Decimal(done.data["amount"])) == (0, 1, 1, Decimal(61))
    again = said("release", "--entity", "HALDEN", "--through", "2026-11", user="fin")
    assert "Nothing is left to release through November 2026." in again.text
    assert Decimal(duly("deferred", "--entity", "HALDEN").data[0]["total"]) == 304
    assert said("release", "--entity", "HALDEN", "--through", "2027-01", user="fin").code == 1


def test_the_banks_rates_are_crossed_through_the_euro(world: World) -> None:
    taken = ("rates", "import-ecb", "--from", "2026-10-29", "--currencies", "usd,JPY", "--into", "EUR,CHF")
    assert duly(*taken, user="anna").data == {"added": 8, "unchanged": 0}
    assert duly(*taken, user="anna").data == {"added": 0, "unchanged": 8}
    assert rate_on("USD", "EUR", date(2026, 10, 31)) == Decimal("0.8950948801")
    assert {(one.base, one.quote): one.source for one in m.ExchangeRate.objects.all()} == {
        ("USD", "EUR"): "ECB euro reference rate, inverted", ("JPY", "EUR"): "ECB euro reference rate, inverted",
        ("USD", "CHF"): "ECB euro reference rates, crossed through EUR",
        ("JPY", "CHF"): "ECB euro reference rates, crossed through EUR"}


def test_into_the_base_currencies_unless_named_and_refused_where_a_day_has_another_rate(world: World) -> None:
    m.ExchangeRate.objects.create(base="USD", quote="EUR", valid_from=date(2026, 10, 30), rate=2, source="by hand")
    refused = said("rates", "import-ecb", "--from", "2026-10-30", user="anna")
    assert refused.code == 1
    assert "USD → EUR on 2026-10-30" in refused.text
    assert m.ExchangeRate.objects.count() == 1
    assert said("rates", "import-ecb", "--currencies", "XQX", user="anna").code == 2


def test_a_file_of_rates(world: World, tmp_path: Path) -> None:
    file = tmp_path / "rates.csv"
    file.write_text("date,base,quote,rate\n2026-10-01,USD,EUR,0.91\n2026-10-02,USD,EUR,0.92\n")
    assert duly("rates", "import", file, "--preview", user="anna").data["added"] == 2
    assert duly("rates", "import", file, user="anna").data == {"added": 2, "unchanged": 0}
    assert duly("rates", "import", file, user="anna").data == {"added": 0, "unchanged": 2}
    file.write_text("date,base,quote,rate\n2026-10-01,USD,EUR,0.99\n2026-10-03,USD,EUR,0.93\n")
    refused = said("rates", "import", file, user="anna")
    assert refused.code == 1
    assert "row 2" in refused.text
    assert m.ExchangeRate.objects.count() == 2
    file.write_text("date,base,quote,rate\n2026-10-01,USD,EUR,much\n")
    assert "row 2, rate" in said("rates", "import", file, user="anna").text
    assert said("rates", "import", file, "--preview", user="anna").code == 1
    assert said("rates", "import", file, user="ben").code == 1  # no right
