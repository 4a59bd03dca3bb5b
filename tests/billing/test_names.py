"""A customer is found by its name, however the letters of it, or of what is typed, are cased."""

import pytest

from duly.billing.accounts.actions.customers import put_account
from duly.billing.accounts.lists import accounts
from duly.billing.agreements.lists import agreements
from duly.billing.invoicing.lists import invoices
from duly.billing.kernel.listing import Query
from duly.billing.reporting.search import search
from tests.billing.cash import issued
from tests.world import NOW, TODAY, World


@pytest.mark.parametrize(("name", "typed"), [
    ("Großrechner AG", "großr"), ("Großrechner AG", "GROSSR"), ("GROSSRECHNER AG", "großr"), ("Großer AG", "GROẞER"),
    ("İstanbul Yazılım", "İstan"), ("Pacific Ltd", "paci\ufb01c"), ("Paci\ufb01c Ltd", "PACIFIC"), ("Οδός AE", "ΟΔΌΣ"),
])
def test_a_name_is_found_however_its_letters_are_cased(world: World, name: str, typed: str) -> None:
    issued(world, "ZED", "20.00")
    fin, place = world.actor("fin"), {"street": "Ring 1", "city": "Wien", "country": "AT", "currency": "EUR"}
    put_account(actor=world.actor("ben"), at=NOW, on=TODAY, number="ZED", name=name, **place)
    for read, sort, shown in ((accounts, "name", "name"), (agreements, "number", "account_name"),
                              (invoices, "issued", "account_name")):
        found = [row[shown] for row in read(actor=fin, on=TODAY, query=Query({"text": typed}, sort)).rows]
        assert set(found) == {name}, read.__name__
        assert not read(actor=fin, on=TODAY, query=Query({"text": f"{typed}x"}, sort)).rows
    assert [hit.number for hit in search(actor=fin, on=TODAY, text=typed).of("account")] == ["ZED"]
