"""How far rights reach (law 11), beside the matrix: whose rights hold where, and what lies across two books."""

from decimal import Decimal

import pytest

from duly.billing import models as m
from duly.billing.accounts.queries import actor
from duly.billing.invoicing.actions import draft_partition, launch
from duly.billing.kernel import frames
from duly.billing.kernel.authority import FIRM_RIGHTS, Actor
from duly.billing.kernel.errors import NotFound
from duly.billing.payments.actions import allocate, unallocate
from duly.billing.work.actions import map_names
from tests.billing.cash import issued, receive
from tests.world import NOW, OCTOBER, TODAY, World

GRANTS = [
    # roles                                                by name    the right holds …
    ({"account_manager": "book"}, ["issue"], "book"),
    ({"account_manager": "book", "reviewer": "all"}, ["issue"], "all"),
    ({"finance_lead": "all"}, ["issue"], "all"),
    ({}, ["issue"], "book"),
    ({"client": "all"}, ["issue"], "book"),
]


@pytest.mark.parametrize(("roles", "rights", "where"), GRANTS)
def test_a_right_given_by_name_reaches_as_far_as_the_roles(
    world: World, roles: dict[str, str], rights: list[str], where: str
) -> None:
    user = m.User.objects.create(login="eve", name="Eve", email="eve@halden.example", password="!")
    for role, scope in roles.items():
        m.RoleGrant.objects.create(user=user, role=role, scope=scope)
    for right in rights:
        m.RightGrant.objects.create(user=user, right=right)
    eve = actor("eve")
    assert [eve.may_everywhere(right) for right in rights] == [where == "all"]
    assert all(eve.may(right) for right in rights)


def test_a_client_never_reaches_beyond_the_own_account(world: World) -> None:
    user = m.User.objects.create(login="dana", name="Dana", email="dana@acme.example", password="!")
    m.RoleGrant.objects.create(user=user, role="client", scope="all")
    dana = actor("dana")
    assert (dana.everywhere, dana.in_book) == (frozenset(), {"client_check"})


def test_a_book_gives_no_right_of_the_firm(world: World) -> None:
    eve = Actor("eve", 1, in_book=FIRM_RIGHTS)
    assert not any(eve.may(right) for right in FIRM_RIGHTS)


def in_book(world: World, *rights: str) -> Actor:
    return Actor("mara", m.User.objects.get(login="mara").pk, in_book=frozenset(rights))


def test_money_that_went_to_another_book_is_not_taken_back(world: World) -> None:
    """Acme's money paid Zed's invoice: to undo that opens Zed's item again."""
    invoice = issued(world, "ZED", "100.00")
    receipt = receive(world, "100.00", account="ACME")
    done = allocate(actor=world.actor("ben"), at=NOW, on=TODAY, entity="HALDEN", receipt=receipt.number,
                    to=[(str(invoice.number), Decimal(100))])
    [made] = [each["allocation"] for each in done.allocated]
    with pytest.raises(NotFound):
        unallocate(actor=in_book(world, "cash"), at=NOW, on=TODAY, allocation=made, reason="Wrong")
    assert unallocate(actor=world.actor("ben"), at=NOW, on=TODAY, allocation=made, reason="Wrong").amount == "100.00"


NAMES = [
    # kind        name                    may be mapped by Mara, who has Acme but not Zed?
    ("clients", "A name of nobody", True),
    ("clients", "Acme GmbH", True),
    ("clients", "Zed AG", False),
    ("projects", "Acme GmbH / Extras", True),
    ("projects", "zed  AG / Extras", False),
]


@pytest.mark.parametrize(("kind", "name", "allowed"), NAMES)
def test_work_of_another_book_is_not_led_elsewhere(world: World, kind: str, name: str, allowed: bool) -> None:
    names = {"people": {}, "clients": {}, "projects": {}, kind: {name: "ignore"}}
    if allowed:
        assert map_names(actor=in_book(world, "accounts"), at=NOW, **names).added == 1
    else:
        with pytest.raises(NotFound, match="not in your book"):
            map_names(actor=in_book(world, "accounts"), at=NOW, **names)
        assert map_names(actor=world.actor("ben"), at=NOW, **names).added == 1


def test_a_mapping_names_no_account_of_another_book(world: World) -> None:
    with pytest.raises(NotFound) as refused:
        map_names(actor=in_book(world, "accounts"), at=NOW, people={}, projects={}, clients={"Someone": "NOPE"})
    assert "ACME" in str(refused.value.problems[0])
    assert "ZED" not in str(refused.value.problems[0])


def test_a_partition_without_anything_to_bill_leaves_its_event(database: str, world: World) -> None:
    ben = world.actor("ben")
    run = launch(actor=ben, at=NOW, on=TODAY, entity="HALDEN", period_from=OCTOBER[0], period_to=OCTOBER[1],
                 accounts=[world.account("ACME").pk])
    done = draft_partition(actor=ben, at=NOW, partition=run.partitions[0])
    assert done.drafts == 0
    query = "select data ->> 'partition', data ->> 'digest' from event where verb = 'invoicing.draft_partition'"
    assert frames.rows(query) == [(str(done.partition), done.digest)]
