"""What is found by which part of a name or number, and by whom."""

import pytest

from duly.billing.accounts.queries import actor
from duly.billing.reporting.search import search
from tests.billing.cash import issued
from tests.world import TODAY, World

FINDS = [
    # typed                what is found: kind, number
    ("acme", [("account", "ACME"), ("agreement", "ACME-EUR"), ("agreement", "ACME-TM"),
              ("contact", "ap@acme.example"), ("project", "ACME-WEB")]),
    ("ACME GMBH", [("account", "ACME")]),
    ("mbh", [("account", "ACME")]),
    ("relaunch", [("agreement", "ACME-TM"), ("project", "ACME-WEB")]),
    ("-web", [("project", "ACME-WEB")]),
    ("lovelace", [("person", "ada")]),
    ("ap@zed", [("contact", "ap@zed.example")]),
    ("R2026-00002", [("invoice", "R2026-00002")]),
    ("r2026-0000", [("invoice", "R2026-00001"), ("invoice", "R2026-00002")]),
    ("00002", [("invoice", "R2026-00002")]),   # the last digits
    ("6-00002", [("invoice", "R2026-00002")]),
    ("0000", [("invoice", "R2026-00001"), ("invoice", "R2026-00002")]),  # some digits of the running number
    ("#2", [("invoice", "R2026-00002")]),      # the running number
    ("%", []), ("_cme", []), ("a", []), ("   ", []), ("nothing of that name", []),
    ("%%", []), ("\\\\", []), ("'; drop", []),
]


@pytest.fixture
def invoices(world: World) -> World:
    issued(world, "ACME", "10.00")
    issued(world, "ZED", "20.00")
    return world


@pytest.mark.parametrize(("typed", "found"), FINDS, ids=[typed for typed, _ in FINDS])
def test_any_part_of_a_name_or_number(invoices: World, typed: str, found: list[tuple[str, str]]) -> None:
    hits = search(actor=actor("fin"), on=TODAY, text=typed).hits
    assert sorted((hit.kind, hit.number) for hit in hits) == sorted(found)


def test_whole_names_come_first(invoices: World) -> None:
    invoices.account("BIG").__class__.objects.create(
        number="B2", name="The Big Company", sort_name="the big company", street="x", city="x", country="DE",
        currency="EUR", language="en")
    hits = search(actor=actor("fin"), on=TODAY, text="big").of("account")
    assert [hit.number for hit in hits] == ["BIG", "B2"]


def test_only_the_own_book_is_found(invoices: World) -> None:
    assert {hit.account for hit in search(actor=actor("mara"), on=TODAY, text="R2026").hits} == {"ACME"}
    assert search(actor=actor("otto"), on=TODAY, text="acme").hits == ()
    assert [hit.number for hit in search(actor=actor("otto"), on=TODAY, text="zed ag").hits] == ["ZED"]


def test_any_digits_of_a_running_number(world: World) -> None:
    for _ in range(12):
        issued(world, "ZED", "20.00")
    found = {typed: [hit.number[-2:] for hit in search(actor=actor("fin"), on=TODAY, text=typed).of("invoice")]
             for typed in ("0001", "001", "0011", "012", "002", "999")}
    assert {typed: sorted(numbers) for typed, numbers in found.items()} == {
        "0001": ["01", "10", "11", "12"], "001": ["01", "10", "11", "12"], "0011": ["11"], "012": ["12"],
        "002": ["02"], "999": []}
