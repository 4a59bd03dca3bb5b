"""The life of an invoice, step by step, and the fiscal year of its number."""

from datetime import date

import pytest

from duly.engine.fiscal import document_number, fiscal_year
from duly.engine.lifecycle import FINAL, STATES, TRANSITIONS, moves, next_states


@pytest.mark.parametrize(
    ("state", "act", "leads_to"),
    [
        ("draft", "submit", ("in_review", "ready")),
        ("draft", "issue", ("issued",)),
        ("draft", "discard", ("discarded",)),
        ("draft", "approve", ()),
        ("in_review", "approve", ("client_check", "ready")),
        ("in_review", "return", ("draft",)),
        ("in_review", "issue", ()),
        ("client_check", "confirm", ("ready",)),
        ("client_check", "question", ("draft",)),
        ("client_check", "issue", ()),
        ("ready", "edit", ("draft",)),
        ("ready", "issue", ("issued",)),
        ("ready", "discard", ()),
        ("issued", "edit", ()),
        ("issued", "discard", ()),
        ("discarded", "issue", ()),
    ],
)
def test_where_an_act_leads(state: str, act: str, leads_to: tuple[str, ...]) -> None:
    assert next_states(state, act) == leads_to


def test_what_is_final_stays() -> None:
    assert not [old for old, _ in TRANSITIONS if old in FINAL]
    assert not [old for old, _ in moves() if old in FINAL]


def test_every_state_is_known_and_can_be_reached_and_left() -> None:
    pairs = moves()
    assert {state for pair in pairs for state in pair} == set(STATES)
    assert {new for _, new in pairs} == set(STATES)
    assert {old for old, _ in pairs} == set(STATES) - set(FINAL)
    assert all(old != new for old, new in pairs)


@pytest.mark.parametrize("state", [state for state in STATES if state not in FINAL])
def test_every_state_before_the_last_has_a_way_to_be_discarded(state: str) -> None:
    assert "discarded" in next_states(state, "discard") or "draft" in next_states(state, "edit")


@pytest.mark.parametrize(
    ("on", "start_month", "year"),
    [("2026-01-01", 1, 2026), ("2026-12-31", 1, 2026), ("2026-03-31", 4, 2025), ("2026-04-01", 4, 2026),
     ("2027-03-31", 4, 2026)],
)
def test_the_fiscal_year_is_named_by_its_first_day(on: str, start_month: int, year: int) -> None:
    assert fiscal_year(date.fromisoformat(on), start_month) == year


@pytest.mark.parametrize(
    ("pattern", "number"),
    [("R{year}-{number:05}", "R2026-00042"), ("{number}", "42"), ("{year}/{number:02}", "2026/42")],
)
def test_numbers_are_printed_by_their_pattern(pattern: str, number: str) -> None:
    assert document_number(pattern, 2026, 42) == number
