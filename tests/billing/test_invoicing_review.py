"""Review: the ways forward, and from every state the ways back."""

from collections.abc import Callable
from typing import Any

import pytest

from duly.billing import models as m
from duly.billing.invoicing import actions
from duly.billing.kernel import frames
from duly.billing.kernel.authority import RIGHTS, Actor
from duly.billing.kernel.errors import Refused
from duly.engine.lifecycle import FINAL, STATES
from tests.billing.sides import side
from tests.billing.test_invoicing_run import bill
from tests.world import NOW, OCTOBER, TODAY, World

OPEN = [state for state in STATES if state not in FINAL]


@pytest.fixture(autouse=True)
def _committed(database: str) -> None:
    """Runs and issue work on what is committed."""


def big(world: World, login: str = "ben") -> m.Invoice:
    """A draft whose agreement demands a peer review."""
    return next(draft for draft in bill(world, login) if draft.account.number == "BIG")


def do(verb: Callable[..., Any], world: World, login: str, *drafts: m.Invoice, **more: Any) -> Any:
    return verb(actor=world.actor(login), at=NOW, on=TODAY, drafts=[draft.id for draft in drafts], **more)


def approved(world: World) -> m.Invoice:
    draft = big(world)
    do(actions.submit, world, "ben", draft)
    do(actions.approve, world, "rita", draft)
    return draft


def state(draft: m.Invoice) -> str:
    draft.refresh_from_db()
    return draft.state


def in_each_state(world: World) -> dict[str, m.Invoice]:
    """One document in each state before the last, of an account that demands all kinds of review."""
    acme = side(world, "ACME")
    drafts = {"draft": acme.free, "in_review": acme.submitted, "client_check": acme.at_client, "ready": acme.odd}
    actions.waive(actor=world.actor("ben"), at=NOW, on=TODAY, draft=acme.odd, check_name="total_zero", reason="Agreed")
    actions.submit(actor=world.actor("ben"), at=NOW, on=TODAY, drafts=[acme.odd])
    found = {name: m.Invoice.objects.get(pk=pk) for name, pk in drafts.items()}
    assert {name: draft.state for name, draft in found.items()} == {name: name for name in OPEN}
    return found


def events(draft: m.Invoice, verb: str) -> list[tuple[Any, ...]]:
    return frames.rows("select actor, data ->> 'reason' from event where subject_type = 'invoice' and subject_id = %s"
                       " and verb = %s", [draft.id, verb])


def test_a_draft_is_discarded_from_every_state_before_the_last(world: World) -> None:
    drafts = in_each_state(world)
    assert do(actions.discard, world, "ben", *drafts.values()) == len(OPEN)
    assert {state(draft) for draft in drafts.values()} == {"discarded"}
    assert not m.ChargeSpan.objects.filter(line__invoice__in=drafts.values()).exists()


def test_what_is_reviewed_is_reopened_with_its_reason(world: World) -> None:
    drafts = in_each_state(world)
    reviewed = [draft for name, draft in drafts.items() if name != "draft"]
    assert do(actions.reopen, world, "ben", *reviewed, reason=" Wrong fee ") == 3
    assert [state(draft) for draft in reviewed] == ["draft"] * 3
    assert [events(draft, "invoicing.reopen") for draft in reviewed] == [[("ben", "Wrong fee")]] * 3


@pytest.mark.parametrize(
    ("before", "reason", "said"),
    [([], "Wrong fee", "is a draft already"), ([actions.submit], "  ", "with a reason"),
     ([actions.discard], "Wrong fee", "discarded cannot be moved")],
)
def test_what_is_not_reopened(world: World, before: list[Callable[..., Any]], reason: str, said: str) -> None:
    draft = big(world)
    for verb in before:
        do(verb, world, "ben", draft)
    was = state(draft)
    with pytest.raises(Refused, match=said):
        do(actions.reopen, world, "ben", draft, reason=reason)
    assert state(draft) == was


def test_an_issued_document_is_not_reopened(world: World) -> None:
    draft = approved(world)
    do(actions.issue, world, "ben", draft)
    with pytest.raises(Refused, match="issued cannot be moved"):
        do(actions.reopen, world, "ben", draft, reason="Wrong fee")


def test_a_question_of_the_client_voids_the_peers_approval(world: World) -> None:
    draft = in_each_state(world)["client_check"]
    client = Actor("otto", m.User.objects.get(login="otto").pk, everywhere=frozenset({"client_check"}))
    assert actions.question(actor=client, at=NOW, on=TODAY, drafts=[draft.id], reason="Two trips were one") == 1
    assert state(draft) == "draft"
    decided = draft.decisions.order_by("id").values_list("review_step__step", "verdict", "reason", "decided_by")
    assert list(decided)[-1] == ("client", "returned", "Two trips were one", "otto")
    assert events(draft, "invoicing.question") == [("otto", "Two trips were one")]
    [(live,)] = frames.rows("select approved_live(%s, 'peer', draft_digest(%s))", [draft.id, draft.id])
    assert not live


def test_a_question_needs_a_draft_that_waits_for_the_client(world: World) -> None:
    draft = approved(world)
    client = Actor("otto", m.User.objects.get(login="otto").pk, everywhere=RIGHTS)
    with pytest.raises(Refused, match="does not wait for this step"):
        actions.question(actor=client, at=NOW, on=TODAY, drafts=[draft.id], reason="Two trips were one")


def test_a_buyer_who_moved_is_reviewed_again_and_printed_at_the_new_address(world: World) -> None:
    draft = approved(world)
    m.Account.objects.filter(pk=draft.account_id).update(street="Rue Neuve 9")
    [[_, reason]] = do(actions.issue, world, "ben", draft).skipped
    assert "review it again" in reason
    do(actions.reopen, world, "ben", draft, reason="The client moved")
    assert do(actions.submit, world, "ben", draft) == 1
    assert do(actions.issue, world, "ben", draft).skipped == [[str(draft.id), "It waits for peer review."]]
    assert do(actions.approve, world, "rita", draft) == 1
    assert do(actions.issue, world, "ben", draft).numbers == {str(draft.id): "R2026-00001"}
    draft.refresh_from_db()
    assert draft.buyer.data["address"][0] == "Rue Neuve 9"


def test_a_seller_who_moved_is_on_what_is_submitted(world: World) -> None:
    draft = big(world)
    m.LegalEntity.objects.update(street="Torstraße 1")
    do(actions.submit, world, "ben", draft)
    draft.refresh_from_db()
    assert draft.seller.data["address"][0] == "Torstraße 1"


def test_who_launched_the_run_does_not_approve_what_a_colleague_drafted(world: World) -> None:
    m.RoleGrant.objects.create(user=m.User.objects.get(login="ben"), role="reviewer", scope="all")
    run = actions.launch(actor=world.actor("ben"), at=NOW, on=TODAY, entity="HALDEN", period_from=OCTOBER[0],
                         period_to=OCTOBER[1])
    actions.stop(actor=world.actor("ben"), at=NOW, on=TODAY, run=run.run)
    for partition in actions.resume(actor=world.actor("fin"), at=NOW, on=TODAY, run=run.run):
        actions.draft_partition(actor=world.actor("fin"), at=NOW, partition=partition)
    draft = m.Invoice.objects.get(account__number="BIG")
    assert draft.created_by == "fin"
    do(actions.submit, world, "fin", draft)
    with pytest.raises(Refused, match="launched or edited"):
        do(actions.approve, world, "ben", draft)
    assert do(actions.approve, world, "rita", draft) == 1
