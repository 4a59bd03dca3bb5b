"""Usage: each aggregation against a plain loop of its rule, exactly once, and one digest however it is read."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import polars as pl
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from duly.engine.pricing.events import EVENT
from duly.engine.pricing.usage import AGGREGATIONS, PERIOD, Aggregated, Filter, Metric, aggregate, day_begins
from tests.engine.frames import Defaults, frame

EXAMPLES: Final = Path(__file__).with_name("examples") / "usage" / "usage.yaml"
MARCH: Final = datetime(2026, 3, 1, tzinfo=UTC)
Rows = list[dict[str, Any]]

EVENTS: Final[Defaults] = {name: (kind, None) for name, kind in EVENT.items()} | {
    "agreement_id": (pl.Int64, 1), "metric": (pl.String, "calls"), "source": (pl.String, "meter"),
    "quantity": (pl.Decimal(38, 6), 1), "at": (EVENT["at"], MARCH), "received_at": (EVENT["at"], MARCH)}
PERIODS: Final[Defaults] = {name: (kind, None) for name, kind in PERIOD.items()} | {
    "agreement_id": (pl.Int64, 1), "metric": (pl.String, "calls"), "period_from": (pl.Date, date(2026, 3, 1)),
    "period_to": (pl.Date, date(2026, 4, 1)), "time_zone": (pl.String, "Europe/Berlin")}


def events(*rows: Mapping[str, Any]) -> pl.DataFrame:
    return frame(EVENTS, *({"event_id": f"e{number}", **row} for number, row in enumerate(rows)))


def periods(*rows: Mapping[str, Any]) -> pl.DataFrame:
    return frame(PERIODS, *rows)


def first_told(rows: Rows) -> Rows:
    """Of each identity the row received first; those equal in that are told apart by what they say."""
    def place(row: dict[str, Any]) -> tuple[Any, ...]:
        return (row["received_at"], row["at"], row["agreement_id"], row["quantity"], row["properties"] is None,
                row["properties"] or "")
    first: dict[str, dict[str, Any]] = {}
    for row in sorted(rows, key=place):
        first.setdefault(row["event_id"], row)
    return list(first.values())


def region(row: dict[str, Any]) -> str | None:
    return None if row["properties"] is None else row["properties"].split('"')[3]


def by_hand(aggregation: str, rows: Rows, start: datetime, end: datetime) -> Decimal:
    latest = sorted((row for row in rows if row["at"] < end),
                    key=lambda row: (row["at"], row["received_at"], row["event_id"]))
    inside = [row for row in latest if row["at"] >= start]
    if aggregation == "count":
        return Decimal(len(inside))
    if aggregation == "sum":
        return sum((row["quantity"] for row in inside), Decimal(0))
    if aggregation == "max":
        return max((row["quantity"] for row in inside), default=Decimal(0))
    if aggregation == "unique_count":
        return Decimal(len({region(row) for row in inside} - {None}))
    if aggregation == "latest":
        return inside[-1]["quantity"] if inside else Decimal(0)
    held = Fraction(0)
    for row, following in pairwise([*latest, {"at": end}]):
        time = max(following["at"], start) - max(row["at"], start)
        held += Fraction(row["quantity"]) * Fraction(time // timedelta(microseconds=1))
    held = held / ((end - start) // timedelta(microseconds=1)) * 10**6
    whole = int(abs(held) + Fraction(1, 2))
    return Decimal(f"{-whole if held < 0 else whole}e-6")


instants = st.integers(-40 * 24, 70 * 24).map(lambda hours: MARCH + timedelta(hours=hours)) | st.integers(
    0, 80 * 3_600_000_000).map(lambda moment: MARCH + timedelta(days=28, microseconds=moment))
some_events = st.lists(st.fixed_dictionaries({
    "event_id": st.integers(0, 30).map(str), "agreement_id": st.integers(1, 2), "at": instants,
    "received_at": instants, "quantity": st.integers(-10**7, 10**9).map(lambda n: Decimal(f"{n}e-6")),
    "properties": st.none() | st.sampled_from(["eu", "us"]).map('{{"region":"{}"}}'.format)}), max_size=25)


@given(some_events, st.sampled_from(AGGREGATIONS), st.none() | instants,
       st.sampled_from([(), (Filter("region", ("eu",)),), (Filter("region", ("eu",), excluded=True),)]), st.booleans())
def test_aggregations(rows: Rows, aggregation: str, until: datetime | None, filters: tuple[Filter, ...],
                      grouped: bool) -> None:
    metric = Metric("calls", aggregation, property="region", filters=filters, group_by=("region",) if grouped else ())
    months = [date(2026, 3, 1), date(2026, 4, 1), date(2026, 5, 1)]
    due = periods(*({"agreement_id": one, "period_from": start, "period_to": end, "received_until": until}
                    for one in (1, 2) for start, end in pairwise(months)))
    found = aggregate(events(*rows), [metric], due)
    kept = [row for row in first_told(rows) if not filters or (region(row) == "eu") ^ filters[0].excluded]
    for row in found.usage.to_dicts():
        start, end = (day_begins(row[name], "Europe/Berlin") for name in ("period_from", "period_to"))
        mine = [event for event in kept if event["agreement_id"] == row["agreement_id"] and (
            not grouped or row["group"] == ('{"region":null}' if region(event) is None
                                            else f'{{"region":"{region(event)}"}}'))]
        on_time = [event for event in mine if until is None or event["received_at"] <= until]
        inside = [event for event in mine if start <= event["at"] < end]
        assert row["quantity"] == by_hand(aggregation, on_time, start, end)
        assert row["quantity"] + row["late_quantity"] == by_hand(aggregation, mine, start, end)
        assert row["events"] + row["late_events"] == len(inside)
    told = sum(MARCH_BEGINS <= event["at"] < MAY_BEGINS for event in kept)
    assert sum(found.usage["events"]) + sum(found.usage["late_events"]) == told


MARCH_BEGINS: Final = day_begins(date(2026, 3, 1), "Europe/Berlin")
MAY_BEGINS: Final = day_begins(date(2026, 5, 1), "Europe/Berlin")


@given(some_events, st.sampled_from(AGGREGATIONS), st.integers(1, 10), st.randoms(use_true_random=False))
def test_one_digest_however_it_is_read(rows: Rows, aggregation: str, at_once: int, random: Any) -> None:
    metric, due = Metric("calls", aggregation, property="region"), periods({}, {"agreement_id": 2})
    shuffled = random.sample(rows, len(rows))
    whole = aggregate(events(*rows), [metric], due)
    assert aggregate(events(*shuffled).lazy(), [metric], due, at_once=at_once).digest == whole.digest
    again = aggregate(events(*rows, *rows), [metric], due)
    assert again.digest == whole.digest


def test_a_scan_of_a_file_gives_the_digest_of_the_frame(tmp_path: Path) -> None:
    told = events(*({"at": MARCH + timedelta(minutes=7 * n), "quantity": n, "event_id": str(n % 900)}
                    for n in range(1000)))
    told.write_parquet(tmp_path / "events.parquet")
    metrics = [Metric("calls", "sum"), Metric("level", "time_weighted_sum", event="calls")]
    due = periods({}, {"metric": "level"})
    scanned = aggregate(pl.scan_parquet(tmp_path / "events.parquet"), metrics, due, at_once=100)
    assert scanned.findings.height == 100
    assert scanned.digest == aggregate(told, metrics, due).digest


@pytest.mark.parametrize(("day", "zone", "begins"), [
    (date(2026, 3, 29), "Europe/Berlin", datetime(2026, 3, 28, 23, tzinfo=UTC)),
    (date(2026, 3, 30), "Europe/Berlin", datetime(2026, 3, 29, 22, tzinfo=UTC)),
    (date(2026, 4, 24), "Africa/Cairo", datetime(2026, 4, 23, 22, tzinfo=UTC)),  # there is no midnight
    (date(2026, 11, 1), "America/Havana", datetime(2026, 11, 1, 4, tzinfo=UTC)),  # there are two
])
def test_a_day_begins_at_its_first_instant(day: date, zone: str, begins: datetime) -> None:
    assert day_begins(day, zone) == begins


@pytest.mark.parametrize("wrong", [
    periods({}, {"period_from": date(2026, 3, 31), "period_to": date(2026, 5, 1)}),
    periods({"period_to": date(2026, 3, 1)}), periods({"metric": "unknown"})])
def test_periods_that_would_count_twice_are_refused(wrong: pl.DataFrame) -> None:
    with pytest.raises(ValueError, match="overlaps"):
        aggregate(events(), [Metric("calls", "count")], wrong)


@pytest.mark.parametrize("aggregation", ["average", "unique_count"])
def test_a_metric_without_a_rule_is_refused(aggregation: str) -> None:
    with pytest.raises(ValueError, match="metric calls"):
        Metric("calls", aggregation)


def test_two_metrics_of_one_name_are_refused() -> None:
    with pytest.raises(ValueError, match="name each"):
        aggregate(events(), [Metric("calls", "count"), Metric("calls", "sum")], periods())


def test_a_quantity_beyond_exact_sums_is_refused() -> None:
    with pytest.raises(OverflowError):
        aggregate(events({"quantity": Decimal(10**20)}), [Metric("calls", "sum")], periods())


@pytest.mark.parametrize("wrong", [
    events({}).drop("properties"), events({}).with_columns(pl.col("quantity").cast(pl.Decimal(38, 9))),
    events({}).with_columns(pl.col("at").dt.replace_time_zone(None))])
def test_events_of_other_types_are_refused(wrong: pl.DataFrame) -> None:
    with pytest.raises(TypeError, match="events need"):
        aggregate(wrong, [Metric("calls", "sum")], periods())


def instant(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def run(example: dict[str, Any]) -> Aggregated:
    wanted = example["metric"]
    metric = Metric("calls", wanted["aggregation"], property=wanted.get("property", ""),
                    filters=tuple(Filter(one["property"], tuple(one.get("values", one.get("not", []))), "not" in one)
                                  for one in wanted.get("filters", [])), group_by=tuple(wanted.get("group_by", ())))
    told = []
    for number, event in enumerate(example["events"]):
        row: dict[str, Any] = {"event_id": event.get("id", f"e{number}"), "at": instant(event["at"]),
                               "quantity": event.get("quantity", "1"), "properties": event.get("properties")}
        told.append(row | {"received_at": instant(event.get("received", event["at"]))})
    until = example.get("received_until")
    return aggregate(events(*told), [metric], periods({
        "period_from": example["period"]["from"], "period_to": example["period"]["to"],
        "time_zone": example.get("time_zone", "Europe/Berlin"), "received_until": instant(until) if until else None}))


def plain(value: Any) -> str:
    return f"{value.normalize():f}" if isinstance(value, Decimal) else str(value)


@pytest.mark.parametrize("example", yaml.load(EXAMPLES.read_text(encoding="utf-8"), yaml.BaseLoader),
                         ids=lambda example: example["example"])
def test_example(example: dict[str, Any]) -> None:
    found = run(example)
    rows = [{name: plain(row[name]) for name in wanted}
            for row, wanted in zip(found.usage.to_dicts(), example["usage"], strict=True)]
    assert rows == example["usage"]
    assert found.findings["reason"].to_list() == example.get("findings", [])
