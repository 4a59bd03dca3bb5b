"""What bill runs read of usage: quantities, what is late, transactions and balances, as of a snapshot."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from duly.billing import models as m
from duly.billing.kernel import frames
from duly.billing.usage import queries, reading
from duly.billing.usage.reading import Snapshots
from duly.engine.pricing.events import EVENT
from duly.engine.pricing.usage import AGGREGATIONS, aggregate
from tests.billing.usage import NOON, days_after, ingest, metric, period, periods, snapshot
from tests.world import NOW, OCTOBER, World

SEPTEMBER = (date(2026, 9, 1), date(2026, 10, 1))


def quantities(found: pl.DataFrame, *columns: str) -> list[tuple[Any, ...]]:
    return found.select(columns).rows()


def test_each_metric_of_the_same_events(world: World) -> None:
    made = {kind: metric(kind, kind, event="calls", property="user" if kind == "unique_count" else "")
            for kind in AGGREGATIONS}
    ingest(world, {"quantity": 3, "properties": '{"user":"a"}'}, {"quantity": 5, "properties": '{"user":"b"}'},
           {"quantity": 4, "at": days_after(1), "properties": '{"user":"a"}'}, {"at": days_after(40), "quantity": 99})
    found = queries.measured(periods(*(period(one) for one in made.values())))
    answer = {row["metric"]: row["quantity"] for row in found.usage.rows(named=True)}
    held = sum(quantity * seconds for quantity, seconds in ((5, 86_400), (4, 25.5 * 86_400 + 3600)))
    assert answer == {"count": 3, "sum": 12, "max": 5, "unique_count": 2, "latest": 4,
                      "time_weighted_sum": round(Decimal(held) / (31 * 86_400 + 3600), 6)}
    assert set(found.usage["metric_id"]) == {one.pk for one in made.values()}
    assert found.usage.schema == pl.Schema(queries.MEASURED)


def test_groups_and_filters(world: World) -> None:
    one = metric("calls", group_by=["region"], filters=[{"property": "tier", "values": ["free"], "excluded": True}])
    ingest(world, {"properties": '{"region":"eu","tier":"paid"}'}, {"properties": '{"region":"us"}', "quantity": 2},
           {"properties": '{"region":"us","tier":"free"}', "quantity": 9})
    found = queries.measured(periods(period(one))).usage
    assert quantities(found, "group", "quantity") == [('{"region":"eu"}', 1), ('{"region":"us"}', 2)]


def test_what_a_run_did_not_see_is_late(database: str, world: World) -> None:
    one, held = metric("calls"), metric("held", "time_weighted_sum", event="calls")
    ingest(world, {"quantity": 2}, {"quantity": 3, "agreement": "ACME-TM"})
    billed = snapshot()
    asked = periods(period(one, billed_in=billed), period(held, billed_in=billed), period(one, "ACME-TM"))
    assert queries.has_late(asked).is_empty()
    ingest(world, {"event_id": "late", "quantity": 4, "at": days_after(10)},
           {"event_id": "more", "quantity": 5, "agreement": "ACME-TM"}, {"event_id": "next", "at": days_after(30)})
    rebilled = snapshot()
    ingest(world, {"event_id": "later still", "quantity": 8, "at": days_after(10)})
    zed, acme = m.Agreement.objects.get(number="ZED-SUB").pk, m.Agreement.objects.get(number="ACME-TM").pk
    assert quantities(queries.has_late(asked), "agreement_id", "metric_id") == sorted([(zed, one.pk), (zed, held.pk)])
    found = queries.measured(asked).usage.filter(pl.col("metric_id") == one.pk).sort("agreement_id")
    columns = ("agreement_id", "quantity", "late_quantity", "late_events")
    assert sorted(quantities(found, *columns)) == sorted([(zed, 2, 12, 2), (acme, 8, 0, 0)])
    seen = queries.measured(asked, snapshot=rebilled).usage.filter(
        (pl.col("metric_id") == one.pk) & (pl.col("agreement_id") == zed))
    assert quantities(seen, *columns) == [(zed, 2, 4, 1)]
    again = queries.measured(periods(period(one, billed_in=rebilled)))
    assert quantities(again.usage, *columns) == [(zed, 6, 8, 1)]
    assert queries.has_late(periods(period(one, billed_in=rebilled)), snapshot=rebilled).is_empty()


def test_a_late_reading_of_before_changes_what_was_held(database: str, world: World) -> None:
    held = metric("held", "time_weighted_sum", event="calls", group_by=["region"])
    ingest(world, {"at": days_after(-20), "quantity": 10, "properties": '{"region":"eu"}'},
           {"at": days_after(-30), "quantity": 7, "properties": '{"region":"us"}'})
    billed = snapshot()
    ingest(world, {"event_id": "late", "at": days_after(-10), "quantity": 30, "properties": '{"region":"eu"}'})
    asked = periods(period(held, billed_in=billed))
    assert queries.has_late(asked).height == 1
    assert quantities(queries.measured(asked).usage, "group", "quantity", "late_quantity", "events") == [
        ('{"region":"eu"}', 10, 20, 0), ('{"region":"us"}', 7, 0, 0)]


def test_findings_wait_and_do_not_count(world: World) -> None:
    one = metric("calls")
    ingest(world, {})
    ingest(world, {"quantity": 7})
    found = queries.measured(periods(period(one)))
    assert found.usage["quantity"].to_list() == [1]
    assert quantities(found.findings, "reason", "event_id", "at") == [("other_content", "e1", NOON)]


def test_transactions_in_the_order_of_time(database: str, world: World) -> None:
    one = metric("calls", filters=[{"property": "kind", "values": ["sale"]}])
    sale = '{"kind":"sale"}'
    ingest(world, {"quantity": 10, "properties": sale}, {"quantity": 99, "properties": '{"kind":"refund"}'},
           {"quantity": 30, "properties": sale, "at": days_after(3)}, {"at": days_after(-30), "properties": sale})
    billed = snapshot()
    ingest(world, {"event_id": "late", "quantity": 20, "properties": sale, "at": days_after(1)})
    found = queries.transactions(periods(period(one, billed_in=billed)))
    assert quantities(found, "place", "amount", "late") == [(1, 10, False), (2, 20, True), (3, 30, False)]


def test_balances_cover_the_period(database: str, world: World) -> None:
    one = metric("calls", "latest")
    ingest(world, {"at": days_after(-20), "quantity": 100}, {"quantity": 40}, {"at": days_after(0.2), "quantity": 50},
           {"at": days_after(5), "quantity": 60}, {"agreement": "ACME-TM", "quantity": 9})
    billed = snapshot()
    zed = [(date(2026, 10, 1), date(2026, 10, 5), 100), (date(2026, 10, 5), date(2026, 10, 10), 50),
           (date(2026, 10, 10), date(2026, 11, 1), 60)]
    asked = periods(period(one, billed_in=billed), period(one, "ACME-TM", billed_in=billed), period(one, "BIG-MS"))
    columns = ("from_day", "to_day", "balance")
    found = {key: quantities(rows, *columns) for (key,), rows in queries.balances(asked).group_by("agreement_id")}
    agreements = dict(m.Agreement.objects.values_list("number", "id"))
    assert found == {
        agreements["ZED-SUB"]: zed,
        agreements["ACME-TM"]: [(date(2026, 10, 1), date(2026, 10, 5), 0), (date(2026, 10, 5), date(2026, 11, 1), 9)],
        agreements["BIG-MS"]: [(date(2026, 10, 1), date(2026, 11, 1), 0)]}
    ingest(world, {"event_id": "late", "at": days_after(-10), "quantity": 70})
    late = queries.balances(periods(period(one, billed_in=billed)))
    assert quantities(late.filter(~pl.col("late")), *columns) == zed
    assert quantities(late.filter("late"), *columns) == [(date(2026, 10, 1), date(2026, 10, 5), 70), *zed[1:]]


def test_the_oldest_event(world: World) -> None:
    one = metric("calls")
    ingest(world, {}, {"at": days_after(-100)})
    asked = periods(period(one), period(one, "ACME-TM"))
    assert quantities(queries.oldest(asked), "metric_id", "day") == [(one.pk, date(2026, 6, 27))]


def test_many_events_are_spooled_and_answer_the_same(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    held = metric("held", "time_weighted_sum", event="calls", group_by=["region"])
    rows = [{"at": days_after(number / 7 - 5), "quantity": number, "properties": f'{{"region":"r{number % 3}"}}'}
            for number in range(200)]
    metric("calls")
    ingest(world, *rows)
    asked = periods(period(held), period(held, days=SEPTEMBER))
    whole = queries.measured(asked)
    parts = frames.read_parts
    monkeypatch.setattr(frames, "read_parts", lambda *arguments: parts(*arguments, at_once=1000))
    seen = []
    monkeypatch.setattr(pl, "scan_parquet", lambda path, scan=pl.scan_parquet: seen.append(path) or scan(path))
    assert queries.measured(asked).digest == whole.digest
    assert seen
    assert not seen[0].parent.exists()


def test_late_events_are_looked_up_by_when_they_came(database: str, world: World) -> None:
    """The plan reads what was recorded since, not the events of the period or of all time."""
    one = metric("calls")
    ingest(world, *({"at": days_after(number / 100 % 20), "event_id": f"x{number}"} for number in range(3000)))
    [(seen,)] = frames.rows("select max(recorded_in::text::bigint) + 1 from usage_event")
    billed = f"{seen}:{seen}:"  # another session, such as an autovacuum, would widen a snapshot taken now
    ingest(world, {"event_id": "late"})
    asked: list[Any] = []
    read = frames.read
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(frames, "read", lambda *arguments: asked.append(arguments) or read(*arguments))
        assert queries.has_late(periods(period(one, billed_in=billed))).height == 1
    [(query, values, _)] = asked
    explained = frames.rows(f"explain (analyze, timing off, costs off) {query}", values)
    plan = "\n".join(line for (line,) in explained)
    assert "expr_recorded_in" in plan, plan
    assert "Rows Removed by Filter: 3" not in plan


@given(st.lists(st.lists(st.integers(1, 30), max_size=4), min_size=1, max_size=6), st.integers(1, 40))
def test_the_place_among_snapshots(open_ones: list[list[int]], transaction: int) -> None:
    """Against a plain look at each snapshot, where each sees all that an earlier one sees."""
    texts, ended = [], set(range(1, 41))
    for number, under_way in enumerate(open_ones):
        upper = 5 * number + 5
        still = sorted({one for one in under_way if one < upper} & ended)
        ended -= {one for one in range(1, upper) if one not in still}
        texts.append(f"{min([*still, upper])}:{upper}:{','.join(map(str, still))}")
    found = Snapshots(texts)

    def sees(text: str) -> bool:
        _, upper, under_way = text.split(":")
        return transaction < int(upper) and str(transaction) not in under_way.split(",")

    ordered = sorted(found.place, key=lambda text: found.place[text])
    assert found.first_to_see(transaction) == next(
        (place for place, text in enumerate(ordered) if sees(text)), len(ordered))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=15, deadline=None)
@given(st.lists(st.tuples(st.integers(-40, 40), st.integers(-5, 50), st.sampled_from("ab"), st.booleans()),
                max_size=25))
def test_it_is_what_the_engine_makes_of_all_events(world: World, told: list[tuple[int, int, str, bool]]) -> None:
    """The reads before and within periods lose nothing: as if all events ever told were aggregated."""
    from django.db import transaction

    with transaction.atomic():
        made = [metric(f"{kind}{keys}", kind, event="calls", property="user", group_by=["user"] * keys)
                for kind in AGGREGATIONS for keys in (0, 1)]
        rows = [{"at": days_after(day) + timedelta(seconds=number), "quantity": quantity, "event_id": f"h{number}",
                 "properties": f'{{"user": "{user}"}}' if has else None}
                for number, (day, quantity, user, has) in enumerate(told)]
        if rows:
            ingest(world, *rows)
        asked = periods(*(period(one, days=days) for one in made for days in (SEPTEMBER, OCTOBER)))
        found = queries.measured(asked).usage
        zed = m.Agreement.objects.get(number="ZED-SUB").pk
        events = pl.DataFrame([{"agreement_id": zed, "metric": "calls", "source": "meter", "received_at": NOW, **row}
                               for row in rows], schema=dict(EVENT))
        metrics = reading.metrics_of([one.pk for one in made])
        expected = aggregate(events, list(metrics.values()), reading.placed(asked, metrics).select(
            "agreement_id", "metric", "period_from", "period_to", "time_zone",
            pl.lit(None, EVENT["at"]).alias("received_until")))
        assert found.drop("metric_id").rows() == expected.usage.rows()
        transaction.set_rollback(True)


ZONES = ("Europe/Berlin", "America/New_York")


def test_days_are_those_of_the_periods_zone(world: World) -> None:
    one = metric("calls")
    ingest(world, {"at": datetime(2026, 9, 30, 22, 30, tzinfo=UTC)}, {"at": datetime(2026, 10, 1, 3, 59, tzinfo=UTC)},
           {"at": datetime(2026, 10, 1, 0, 0, tzinfo=ZoneInfo(ZONES[1]))})
    counts = [queries.measured(periods({**period(one), "time_zone": zone})).usage["events"].to_list() for zone in ZONES]
    assert counts == [[3], [1]]
