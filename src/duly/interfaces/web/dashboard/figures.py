"""A board as its page shows it: tiles, charts and rows, each with the address of the list behind it."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from duly.billing.reporting.dashboard import Board, Figure, Month, Opens
from duly.engine.metrics import RULES
from duly.interfaces.kit import charts, printing
from duly.interfaces.web.links import address, listed

MEASURES: Final = (
    # the measure's name in the engine, its title, its unit
    ("dso", "Days sales outstanding", "days"),
    ("countback", "The same by countback", "days"),
    ("best_possible", "Best possible", "days"),
    ("delinquent", "Days lost to late payment", "days"),
    ("effectiveness", "Collection effectiveness", "%"),
    ("days_to_pay", "Days to pay", "days"),
)


@dataclass(frozen=True, slots=True)
class Tile:
    """A key figure: the words around it, and how it moved."""

    label: str
    amount: Decimal
    url: str
    note: str
    delta: str = ""
    tone: str = ""
    trend: tuple[Decimal, ...] = ()


def pictured(board: Board) -> dict[str, Any]:
    """What the template has beside the board itself."""
    return {
        "tiles": _tiles(board),
        "overdue_share": _share(board.overdue.amount, board.open.amount),
        "ageing": charts.stacked(
            [(age.name, max(age.amount, Decimal(0)), _said(board, age.amount)) for age in board.ageing],
            [age.count for age in board.ageing], [_list(age.opens) for age in board.ageing]),
        "dso": _dso(board), "year": _year(board), "months": _months(board),
        "measures": [(title, getattr(board.collecting, name), unit, RULES[name]) for name, title, unit in MEASURES],
        "late": [(each, address("account", each.account), _list(each.opens)) for each in board.late],
        "run_url": _list(board.run.opens) if board.run else "",
    }


def _tiles(board: Board) -> list[Tile]:
    this, last = f"{board.months[-1].month:%B}", f"{board.months[-2].month:%B}"
    months, owed = board.months, board.open.change
    share = _share(board.overdue.amount, board.open.amount)
    return [
        Tile("Open receivables", board.open.amount, _list(board.open.opens),
             f"since the end of {last}" if owed is not None else _count(board.open), _change(owed),
             "" if owed is None else "poor" if owed > 0 else "good", tuple(month.open for month in months)),
        Tile("Overdue", board.overdue.amount, _list(board.overdue.opens),
             f"{share} of what is open, {_count(board.overdue)}" if share else _count(board.overdue)),
        _of_month(f"Collected in {this}", board.collected, last, tuple(month.collected for month in months)),
        _of_month(f"Billed in {this}", board.billed, last, tuple(month.billed for month in months)),
    ]


def _of_month(label: str, figure: Figure, last: str, trend: tuple[Decimal, ...]) -> Tile:
    """A month under way is compared with the whole of the one before, and says so."""
    note = f"against all of {last}" if figure.change is not None else f"nothing in {last}"
    return Tile(label, figure.amount, _list(figure.opens), note, _change(figure.change), trend=trend)


def _dso(board: Board) -> charts.Line | None:
    """By month, with what it would be if everyone paid in time; None for fewer than two months that have one."""
    points = [(_name(month), month.dso, f"{month.dso} days") for month in board.months if month.dso is not None]
    best = board.collecting.best_possible
    target = (best, f"If all paid in time: {best}") if best is not None else None
    return charts.line(points, target=target) if len(points) > 1 else None


def _year(board: Board) -> str:
    """How DSO moved within a year, in words."""
    now, then = board.months[-1].dso, board.months[0].dso
    if now is None or then is None:
        return "days"
    return f"days, {abs(now - then)} {'more' if now > then else 'fewer'} than a year ago"


def _months(board: Board) -> charts.Groups:
    def values(month: Month) -> list[tuple[charts.Number, str, str]]:
        billed, paid = _list(month.documents), _list(month.receipts)
        return [(amount, _said(board, amount), url)
                for amount, url in ((month.billed, billed), (month.revenue, billed), (month.collected, paid))]

    rows = [(_name(month), values(month)) for month in board.months]
    return charts.grouped(rows, ("Billed", "Revenue before tax", "Collected"))


def _name(month: Month) -> str:
    return f"{month.month:%b %Y}"


def _said(board: Board, amount: Decimal) -> str:
    return str(printing.money(amount, board.currency))


def _count(figure: Figure) -> str:
    return f"{figure.count:,} invoice{'' if figure.count == 1 else 's'}"


def _share(part: Decimal, whole: Decimal) -> str:
    return printing.percent(part / whole) if whole > 0 else ""


def _change(percent: Decimal | None) -> str:
    return "" if percent is None else f"{percent:+}%"


def _list(opens: Opens) -> str:
    return listed(opens.list, opens.filters)
