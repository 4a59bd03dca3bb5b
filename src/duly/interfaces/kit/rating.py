"""A rating of events that lie in files, over buckets: each is measured for itself, by any worker that sees the folder.

The folder holds the plan and, of each bucket that is measured, what stays of it. A bucket may be measured again at any
time, after a kill too: it comes to the same, and takes its place at once or not at all.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final

import polars as pl

from duly.billing.kernel.authority import Actor
from duly.billing.kernel.errors import Refused
from duly.billing.usage.actions.rate import MOST
from duly.billing.usage.queries import AT_ONCE
from duly.billing.usage.showing import Shown, asked_of, known_events, told
from duly.engine.pricing.usage import Filter, Metric, Partial, in_bucket, merged, partial
from duly.formats.usage_events import scan_events

PLAN: Final = "rating.json"


@dataclass(frozen=True, slots=True)
class Plan:
    """What is rated: the files, received `at` where they do not say when, in so many buckets, by these metrics."""

    files: list[str]
    at: datetime
    buckets: int
    metrics: list[Metric]


def plan(folder: Path, files: Sequence[Path], *, actor: Actor, at: datetime, period: tuple[date, date],
         buckets: int) -> Plan:
    """Write down what is to be rated. Raises `Refused` for a folder that holds another rating and for what
    `showing.of_files` refuses."""
    if not 1 <= buckets <= MOST:
        raise Refused(f"{buckets} buckets are out of range.", f"Give 1 to {MOST:,}.")
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.iterdir()):
        raise Refused(f"“{folder}” is not empty.", "Name a new folder, or see what is there: duly usage rated FOLDER.")
    found = asked_of(actor=actor, at=at, events=scan_events(files), period=period)
    made = Plan([str(path.resolve()) for path in files], at, buckets, found.metrics)
    found.periods.write_parquet(folder / "periods.parquet")
    found.names.write_parquet(folder / "names.parquet")
    _put(folder / PLAN, lambda beside: beside.write_text(json.dumps(asdict(made), default=str)))
    return made


def measure(folder: Path, bucket: int) -> None:
    """Measure one bucket, and put what stays of it into the folder."""
    found = read_plan(folder)
    names, periods = (pl.read_parquet(folder / f"{name}.parquet") for name in ("names", "periods"))
    events = known_events(in_bucket(scan_events([Path(file) for file in found.files]), bucket, found.buckets), names,
                          found.at)
    part = partial(events, found.metrics, periods, at_once=AT_ONCE)
    for place, metric in enumerate(found.metrics):
        _put(_kept(folder, bucket, place), part.kept[metric.name].write_parquet)
    _put(_findings(folder, bucket), part.findings.write_parquet)


def missing(folder: Path) -> list[int]:
    """The buckets that are not measured yet; the findings of one are written last."""
    return [bucket for bucket in range(read_plan(folder).buckets) if not _findings(folder, bucket).exists()]


def collected(folder: Path) -> Shown:
    """What all buckets come to together. Raises `Refused` while some are not measured."""
    if left := missing(folder):
        raise Refused(f"{len(left)} of {read_plan(folder).buckets} buckets are not measured yet.",
                      "Wait for the workers, or run: duly usage rated FOLDER --measure.")
    found = read_plan(folder)
    names, periods = (pl.read_parquet(folder / f"{name}.parquet") for name in ("names", "periods"))
    parts = [Partial({metric.name: pl.read_parquet(_kept(folder, bucket, place))
                      for place, metric in enumerate(found.metrics)}, pl.read_parquet(_findings(folder, bucket)))
             for bucket in range(found.buckets)]
    return told(merged(parts, found.metrics, periods), names)


def read_plan(folder: Path) -> Plan:
    """The rating of a folder. Raises `Refused` where there is none."""
    try:
        held: dict[str, Any] = json.loads((folder / PLAN).read_text())
    except (OSError, ValueError):
        raise Refused(f"“{folder}” holds no rating.", "Begin one: duly usage rate FILES --folder FOLDER.") from None
    metrics = [Metric(**{**one, "filters": tuple(Filter(**{**each, "values": tuple(each["values"])})
                                                 for each in one["filters"]), "group_by": tuple(one["group_by"])})
               for one in held["metrics"]]
    return Plan(held["files"], datetime.fromisoformat(held["at"]), held["buckets"], metrics)


def _kept(folder: Path, bucket: int, metric: int) -> Path:
    return folder / f"bucket-{bucket:04}-{metric:03}.parquet"


def _findings(folder: Path, bucket: int) -> Path:
    return folder / f"bucket-{bucket:04}.parquet"


def _put(path: Path, write: Callable[[Path], object]) -> None:
    """Write a file beside its place, which it then takes at once."""
    beside = path.with_suffix(".part")
    write(beside)
    beside.replace(path)
