"""The upload of exchange rates in the settings: looked at first, then added."""

from collections.abc import Callable

from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from duly.billing import models as m
from tests.interfaces.web.acting import text
from tests.world import World

ADDRESS = "/settings/exchange-rates/import/"
ROWS = "date,base,quote,rate\n2026-10-01,USD,EUR,0.91\n2026-10-02,USD,EUR,0.92\n"


def file(content: str) -> dict[str, object]:
    return {"file": SimpleUploadedFile("rates.csv", content.encode())}


def test_a_file_is_previewed_and_then_added_as_it_was_shown(world: World, client_of: Callable[[str], Client]) -> None:
    anna = client_of("anna")
    seen = text(anna.post(ADDRESS, file(ROWS)))
    assert "Add 2 rates" in seen
    assert m.ExchangeRate.objects.count() == 0
    done = text(anna.post(ADDRESS, {"name": "rates.csv", "text": ROWS, "do": "add"}, follow=True))
    assert "2 rates are added, 0 were there already." in done
    assert {one.source for one in m.ExchangeRate.objects.all()} == {"file rates.csv"}
    assert "nothing would change" in text(anna.post(ADDRESS, file(ROWS)))


def test_a_name_that_no_file_has_is_taken_without_what_no_text_holds(
    world: World, client_of: Callable[[str], Client]
) -> None:
    client_of("anna").post(ADDRESS, {"name": "rates\0.csv", "text": ROWS, "do": "add"})
    assert {one.source for one in m.ExchangeRate.objects.all()} == {"file rates.csv"}


def test_what_differs_stands_in_the_way_by_its_row(world: World, client_of: Callable[[str], Client]) -> None:
    anna = client_of("anna")
    anna.post(ADDRESS, {"name": "rates.csv", "text": ROWS, "do": "add"})
    worse = ROWS.replace("0.92", "0.99") + "2026-10-03,USD,EUR,much\n"
    seen = text(anna.post(ADDRESS, {"name": "rates.csv", "text": worse, "do": "add"}))
    assert "<b>Row 3</b>" in seen
    assert "<b>Row 4, rate</b>" in seen
    assert m.ExchangeRate.objects.count() == 2


def test_no_file_and_another_are_refused_beside_the_field(world: World, client_of: Callable[[str], Client]) -> None:
    anna = client_of("anna")
    assert "Choose a file." in text(anna.post(ADDRESS, {}))
    assert "no column" in text(anna.post(ADDRESS, file("a,b\n1,2\n")))
    assert client_of("ben").get(ADDRESS).status_code == 403
