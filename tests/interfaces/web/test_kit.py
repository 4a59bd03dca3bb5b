"""The components' own arithmetic: money and dates in print, the geometry of charts, numbers kept in forms."""

from datetime import date
from decimal import Decimal

import pytest
from django import forms

from duly.billing.kernel.errors import Forbidden, Problem, Refused
from duly.interfaces.kit import charts, printing
from duly.interfaces.kit.forms import Form, beside
from duly.interfaces.kit.templatetags.kit import noun


@pytest.mark.parametrize(("amount", "currency", "printed"), [
    ("1234.5", "EUR", "€1,234.50"), ("-0.07", "EUR", "−€0.07"), ("987654321012.72", "USD", "$987,654,321,012.72"),
    ("1500", "JPY", "¥1,500"), ("12.345", "KWD", "KWD\N{NO-BREAK SPACE}12.345"),
    ("3217.02", "CHF", "CHF\N{NO-BREAK SPACE}3,217.02"), ("0", "EUR", "€0.00"), ("0.125", "EUR", "€0.125"),
])
def test_money_is_printed_with_every_digit_and_its_currency(amount: str, currency: str, printed: str) -> None:
    assert str(printing.money(Decimal(amount), currency)) == printed


@pytest.mark.parametrize(("name", "count", "said"), [
    ("drafts", 1, "draft"), ("entries", 1, "entry"), ("entries", 0, "entries"), ("people", 1, "people"),
])
def test_a_list_of_one_is_counted_in_the_singular(name: str, count: int, said: str) -> None:
    assert noun(name, count) == said


@pytest.mark.parametrize(("then", "said"), [
    (date(2026, 11, 2), "today"), (date(2026, 11, 1), "1 day ago"), (date(2026, 10, 2), "31 days ago"),
    (date(2026, 11, 7), "in 5 days"),
])
def test_how_long_ago(then: date, said: str) -> None:
    assert printing.ago(then, date(2026, 11, 2)) == said


@pytest.mark.parametrize(("values", "grid"), [
    ([36.2, 49.6], (35, 40, 45, 50)), ([0, 100], (0, 25, 50, 75, 100)), ([5, 5], (5.0, 5.25, 5.5, 5.75, 6.0)),
    ([-30, 90], (-50, 0, 50, 100)), ([], (0, 0.25, 0.5, 0.75, 1)), ([1_000_000, 4_000_000], (1e6, 2e6, 3e6, 4e6)),
])
def test_a_grid_is_round_and_holds_all_values(values: list[float], grid: tuple[float, ...]) -> None:
    assert charts.scale(values) == grid


def test_a_line_runs_from_edge_to_edge_and_up_is_more() -> None:
    line = charts.line([("Jan", 10, "10"), ("Feb", 20, "20"), ("Mar", 15, "15")], target=(10, "Target"))
    assert [(point.x, point.y) for point in line.points] == [(0, 100), (50, 0), (100, 50)]
    assert line.target == charts.GridLine("Target", 100)
    assert line.area.startswith("0,100 ")


def test_parts_fill_the_bar() -> None:
    parts = charts.stacked([("a", Decimal(1), "1"), ("b", Decimal(3), "3")], [2, 6])
    assert [(part.start, part.width) for part in parts] == [(0, 25), (25, 75)]
    assert [(part.share, part.count) for part in parts] == [("25.0%", 2), ("75.0%", 6)]
    assert [part.width for part in charts.stacked([("a", 0, "0")])] == [0]


def test_a_curve_goes_by_its_amounts() -> None:
    curve = charts.curve([(0, 0), (1000, 20), (1000, 22), (1500, 27)], [(0, 0, "0"), (1000, 20, "€20"), (1500, 27, "")])
    assert curve.path == "0.00,100.00 66.67,33.33 66.67,26.67 100.00,10.00"
    assert [(tick.said, round(tick.x)) for tick in curve.ticks] == [("0", 0), ("1k", 67), ("1.5k", 100)]
    assert [(mark.said, round(mark.x), round(mark.y)) for mark in curve.marks][1] == ("€20", 67, 33)


def test_ticks_of_a_curve_stand_apart() -> None:
    marks = [(amount, amount, "") for amount in (0, 1, 2, 50, 100)]
    assert [tick.said for tick in charts.curve([(0, 0), (100, 100)], marks).ticks] == ["0", "50", "100"]


def test_columns_stand_on_zero_below_and_above() -> None:
    bars, grid = charts.bars([("Jan", 10, "10"), ("Feb", -10, "−10")])
    zero = next(line.y for line in grid if line.said == "0")
    assert (bars[0].y + bars[0].height, bars[1].y) == (zero, zero)


def test_one_value_is_no_trend() -> None:
    assert charts.spark([3]) == ""
    assert charts.spark([3, 3]).count(",") == 2


class Amount(Form):
    amount = forms.DecimalField()


def test_what_cannot_be_read_stays_in_its_field() -> None:
    assert 'type="text"' in str(Amount({"amount": "12,5"})["amount"])
    assert 'value="12,5"' in str(Amount({"amount": "12,5"})["amount"])


def test_a_refusal_stands_beside_its_field_and_above_the_form() -> None:
    form = Amount({"amount": "5"})
    with beside(form):
        problems = [Problem("amount", "Only 3 is left."), Problem("row 2", "Odd.")]
        raise Refused("Too much.", "Pay less.", problems=problems)
    assert form.errors == {"__all__": ["Too much. Pay less.", "row 2: Odd."], "amount": ["Only 3 is left."]}
    with pytest.raises(Forbidden), beside(form):
        raise Forbidden("Not yours.")
