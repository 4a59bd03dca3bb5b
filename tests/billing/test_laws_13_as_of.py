"""Law 13: as-of takes two dates, effective and known at; the same pair always gives the same figures."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta

import psycopg
import pytest
from django.db import connections, transaction

from duly.billing.kernel.errors import Refused
from duly.billing.ledger.queries import AsOf, as_of, control_ties, open_items_as_of, settled_at, trial_balance
from tests.billing import raw
from tests.billing.raw import Sql
from tests.world import World

OCTOBER_END, NOVEMBER_END = date(2026, 10, 31), date(2026, 11, 30)


@contextmanager
def committed() -> Iterator[Sql]:
    with transaction.atomic(), connections["default"].cursor() as cursor:
        yield Sql(cursor)


def figures(world: World, when: AsOf) -> list[list[dict[str, object]]]:
    frames = open_items_as_of(when), trial_balance(when, world.entity().id), control_ties(when)
    return [frame.to_dicts() for frame in frames]


def test_the_same_pair_gives_the_same_figures_whatever_comes_later(database: str, world: World) -> None:
    with committed() as sql:
        _, item = raw.issued(sql)
        money = raw.receipt(sql, "119.00")
    pairs = [as_of(on) for on in (OCTOBER_END, raw.ISSUED, NOVEMBER_END)]
    before = [figures(world, when) for when in pairs]
    with committed() as sql:
        raw.pay(sql, money, item, "119.00", on=NOVEMBER_END)
    with committed() as sql:
        raw.receipt(sql, "50.00", on=raw.ISSUED)
    assert [figures(world, when) for when in pairs] == before
    assert figures(world, as_of(NOVEMBER_END)) != before[-1]


def test_a_back_dated_posting_shows_only_for_who_asks_later(database: str, world: World) -> None:
    known = as_of(raw.ISSUED)
    with committed() as sql:
        raw.receipt(sql, "50.00", on=OCTOBER_END)
    assert open_items_as_of(AsOf(raw.ISSUED, known.known_at)).is_empty()
    assert open_items_as_of(as_of(raw.ISSUED))["balance"].to_list() == [-50]
    assert open_items_as_of(as_of(OCTOBER_END - timedelta(days=1))).is_empty()


def test_the_subledger_ties_at_every_pair_of_dates(database: str, world: World) -> None:
    seen = []
    with committed() as sql:
        _, item = raw.issued(sql)
    seen.append(settled_at())
    with committed() as sql:
        raw.pay(sql, raw.receipt(sql, "200.00", on=raw.ISSUED), item, "19.00", on=NOVEMBER_END)
    seen.append(settled_at())
    for known_at in seen:
        for on in (OCTOBER_END, raw.ISSUED, NOVEMBER_END):
            when = AsOf(on, known_at)
            assert control_ties(when)["difference"].sum() == 0
            items = open_items_as_of(when).filter(control="receivable")["balance"].sum()
            receivable = trial_balance(when, world.entity().id).filter(role="receivable")["balance"].sum()
            assert items == receivable


def test_an_instant_with_a_transaction_under_way_is_not_settled(database: str, world: World) -> None:
    """What that transaction posts will carry its start, so figures known after it could still change."""
    settings = connections["default"].get_connection_params()
    with psycopg.connect(host=settings["host"], user=settings["user"], dbname=database) as other:
        begun = other.execute("select now()").fetchone()
        assert begun is not None
        assert settled_at() < begun[0]
        with pytest.raises(Refused, match="is not settled yet"):
            AsOf(raw.ISSUED, begun[0])
        raw.receipt(Sql(other.cursor()), "50.00")
        known = as_of(raw.ISSUED)
        assert open_items_as_of(known).is_empty()
        other.commit()
        assert open_items_as_of(known).is_empty()
        assert open_items_as_of(as_of(raw.ISSUED)).height == 1


def test_a_report_prints_both_dates(database: str, world: World) -> None:
    when = as_of(raw.ISSUED)
    assert str(when) == f"as of 2026-11-02, known at {when.known_at:%Y-%m-%d %H:%M:%S.%f} UTC"
