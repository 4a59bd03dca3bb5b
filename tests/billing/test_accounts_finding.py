"""Which accounts someone means by what they wrote."""

import pytest

from duly.billing import models as m
from duly.billing.accounts.finding import accounts_meant
from tests.world import TODAY, World


@pytest.fixture(autouse=True)
def _more(world: World) -> None:
    for number, name in (("A1", "Müller, Söhne & Co. KG"), ("A2", "Twin GmbH"), ("A3", "Twin GmbH"), ("A4", "A1")):
        m.Account.objects.create(number=number, name=name, sort_name=name.casefold(), street="Ring 1", postcode="1010",
                                 city="Wien", country="AT", language="de", currency="EUR")


@pytest.mark.parametrize(("text", "numbers"), [
    ("", []), (" , ,", []), ("ACME", ["ACME"]), ("acme, zed , ACME", ["ACME", "ZED"]),
    ("Acme GmbH", ["ACME"]), ("  big   company SARL,ZED", ["BIG", "ZED"]),
    ("Müller, Söhne & Co. KG", ["A1"]), ("ZED, Müller,Söhne & Co. KG, ACME", ["ZED", "A1", "ACME"]),
    ("A1", ["A1"]),  # a number goes before the name of another
])
def test_accounts_are_meant_by_number_or_name(world: World, text: str, numbers: list[str]) -> None:
    found = accounts_meant(actor=world.actor("ben"), right="bill", on=TODAY, text=text)
    assert ([one.number for one in found.accounts], found.problems) == (numbers, ())


@pytest.mark.parametrize(("text", "said"), [
    ("Acmee", "There is no account “Acmee” in your book. Near: Acme GmbH (ACME)."),
    ("compny", "There is no account “compny” in your book."),
    ("company", "There is no account “company” in your book. Near: Big Company SARL (BIG)."),
    ("Zedd AG", "There is no account “Zedd AG” in your book. Near: Zed AG (ZED)."),
    ("twin gmbh", "“twin gmbh” is the name of 2 accounts: write one of A2, A3."),
    ("%_'\\", "There is no account “%_'\\” in your book."),
])
def test_what_is_no_account_is_said_with_what_is_near(world: World, text: str, said: str) -> None:
    found = accounts_meant(actor=world.actor("ben"), right="bill", on=TODAY, text=f"ZED, {text}")
    assert ([one.number for one in found.accounts], found.problems) == (["ZED"], (said,))


def test_an_account_outside_the_book_is_none(world: World) -> None:
    found = accounts_meant(actor=world.actor("mara"), right="bill", on=TODAY, text="ZED, Zed AG")
    assert found.accounts == ()
    assert [text.split(" Near")[0] for text in found.problems] == [
        "There is no account “ZED” in your book.", "There is no account “Zed AG” in your book."]
    assert "(ZED)" not in " ".join(found.problems)
