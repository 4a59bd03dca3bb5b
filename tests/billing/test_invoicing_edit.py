"""Drafts under people's hands: what a change does to amounts, tax, evidence, findings and review."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from duly.billing import models as m
from duly.billing.invoicing import actions
from duly.billing.invoicing.editing import Edited, Outdated, version_of
from duly.billing.kernel import frames
from duly.billing.kernel.errors import NotFound, Refused
from duly.engine.pricing import replay
from tests.billing.test_invoicing_run import bill
from tests.world import NOW, TODAY, World


@pytest.fixture(autouse=True)
def _committed(database: str) -> None:
    """Runs freeze their input by transaction, so what they read must be committed."""


@dataclass
class Desk:
    """Ben's draft of Acme's October: lines 1 Ada 3 h over two days, 2 Grace 0:30:01, 3 a train."""

    world: World
    draft: int

    def do(self, verb: Callable[..., Edited], *, by: str = "ben", version: str | None = None, **more: Any) -> Edited:
        return verb(actor=self.world.actor(by), at=NOW, on=TODAY, draft=self.draft,
                    version=self.version if version is None else version, **more)

    @property
    def version(self) -> str:
        return version_of(self.draft)

    @property
    def invoice(self) -> m.Invoice:
        return m.Invoice.objects.get(pk=self.draft)

    def line(self, position: int) -> m.InvoiceLine:
        return m.InvoiceLine.objects.get(invoice_id=self.draft, position=position)

    def amounts(self) -> list[str]:
        return [f"{line.amount:.2f}" for line in self.invoice.lines.order_by("position")]

    def event(self) -> Any:
        return m.Event.objects.filter(subject_type="invoice", subject_id=self.draft).latest("id")


@pytest.fixture
def desk(world: World, database: str) -> Desk:
    world.time(7200, on=date(2026, 10, 5))
    world.time(3600, on=date(2026, 10, 20))
    world.time(1801, person="grace", on=date(2026, 10, 6))
    world.expense("119.90")
    made = Desk(world, next(draft.id for draft in bill(world) if draft.account.number == "ACME"))
    assert made.amounts() == ["285.00", "55.03", "125.90"]
    return made


def adds_up(desk: Desk) -> None:
    """Law 9, and the evidence: shares of the work add up to their line, and the rows lead to its amount."""
    invoice, lines = desk.invoice, list(desk.invoice.lines.order_by("position"))
    taxes = list(invoice.tax_lines.all())
    assert [line.position for line in lines] == list(range(1, len(lines) + 1))
    assert invoice.net == sum(line.amount for line in lines) == sum(tax.base for tax in taxes)
    assert invoice.tax == sum(line.tax for line in lines) == sum(tax.tax for tax in taxes)
    for line in lines:
        assert replay(line.explanation) == line.amount
        shares = list(line.allocations.values_list("amount", flat=True))
        assert not shares or sum(shares) == line.amount


def test_a_line_is_written_down_to_an_amount(desk: Desk) -> None:
    done = desk.do(actions.write_down, line=1, to=Decimal(250), reason=" Learning curve ")
    assert desk.amounts() == ["250.00", "55.03", "125.90"]
    assert (done.net, done.tax, done.total) == ("430.93", "81.88", "512.81")
    assert done.version == desk.version
    line = desk.line(1)
    assert (line.quantity, line.numerator, line.denominator) == (10800, Decimal(250), 1)
    assert line.explanation[-2] == {"step": "write_down", "times": "250", "over": "285", "by": "ben",
                                    "reason": "Learning curve", "was": "1026000/3600"}
    assert [(one.quantity, one.amount) for one in line.allocations.order_by("id")] == [
        (7200, Decimal("166.67")), (3600, Decimal("83.33"))]
    assert desk.event().data == {"line": 1, "before": {"amount": "285.0000"}, "after": {"amount": "250"},
                                 "reason": "Learning curve"}
    adds_up(desk)


def test_a_share_is_written_down_of_what_was_priced_not_of_what_is_left(desk: Desk) -> None:
    desk.do(actions.write_down, line=2, share=Decimal("0.5"), reason="Half is ours")
    assert desk.amounts()[1] == "27.52"
    desk.do(actions.write_down, line=2, share=Decimal("0.1"), reason="A tenth will do")
    assert desk.amounts()[1] == "49.53"
    adds_up(desk)


def test_work_written_down_counts_as_billed(desk: Desk) -> None:
    desk.do(actions.write_down, line=1, share=Decimal(1), reason="A gift")
    assert desk.amounts()[0] == "0.00"
    assert bill(desk.world) == []


@pytest.mark.parametrize(("changes", "said"), [
    ({"to": Decimal(285)}, "less than 285"), ({"to": Decimal(-1)}, "not below zero"),
    ({"to": Decimal("1.001")}, "2 decimals"), ({"to": Decimal("NaN")}, "not an amount"),
    ({}, "how far"), ({"to": Decimal(1), "share": Decimal("0.1")}, "how far"),
    ({"share": Decimal(0)}, "share of 0"), ({"share": Decimal("1.1")}, "share of 1.1"),
    ({"share": Decimal("Infinity")}, "share of Inf"), ({"to": Decimal(1), "reason": "  "}, "needs a reason"),
    ({"to": Decimal(1), "line": 9}, "no line 9"),
])
def test_what_cannot_be_written_down(desk: Desk, changes: dict[str, Any], said: str) -> None:
    before = desk.version
    with pytest.raises(Refused, match=said):
        desk.do(actions.write_down, **{"line": 1, "reason": "Goodwill", **changes})
    assert desk.version == before


def test_a_line_restored_is_the_line_as_drafted(desk: Desk) -> None:
    drafted = desk.version
    desk.do(actions.write_down, line=2, to=Decimal(50), reason="Goodwill")
    desk.do(actions.write_down, line=2, to=Decimal(40), reason="More goodwill")
    desk.do(actions.reword, line=2, description="Design")
    assert desk.do(actions.restore, line=2).version == drafted
    adds_up(desk)
    with pytest.raises(Refused, match="as it was drafted"):
        desk.do(actions.restore, line=2)


def test_a_line_says_it_in_other_words(desk: Desk) -> None:
    drafted = desk.version
    desk.do(actions.reword, line=1, description=" Phase one ")
    assert desk.line(1).description == "Phase one"
    assert desk.line(1).explanation[-2] == {"step": "reword", "from": "Consulting – Ada Lovelace", "by": "ben"}
    assert desk.do(actions.reword, line=1, description="Consulting – Ada Lovelace").version == drafted


def test_words_of_a_line_are_kept_where_they_can_be_erased(desk: Desk) -> None:
    desk.do(actions.reword, line=1, description="Phase one")
    assert desk.event().data.keys() == {"line", "before.description", "after.description"}
    assert set(m.PersonalValue.objects.filter(event_id=desk.event().id).values_list("value", flat=True)) == {
        "Consulting – Ada Lovelace", "Phase one"}


@pytest.mark.parametrize("words", ["  ", "x" * 2001])
def test_words_that_say_nothing_or_too_much_are_refused(desk: Desk, words: str) -> None:
    with pytest.raises(Refused, match="says what is billed"):
        desk.do(actions.reword, line=1, description=words)


def test_lines_follow_each_other_as_named(desk: Desk) -> None:
    desk.do(actions.reorder, positions=[3, 1, 2])
    assert desk.amounts() == ["125.90", "285.00", "55.03"]
    adds_up(desk)


@pytest.mark.parametrize("positions", [[], [1, 2], [1, 1, 2], [1, 2, 3, 4], [0, 1, 2]])
def test_an_order_names_each_line_once(desk: Desk, positions: list[int]) -> None:
    with pytest.raises(Refused, match="each line once"):
        desk.do(actions.reorder, positions=positions)


def test_deferred_work_is_unbilled_again_and_the_rest_is_priced_anew(desk: Desk) -> None:
    later = m.WorkItem.objects.get(worked_on=date(2026, 10, 20))
    done = desk.do(actions.defer, line=1, items=[later.id], reason="Not accepted yet")
    line = desk.line(1)
    assert (line.amount, line.quantity, line.numerator) == (Decimal(190), 7200, Decimal(7200 * 95))
    assert (line.service_from, line.service_to) == (date(2026, 10, 5), date(2026, 10, 5))
    assert line.explanation[0] == {"step": "seconds", "times": "7200", "entries": 1, "worked": 7200}
    assert done.net == "370.93"
    assert desk.invoice.service_to == desk.invoice.tax_point == date(2026, 10, 7)
    adds_up(desk)
    [again] = bill(desk.world)
    assert [one.work_item_id for one in again.lines.get().allocations.all()] == [later.id]


def test_a_write_down_keeps_its_share_when_work_leaves_the_line(desk: Desk) -> None:
    desk.do(actions.reword, line=1, description="Phase one")
    desk.do(actions.write_down, line=1, to=Decimal(228), reason="A fifth is ours")
    later = m.WorkItem.objects.get(worked_on=date(2026, 10, 20))
    desk.do(actions.defer, line=1, items=[later.id], reason="Not accepted yet")
    assert (desk.line(1).amount, desk.line(1).description) == (Decimal(152), "Phase one")
    adds_up(desk)
    desk.do(actions.restore, line=1)
    assert (desk.line(1).amount, desk.line(1).numerator) == (Decimal(190), Decimal(7200 * 95))


def test_a_line_with_nothing_left_goes_away(desk: Desk) -> None:
    done = desk.do(actions.defer, line=1, reason="Next month")
    assert desk.amounts() == ["55.03", "125.90"]
    assert done.total == "215.31"
    adds_up(desk)
    desk.do(actions.defer, line=2, reason="Next month")
    with pytest.raises(Refused, match="Nothing would be left"):
        desk.do(actions.defer, line=1, reason="Next month")
    assert desk.amounts() == ["55.03"]


def test_deferred_days_of_a_charge_are_billed_by_the_next_run(desk: Desk) -> None:
    zed = m.Invoice.objects.get(account__number="ZED")
    desk.draft = zed.id
    desk.do(actions.defer, line=3, reason="Disputed")
    assert zed.lines.count() == 9
    adds_up(desk)
    [again] = bill(desk.world)
    assert [line.service_from for line in again.lines.all()] == [date(2026, 3, 1)]


@pytest.mark.parametrize(("changes", "said"), [
    ({"items": [999_999_999]}, "not on line 1"), ({"items": []}, "Nothing is named"), ({"reason": ""}, "reason"),
])
def test_what_is_not_deferred(desk: Desk, changes: dict[str, Any], said: str) -> None:
    with pytest.raises(Refused, match=said):
        desk.do(actions.defer, **{"line": 1, "reason": "Later", **changes})


def test_terms_are_set_and_what_is_not_given_stays(desk: Desk) -> None:
    desk.do(actions.set_terms, purchase_order=" PO-77 ", payment_days=14)
    desk.do(actions.set_terms, payment_days=0)
    assert (desk.invoice.purchase_order, desk.invoice.payment_days) == ("PO-77", 0)
    desk.do(actions.set_terms, purchase_order="")
    assert desk.invoice.purchase_order == ""


def test_terms_that_cannot_be_are_refused_all_at_once(desk: Desk) -> None:
    with pytest.raises(Refused) as refusal:
        desk.do(actions.set_terms, purchase_order="x" * 61, payment_days=366)
    assert [problem.path for problem in refusal.value.problems] == ["purchase_order", "payment_days"]


def test_the_checks_run_again(desk: Desk) -> None:
    desk.do(actions.defer, line=2, reason="Later")
    desk.do(actions.defer, line=2, reason="Later")
    done = desk.do(actions.write_down, line=1, to=Decimal(0), reason="A gift")
    assert done.warns == 1
    assert m.Finding.objects.get(invoice_id=desk.draft).check_name == "total_zero"
    assert desk.do(actions.restore, line=1).warns == 0


def test_the_second_of_two_editors_is_told_who_was_first(desk: Desk) -> None:
    seen = desk.version
    desk.do(actions.write_down, by="mara", line=1, to=Decimal(250), reason="Goodwill")
    actions.check(actor=desk.world.actor("fin"), at=NOW, on=TODAY, drafts=[desk.draft])
    with pytest.raises(Outdated, match=r"Mara changed draft \d+ on 2026-11-02 at 09:00 UTC") as refusal:
        desk.do(actions.reword, version=seen, line=1, description="Phase one")
    assert refusal.value.version == desk.version
    assert [str(problem) for problem in refusal.value.problems] == ["description: “Phase one” is not saved yet."]
    assert desk.line(1).description == "Consulting – Ada Lovelace"


@pytest.mark.parametrize("verb", ["submit", "discard"])
def test_only_a_draft_is_edited(desk: Desk, verb: str) -> None:
    getattr(actions, verb)(actor=desk.world.actor("ben"), at=NOW, on=TODAY, drafts=[desk.draft])
    with pytest.raises(Refused, match=r"is ready|is discarded"):
        desk.do(actions.reword, line=1, description="Phase one")


def test_an_editor_cannot_approve(desk: Desk) -> None:
    big = m.Invoice.objects.get(account__number="BIG")
    desk.draft = big.id
    desk.do(actions.write_down, by="fin", line=1, to=Decimal(1400), reason="Goodwill")
    for_all = {"at": NOW, "on": TODAY, "drafts": [big.id]}
    actions.submit(actor=desk.world.actor("ben"), **for_all)
    with pytest.raises(Refused, match="cannot approve"):
        actions.approve(actor=desk.world.actor("fin"), **for_all)
    assert actions.approve(actor=desk.world.actor("rita"), **for_all) == 1


def test_an_edited_draft_is_issued_as_it_stands(desk: Desk) -> None:
    desk.do(actions.write_down, line=1, share=Decimal("0.1"), reason="Goodwill")
    desk.do(actions.reorder, positions=[2, 3, 1])
    desk.do(actions.reword, line=2, description="Train")
    issued = actions.issue(actor=desk.world.actor("ben"), at=NOW, on=TODAY, drafts=[desk.draft])
    assert issued.skipped == []
    assert desk.invoice.open_item is not None
    assert desk.invoice.open_item.balance == Decimal("520.54")


def test_nobody_edits_a_draft_outside_the_book(desk: Desk) -> None:
    with pytest.raises(NotFound):
        desk.do(actions.reword, by="otto", line=1, description="Mine")
    assert frames.rows("select count(*) from event where actor = 'otto'") == [(0,)]
