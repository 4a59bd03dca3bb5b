"""Charts as geometry: plain numbers for SVG, texts left to HTML. Floats, because pixels are no money."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

Number = int | float | Decimal
STEPS: Final = (1, 2, 2.5, 5, 10)
UNITS: Final = ((1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "k"))
"""Sizes from which a grid value is written in a larger unit."""


@dataclass(frozen=True, slots=True)
class Point:
    """A value with its label and its place in percent of the plot, from the top left; `said` is the value in words."""

    label: str
    said: str
    x: float
    y: float


@dataclass(frozen=True, slots=True)
class GridLine:
    said: str
    y: float


@dataclass(frozen=True, slots=True)
class Line:
    """A line with its area, grid, and target where it has one."""

    points: tuple[Point, ...]
    grid: tuple[GridLine, ...]
    target: GridLine | None

    @property
    def path(self) -> str:
        return " ".join(f"{point.x:.2f},{point.y:.2f}" for point in self.points)

    @property
    def area(self) -> str:
        return f"0,100 {self.path} 100,100"

    @property
    def slot(self) -> float:
        """The width of one point's column."""
        return 100 / max(1, len(self.points) - 1)


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a stacked bar: `order` picks its colour; start and width in percent of the whole."""

    label: str
    said: str
    order: int
    start: float
    width: float
    count: int | None = None
    url: str = ""

    @property
    def share(self) -> str:
        return f"{self.width:.1f}%"


@dataclass(frozen=True, slots=True)
class Bar:
    """A column: its left edge, width, top and height in percent of the plot."""

    label: str
    said: str
    x: float
    width: float
    y: float
    height: float
    url: str = ""


@dataclass(frozen=True, slots=True)
class Groups:
    """Columns side by side for each label: `groups` are (label, its bars), one for each of `series`, in order."""

    series: tuple[str, ...]
    groups: tuple[tuple[str, tuple[Bar, ...]], ...]
    grid: tuple[GridLine, ...]


@dataclass(frozen=True, slots=True)
class Tick:
    """A value of the axis below, with its place in percent from the left."""

    said: str
    x: float


@dataclass(frozen=True, slots=True)
class Curve:
    """A line over amounts: both axes by value, from zero. `marks` are points to be told apart: place, and words."""

    path: str
    area: str
    grid: tuple[GridLine, ...]
    ticks: tuple[Tick, ...]
    marks: tuple[Point, ...]


def tick(value: float) -> str:
    """A grid value in few characters: 250, 12.5k, 3M."""
    size, unit = next(((size, unit) for size, unit in UNITS if abs(value) >= size), (1, ""))
    return f"{value / size:,.10g}{unit}"


def spark(values: Sequence[Number], width: int = 96, height: int = 28, margin: int = 2) -> str:
    """The points of a small line without axes; empty for fewer than two values."""
    if len(values) < 2:
        return ""
    low, high = float(min(values)), float(max(values))
    span = (high - low) or 1
    across, up = (width - 2 * margin) / (len(values) - 1), (height - 2 * margin) / span
    return " ".join(f"{margin + place * across:.1f},{height - margin - (float(value) - low) * up:.1f}"
                    for place, value in enumerate(values))


def scale(values: Sequence[Number], lines: int = 4, from_zero: bool = False) -> tuple[float, ...]:
    """Round grid values that enclose all values, about `lines` steps apart."""
    low, high = (float(min(values)), float(max(values))) if values else (0.0, 0.0)
    low = min(low, 0.0) if from_zero else low
    if high == low:
        high = low + 1
    rough = (high - low) / lines
    power = 10.0 ** _magnitude(rough)
    step = next(step * power for step in STEPS if step * power >= rough * 0.999)
    first = int(low // step)
    found = [first * step]
    while found[-1] < high:
        found.append(found[-1] + step)
    return tuple(found)


def _magnitude(value: float) -> int:
    return int(f"{value:e}".partition("e")[2])


def line(points: Sequence[tuple[str, Number, str]], *, target: tuple[Number, str] | None = None,
         from_zero: bool = False) -> Line:
    """A line through (label, value, value in words); `target` is a value with its words."""
    values = [value for _, value, _ in points] + ([target[0]] if target else [])
    grid = scale(values, from_zero=from_zero)
    low, span = grid[0], grid[-1] - grid[0]
    last = max(1, len(points) - 1)

    def y(value: Number) -> float:
        return 100 - (float(value) - low) / span * 100

    made = tuple(Point(label, said, place / last * 100, y(value)) for place, (label, value, said) in enumerate(points))
    return Line(made, tuple(GridLine(tick(value), y(value)) for value in grid),
                GridLine(target[1], y(target[0])) if target else None)


def stacked(rows: Sequence[tuple[str, Number, str]], counts: Sequence[int] = (),
            urls: Sequence[str] = ()) -> list[Part]:
    """One bar in parts, from (label, value, value in words); values are not negative."""
    total = float(sum(float(value) for _, value, _ in rows)) or 1.0
    parts, start = [], 0.0
    for order, (label, value, said) in enumerate(rows):
        width = float(value) / total * 100
        parts.append(Part(label, said, order, start, width, counts[order] if counts else None,
                          urls[order] if urls else ""))
        start += width
    return parts


def bars(rows: Sequence[tuple[str, Number, str]], urls: Sequence[str] = (),
         gap: float = 0.3) -> tuple[list[Bar], tuple[GridLine, ...]]:
    """Columns from zero with their grid, from (label, value, value in words)."""
    grid = scale([value for _, value, _ in rows], from_zero=True)
    low, span = grid[0], grid[-1] - grid[0]
    slot = 100 / max(1, len(rows))

    def y(value: Number) -> float:
        return 100 - (float(value) - low) / span * 100

    made = [Bar(label, said, (place + gap / 2) * slot, slot * (1 - gap), min(y(value), y(0)), abs(y(0) - y(value)),
                urls[place] if urls else "") for place, (label, value, said) in enumerate(rows)]
    return made, tuple(GridLine(tick(value), y(value)) for value in grid)


def grouped(rows: Sequence[tuple[str, Sequence[tuple[Number, str, str]]]], series: Sequence[str],
            gap: float = 0.3) -> Groups:
    """Columns side by side from zero: for each label one (value, value in words, address) of each series."""
    grid = scale([value for _, values in rows for value, _, _ in values], from_zero=True)
    low, span = grid[0], grid[-1] - grid[0]
    slot = 100 / max(1, len(rows))
    width = slot * (1 - gap) / max(1, len(series))

    def y(value: Number) -> float:
        return 100 - (float(value) - low) / span * 100

    def bar(place: int, order: int, value: Number, said: str, url: str) -> Bar:
        left = (place + gap / 2) * slot + order * width
        return Bar(series[order], said, left, width, min(y(value), y(0)), abs(y(0) - y(value)), url)

    groups = tuple((label, tuple(bar(place, order, *each) for order, each in enumerate(values)))
                   for place, (label, values) in enumerate(rows))
    return Groups(tuple(series), groups, tuple(GridLine(tick(value), y(value)) for value in grid))


def curve(points: Sequence[tuple[Number, Number]], marks: Sequence[tuple[Number, Number, str]] = (),
          lines: int = 4) -> Curve:
    """A line through (across, up), its bounds as ticks; `marks` are (across, up, words). Two points at least."""
    grid = scale([up for _, up in points], lines, from_zero=True)
    low, span = grid[0], grid[-1] - grid[0]
    widest = float(points[-1][0]) or 1.0

    def place(across: Number, up: Number) -> tuple[float, float]:
        return float(across) / widest * 100, 100 - (float(up) - low) / span * 100

    drawn = [place(across, up) for across, up in points]
    path = " ".join(f"{x:.2f},{y:.2f}" for x, y in drawn)
    below = 100 + low / span * 100
    ticks = [Tick(tick(float(across)), place(across, 0)[0]) for across in sorted({across for across, _, _ in marks})]
    return Curve(path, f"0,{below:.2f} {path} 100,{below:.2f}",
                 tuple(GridLine(tick(up), place(0, up)[1]) for up in grid), tuple(_apart(ticks)),
                 tuple(Point(said, said, *place(across, up)) for across, up, said in marks))


def _apart(ticks: Sequence[Tick], least: float = 14.0) -> list[Tick]:
    """The first and the last tick, and those between that have room."""
    kept = list(ticks[-1:])
    for one in reversed(ticks[1:-1]):
        if kept[-1].x - one.x >= least <= one.x - ticks[0].x:
            kept.append(one)
    return [*ticks[:-1][:1], *reversed(kept)]
