"""Terms that renew, and the notice that ends them; by the rules of `engine.renewals`."""

from datetime import date
from decimal import Decimal as D

import pytest

from duly.billing import models as m
from duly.billing.agreements.actions.runtime import give_notice, put_runtime
from duly.billing.agreements.runtimes import standing_of
from duly.billing.agreements.terms import ChargeInput
from duly.billing.kernel.errors import Refused
from tests.billing.models_world import NUMBER, agreed
from tests.world import NOW, World

FEE = ChargeInput("fee", "recurring", "Licence", price=D(100), interval="month")


def ends_on() -> date | None:
    return m.Agreement.objects.get(number=NUMBER).ends_on


def put(world: World, months: int = 12, renews: int | None = 12, notice: int = 3) -> str:
    return put_runtime(actor=world.actor("fin"), at=NOW, on=world.today, agreement=NUMBER, months=months,
                       renews_months=renews, notice_months=notice).outcome


def notice(world: World, on: date) -> str:
    return give_notice(actor=world.actor("fin"), at=NOW, on=world.today, agreement=NUMBER, noticed_on=on).ends_on


def test_one_that_does_not_renew_ends_with_its_term(world: World) -> None:
    agreed(world, FEE, starts_on=date(2026, 1, 1))
    assert (put(world, renews=None), ends_on()) == ("added", date(2026, 12, 31))
    assert (put(world), ends_on(), put(world)) == ("changed", None, "unchanged")


@pytest.mark.parametrize(("noticed_on", "last"), [
    (date(2026, 9, 30), date(2026, 12, 31)), (date(2026, 10, 1), date(2027, 12, 31))])
def test_notice_ends_the_first_term_for_which_it_is_in_time(world: World, noticed_on: date, last: date) -> None:
    agreed(world, FEE, starts_on=date(2026, 1, 1))
    put(world)
    found = standing_of(NUMBER, date(2026, 9, 1))
    assert found is not None
    assert (found[1].notice_by, found[1].renews_on) == (date(2026, 9, 30), date(2027, 1, 1))
    assert (notice(world, noticed_on), ends_on()) == (last.isoformat(), last)
    with pytest.raises(Refused, match="already"):
        notice(world, noticed_on)
    with pytest.raises(Refused, match="Notice was given"):
        put(world, months=6)
    agreed(world, FEE, starts_on=date(2026, 1, 1))  # the set-up file again: the end that notice brought stays
    assert ends_on() == last


def test_what_cannot_be_is_refused(world: World) -> None:
    agreed(world, FEE, starts_on=date(2026, 1, 1))
    with pytest.raises(Refused, match="does not renew"):
        notice(world, date(2026, 9, 30))
    with pytest.raises(Refused) as refusal:
        put(world, months=0, renews=0, notice=-1)
    assert [problem.path for problem in refusal.value.problems] == ["months", "renews_months", "notice_months"]
