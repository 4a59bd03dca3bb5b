"""Documents are built from frozen copies: complete, adding up, and the same after everything around them changed."""

import pytest

from duly.billing import models as m
from duly.billing.invoicing.documents import documents
from duly.billing.kernel.errors import NotFound
from tests.billing.test_invoicing_issue import issue
from tests.billing.test_invoicing_run import bill
from tests.world import World


@pytest.fixture(autouse=True)
def _committed(database: str) -> None:
    """Documents are read after their issue was committed."""


def test_an_issued_document_never_changes_with_what_is_around_it(world: World) -> None:
    world.time(3600)
    world.time(1801, person="grace")
    world.expense("19.99")
    draft = next(one for one in bill(world) if one.account.number == "ACME")
    issue(world, draft)
    [before] = documents([draft.id])
    m.Account.objects.update(name="Someone else", street="Elsewhere 1", language="en")
    m.LegalEntity.objects.update(name="Renamed AG", colour="#ff0000")
    m.Person.objects.update(name="Nobody")
    m.Project.objects.update(name="Other")
    m.BankAccount.objects.update(holder="Other")
    [after] = documents([draft.id])
    assert after.digest() == before.digest()
    assert (before.number, before.language, before.draft) == ("R2026-00001", "de", False)
    assert [entry.seconds for entry in before.annex] == [3600, 1801]
    assert before.bank_accounts[0].iban == "DE89370400440532013000"


def test_a_draft_has_no_number_and_says_so(world: World) -> None:
    draft = next(one for one in bill(world) if one.account.number == "BIG")
    [document] = documents([draft.id])
    assert (document.draft, document.number, document.language) == (True, "", "fr")
    assert document.tax_lines[0].reason.startswith("Autoliquidation")


def test_documents_come_in_the_order_asked_for(world: World) -> None:
    ids = [draft.id for draft in bill(world)][::-1]
    assert [one.buyer.name for one in documents(ids)] == ["Zed AG", "Big Company SARL"]
    with pytest.raises(NotFound):
        documents([*ids, 0])
