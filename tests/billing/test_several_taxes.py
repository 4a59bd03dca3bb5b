"""Several taxes on one base, by country and region, and what changes among them within what is billed."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from duly.billing import models as m
from duly.billing.invoicing import actions
from duly.billing.invoicing.editing import version_of
from duly.engine.pricing import replay
from tests.billing.test_invoicing_run import bill
from tests.billing.test_invoicing_taxes import german_subscription, issue, shown
from tests.world import NOW, TODAY, World


@pytest.fixture(autouse=True)
def _committed(database: str) -> None:
    """Runs freeze their input by transaction, so what they read must be committed."""


def component(name: str, rate: str | None, position: int = 1, *, region: str = "", compound: bool = False,
              on: date = date(2026, 1, 1)) -> None:
    m.TaxComponent.objects.create(country="DE", region=region, tax_class="standard", position=position, name=name,
                                  rate=rate and Decimal(rate), compound=compound, valid_from=on, source="test")


@pytest.mark.parametrize(("region", "named", "total"), [
    ("QC", [("GST", "0.05", "95.00", "4.75"), ("QST", "0.09975", "99.75", "9.95")], "109.70"),
    ("AB", [("GST", "0.05", "95.00", "4.75")], "99.75"),
    ("ON", [("HST", "0.13", "95.00", "12.35")], "107.35"),
])
def test_several_taxes_on_one_base(world: World, region: str, named: Any, total: str) -> None:
    m.Account.objects.filter(number="ACME").update(region=region)
    world.time(3600)
    _no_rates()
    component("GST", "0.05")
    component("QST", "0.09975", 2, region="QC", compound=True)
    component("GST", None, region="on ")
    component("HST", "0.13", region="ON")
    draft = next(one for one in bill(world) if one.account.number == "ACME")
    assert [(tax.name, f"{tax.rate.normalize():f}", f"{tax.base:.2f}", f"{tax.tax:.2f}")
            for tax in draft.tax_lines.order_by("position")] == named
    line = draft.lines.get()
    assert [(tax.name, f"{tax.tax:.2f}") for tax in line.taxes.order_by("id")] == [(one[0], one[3]) for one in named]
    assert f"{draft.total:.2f}" == total
    assert line.tax == draft.tax
    assert issue(world, draft).numbers


def _no_rates(on: date = date(2026, 1, 1)) -> None:
    """The country's own rates end: what is sold is taxed by the several taxes."""
    m.TaxRate.objects.create(country="DE", tax_class="standard", rate=None, valid_from=on, source="test")


@pytest.mark.parametrize(("region", "october"), [
    ("QC", [("10-01", "10-10", "100.00", "14.98"), ("10-11", "10-31", "210.00", "31.50")]),
    ("AB", [("10-01", "10-31", "310.00", "15.50")]),  # another region's tax changed
])
def test_a_fee_that_crosses_a_change_of_one_of_several_taxes_is_split_by_days(
    world: World, region: str, october: list[tuple[str, ...]]
) -> None:
    m.Account.objects.filter(number="ACME").update(region=region)
    german_subscription(world)
    world.time(3600, on=date(2026, 10, 10))
    world.time(7200, on=date(2026, 10, 11))
    _no_rates()
    component("GST", "0.05")
    component("QST", "0.09975", 2, region="QC")
    component("QST", "0.10", 2, region="QC", on=date(2026, 10, 11))
    drafts = [one for one in bill(world) if one.account.number == "ACME"]
    [seats] = [shown(draft, "recurring") for draft in drafts if draft.lines.filter(kind="recurring")]
    assert [(first, last, amount, tax) for first, last, amount, _, tax in seats][-len(october):] == october
    [worked] = [shown(draft, "time") for draft in drafts if draft.lines.filter(kind="time")]
    assert [(amount, tax) for _, _, amount, _, tax in worked] == (
        [("95.00", "14.23"), ("190.00", "28.50")] if region == "QC" else [("285.00", "14.25")])
    for draft in drafts:
        assert all(replay(line.explanation) == line.amount for line in draft.lines.all())
        assert draft.tax == sum(line.tax for line in draft.lines.all())
        assert issue(world, draft).numbers


def test_several_taxes_in_place_of_the_one_rate_split_a_fee(world: World) -> None:
    german_subscription(world)
    _no_rates(date(2026, 10, 11))
    component("GST", "0.05")
    component("PST", "0.07", 2)
    draft = next(one for one in bill(world) if one.account.number == "ACME")
    assert shown(draft, "recurring")[-2:] == [("10-01", "10-10", "100.00", "0.19", "19.00"),
                                              ("10-11", "10-31", "210.00", "0.00", "25.20")]


def test_a_draft_whose_several_taxes_changed_is_not_issued(world: World) -> None:
    world.time(3600)
    _no_rates()
    component("GST", "0.05")
    draft = next(one for one in bill(world) if one.account.number == "ACME")
    component("PST", "0.07", 2)
    answer = issue(world, draft)
    assert not answer.numbers
    assert "draft it again" in answer.skipped[0][1]


def test_a_draft_of_several_taxes_is_settled_again_by_all_of_them(world: World) -> None:
    world.time(3600)
    _no_rates()
    component("GST", "0.05")
    component("PST", "0.07", 2)
    draft = next(one for one in bill(world) if one.account.number == "ACME")
    edited = actions.write_down(actor=world.actor("ben"), at=NOW, on=TODAY, draft=draft.pk,
                                version=version_of(draft.pk), line=1, to=Decimal("10"), reason="Goodwill")
    assert (edited.net, edited.tax, edited.blocks) == ("10.00", "1.20", 0)
    assert issue(world, draft).numbers
