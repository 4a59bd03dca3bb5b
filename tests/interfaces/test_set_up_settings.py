"""Settings of a set-up file: how strict a firm is, and to which step what is to pay is rounded."""

from decimal import Decimal

import pytest

from duly.billing import models as m
from duly.formats.setup_file import SetUpError
from tests.interfaces.test_set_up import SMALL, applied, refused

POLICIES = """
[entities.new_agreements]
review = "none"
payment_days = 14
[entities.checks]
total_zero = "blocks"
duplicate_entry = "usual"
"""


def with_policies(policies: str = POLICIES) -> str:
    """The small file with policies at its entity, and no word of who reviews."""
    whole = SMALL.replace('review = "none"\n', "").replace("\n[[people]]", policies + "\n[[people]]", 1)
    return 'second_factor = ["issue", "finance_lead"]\n' + whole


def test_policies_hold_for_new_agreements_and_later_ones_change_none(empty: None) -> None:
    assert applied(with_policies()).added["policies"] == 1
    agreed = m.AgreementVersion.objects.order_by("id")
    assert set(agreed.values_list("review", "payment_days", "grouping", "time_annex")) == {
        ("none", 14, "person", True)}
    assert list(m.CheckPolicy.objects.values_list("check_name", "severity")) == [("total_zero", "blocks")]
    assert set(m.SecondFactorDemand.objects.values_list("holder", "demanded")) == {
        ("issue", True), ("finance_lead", True)}
    login, versions = m.User.objects.get().login, agreed.count()
    assert applied(with_policies(), login).changed == {}
    stricter = POLICIES.replace('"none"', '"peer"').replace('"blocks"', '"usual"')
    assert applied(with_policies(stricter), login).changed == {"policies": 2}
    assert (agreed.count(), agreed.filter(review="none").count()) == (versions, versions)
    assert not m.CheckPolicy.objects.exclude(severity=None).exists()


def with_steps(steps: str) -> str:
    return SMALL.replace("\n[[people]]", f"\npayable_steps = {steps}\n[[people]]", 1)


def test_what_is_to_pay_is_rounded_as_the_file_says_until_it_ends(empty: None) -> None:
    assert applied(with_steps('[{ step = "0.05" }, { currency = "CHF", step = "0.05" }]')).added["payable steps"] == 2
    login = m.User.objects.get().login
    assert applied(with_steps('[{ currency = "CHF", step = "0.10" }, { ends = true }]'), login).changed == {
        "payable steps": 2}
    assert list(m.PayableStep.objects.values_list("currency", "step")) == [("CHF", Decimal("0.10"))]
    assert refused(with_steps('[{ currency = "CHF", step = "0.005" }]'), login) == [
        ("entities[0].payable_steps[0].step", "0.005 is finer than CHF is paid. Give a multiple of 0.01 CHF.")]
    with pytest.raises(SetUpError) as twice:
        applied(with_steps('[{ step = "0.05" }, { currency = "EUR", step = "0.10" }]'), login)
    [problem] = twice.value.problems
    assert (problem.path, problem.text) == (
        "entities[0].payable_steps[1].currency", "“EUR” stands at entities[0].payable_steps[0] already.")
