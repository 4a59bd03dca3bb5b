"""Usage by command line: files in, what was used out, findings decided; where the events lie changes no quantity."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from duly.billing import models as m
from duly.billing.kernel import frames
from tests.billing.usage import metric
from tests.interfaces.cli import duly, said
from tests.world import World

HEADER = "agreement,metric,source,event_id,at,quantity,properties\n"
FILE = HEADER + """ZED-SUB,calls,meter,e1,2026-10-05T12:00:00Z,1.5,"{""user"":""a""}"
ZED-SUB,calls,meter,e2,2026-10-06T12:00:00Z,2,
"""
BAD = "NONE,calls,meter,e3,2026-10-05T12:00:00Z,1,\nZED-SUB,calls,meter,e4,yesterday,1,\n"


@pytest.fixture(autouse=True)
def _calls(world: World) -> None:
    metric("calls", unit="call")
    metric("users", "unique_count", event="calls", property="user")


def file(folder: Path, text: str) -> Path:
    path = folder / "october.csv"
    path.write_text(text)
    return path


def events() -> int:
    return int(frames.rows("select count(*) from usage_event")[0][0])


def test_a_file_is_previewed_taken_in_and_known_again(tmp_path: Path) -> None:
    path = file(tmp_path, FILE)
    assert "nothing was stored" in said("usage", "import", path, "--preview").text
    assert events() == 0
    first, again = duly("usage", "import", path), duly("usage", "import", path)
    assert (first.code, first.data["new"], first.data["rejected"]) == (0, 2, 0)
    assert (again.code, again.data["new"], again.data["again"]) == (0, 0, 2)
    found = duly("usage", "show", "--period", "2026-10").data
    assert [(row["agreement"], row["metric"], row["quantity"], row["events"]) for row in found["rows"]] == [
        ("ZED-SUB", "calls", "3.500000", 2), ("ZED-SUB", "users", "1.000000", 2)]


def test_bad_rows_keep_a_file_out_or_are_told(tmp_path: Path) -> None:
    path = file(tmp_path, FILE + BAD)
    refused = duly("usage", "import", path)
    assert (refused.code, events()) == (1, 0)
    assert [one["path"] for one in refused.data["error"]["problems"]] == ["row 4, agreement", "row 5, at"]
    kept = duly("usage", "import", path, "--keep-good")
    assert (kept.code, kept.data["new"], kept.data["rejected"], events()) == (1, 2, 2, 2)
    assert duly("usage", "import", file(tmp_path, "a,b\n1,2\n")).code == 2


def test_findings_are_listed_and_decided(tmp_path: Path) -> None:
    duly("usage", "import", file(tmp_path, FILE))
    changed = duly("usage", "import", file(tmp_path, FILE.replace("1.5", "9").replace("10-06", "10-07")))
    assert (changed.code, changed.data["findings"]) == (1, 2)
    found = duly("usage", "findings")
    assert [(one["event_id"], one["reason"]) for one in found.data["findings"]] == [
        ("e1", "other_content"), ("e2", "another_time")]
    one, two = (finding["id"] for finding in found.data["findings"])
    assert duly("usage", "decide", one, "--reason", "x").code == 2
    assert duly("usage", "decide", one, "--ignore", "--reason", "A mistake").data == {"findings": 1, "counted": 0}
    assert duly("usage", "decide", two, "--count", "--reason", "It is").data == {"findings": 1, "counted": 1}
    assert (duly("usage", "findings").code, len(duly("usage", "findings", "--all").data["findings"])) == (0, 2)
    assert duly("usage", "show", "--period", "2026-10", "--metric", "calls").data["rows"][0]["quantity"] == "5.500000"


def test_only_what_is_in_the_book_is_shown(tmp_path: Path) -> None:
    duly("usage", "import", file(tmp_path, FILE))
    assert duly("usage", "show", "--period", "2026-10", user="mara").data["rows"] == []
    assert "not in your book" in said("usage", "show", "--period", "2026-10", "--agreement", "ZED-SUB",
                                      user="mara").text


def written(folder: Path, rows: int) -> list[Path]:
    """Two Parquet files, with events that come again, the same and otherwise."""
    start = datetime(2026, 9, 20, tzinfo=UTC)
    table: list[dict[str, Any]] = [
        {"agreement": ["ZED-SUB", "ACME-TM", "BIG-MS"][n % 3], "metric": "calls", "source": f"meter-{n // 10 % 2}",
         "event_id": f"e{n - (n % 10 == 9)}", "at": start + timedelta(hours=n - (n % 10 == 9) * (n % 20 == 9)),
         "quantity": Decimal(n % 7) / 4, "properties": f'{{"user": "u{n % 5}", "n": 1.50}}' if n % 4 else None}
        for n in range(rows)]
    paths = [folder / "one.parquet", folder / "two.parquet"]
    for path, part in zip(paths, (table[:rows // 2], table[rows // 2:]), strict=True):
        pl.DataFrame(part, schema_overrides={"at": pl.Datetime("us", "UTC"), "quantity": pl.Decimal(20, 6)}
                     ).write_parquet(path)
    return paths


def test_where_the_events_lie_changes_nothing(tmp_path: Path) -> None:
    """Left in Parquet, imported from it, imported in another order: one digest."""
    for kind in ("count", "max", "latest", "time_weighted_sum"):
        metric(kind, kind, event="calls", group_by=["user"])
    paths = written(tmp_path, 600)
    rated = duly("usage", "rate", *paths, "--period", "2026-10").data
    for path in paths:
        duly("usage", "import", path)
    shown = duly("usage", "show", "--period", "2026-10").data
    assert shown["rows"] == rated["rows"]
    assert shown["findings"] == rated["findings"] > 0
    assert shown["digest"] == rated["digest"]
    assert {row["metric"] for row in rated["rows"]} == set(m.Metric.objects.values_list("code", flat=True))


def test_files_that_lack_something_are_not_rated(tmp_path: Path) -> None:
    [path, _] = written(tmp_path, 10)
    pl.read_parquet(path).with_columns(pl.lit(None, pl.String).alias("source")).write_parquet(path)
    refused = said("usage", "rate", path, "--period", "2026-10")
    assert (refused.code, "5 rows lack" in refused.text) == (1, True)


def test_a_token_is_shown_once_listed_and_revoked() -> None:
    made = duly("token", "add", "Meter gateway", "--for", "ben", user="anna")
    assert (made.code, made.data["secret"].startswith("duly_")) == (0, True)
    listed = duly("token", "list", user="anna")
    assert [(one["name"], one["user"], one["state"]) for one in listed.data["tokens"]] == [
        ("Meter gateway", "ben", "valid")]
    assert made.data["secret"] not in listed.text
    assert duly("token", "revoke", made.data["id"], user="anna").code == 0
    assert duly("token", "list", user="anna").data["tokens"][0]["state"] == "revoked"
    assert [duly("token", *words, user="ben").code for words in (("list",), ("add", "x", "--for", "ben"))] == [1, 1]
    assert duly("token", "add", "x", "--for", "nobody", user="anna").code == 2
    assert duly("token", "add", "x", "--for", "ben", "--expires", "2020-01-01", user="anna").code == 1


def test_buckets_come_to_the_same_whoever_measures_them(tmp_path: Path, world: World) -> None:
    """In process, in buckets by jobs of which one ran twice and one was cut off, and after import: one digest."""
    from duly.interfaces.kit import rating
    from duly.interfaces.outbox.jobs import rate_bucket

    for kind in ("count", "max", "latest", "time_weighted_sum"):
        metric(kind, kind, event="calls", group_by=["user"])
    paths, folder = written(tmp_path, 600), tmp_path / "rating"
    whole = duly("usage", "rate", *paths, "--period", "2026-10").data
    begun = duly("usage", "rate", *paths, "--period", "2026-10", "--folder", folder, "--buckets", "5")
    assert (begun.code, begun.data["buckets"]) == (0, 5)
    assert frames.rows("select count(*) from procrastinate_jobs where task_name = 'usage.rate_bucket'") == [(5,)]
    assert "5 of 5 buckets are not measured" in duly("usage", "rated", folder).data["error"]["text"]
    for bucket in (3, 0, 3, 4):
        rate_bucket(folder=str(folder), bucket=bucket)
    (folder / "bucket-0001-000.part").write_bytes(b"cut off")
    assert rating.missing(folder) == [1, 2]
    assert duly("usage", "rated", folder, "--measure").data == whole
    assert "is not empty" in duly("usage", "rate", paths[0], "--period", "2026-10", "--folder", folder).data[
        "error"]["text"]
