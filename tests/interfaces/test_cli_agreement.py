"""Changing agreements by command line, with the numbers of docs/how-to/change-an-agreement.md."""

import re
from datetime import date
from decimal import Decimal as D
from pathlib import Path
from typing import Any

import pytest

from duly.billing import models as m
from duly.billing.agreements.agreed import agreed_versions
from duly.billing.agreements.terms import ChargeInput, TierInput
from duly.interfaces.cli.commands.agreeing import Tier
from tests.billing.models_world import NUMBER, agreed, billed, month, stored
from tests.interfaces.cli import duly, said
from tests.world import World

HOW_TO = Path(__file__).parents[2] / "docs" / "how-to" / "change-an-agreement.md"
SEATS = ChargeInput("seats", "recurring", "Seats", price=D(12), quantity=D(5), interval="month", timing="advance",
                    unit="seat")


@pytest.fixture(autouse=True)
def _plan(database: str, world: World) -> None:
    """Five seats at 12.00 a month, billed in advance for October and November."""
    agreed(world, SEATS, starts_on=date(2026, 10, 1))
    billed(world, month(10))
    billed(world, month(11))


def told(*words: str) -> dict[str, Any]:
    """A preview, and that it left nothing."""
    events = m.Event.objects.count()
    answer = duly("agreement", *words, "--preview", user="fin")
    assert (answer.code, m.Event.objects.count()) == (0, events), answer.text
    return answer.data


def lines(data: dict[str, Any]) -> list[tuple[str, str, bool, bool]]:
    return [(line["kind"], f"{D(line['amount']):.2f}", line["new"], line["gone"]) for line in data["lines"]]


def in_how_to(*figures: str) -> None:
    text = HOW_TO.read_text()
    assert [one for one in figures if one not in text] == []


def test_an_upgrade_counts_at_once(world: World) -> None:
    words = ("change", NUMBER, "seats", "--from", "2026-11-16", "--quantity", "8")
    data = told(*words)
    assert lines(data) == [("recurring", "48.00", True, False), ("unused", "-30.00", True, False)]
    assert (data["net_before"], D(data["difference"]), data["valid_from"]) == ("0", D(18), "2026-11-16")
    assert duly("agreement", *words, user="fin").data == {"agreement": NUMBER, "valid_from": "2026-11-16"}
    [invoice] = billed(world, month(11))
    assert stored(invoice) == [("recurring", "48"), ("unused", "-30")]
    in_how_to("48.00", "−30.00", "18.00")


def test_a_downgrade_counts_with_the_next_period(world: World) -> None:
    words = ("change", NUMBER, "seats", "--from", "2026-11-16", "--quantity", "3")
    data = told(*words)
    assert lines(data) == [("recurring", "36.00", True, False), ("recurring", "60.00", False, True)]
    assert (D(data["difference"]), data["valid_from"], data["through"]) == (D(-24), "2026-12-01", "2026-12-31")
    assert D(told(*words, "--at-once")["difference"]) == D(-12)
    in_how_to("36.00", "60.00", "−24.00", "−12.00")


def test_an_end_credits_the_days_beyond_it(world: World) -> None:
    data = told("end", NUMBER, "--last", "2026-11-20")
    assert lines(data) == [("unused", "-20.00", True, False)]
    in_how_to("−20.00")
    assert duly("agreement", "end", NUMBER, "--last", "2026-11-20", user="fin").code == 0
    assert world.agreement(NUMBER).ends_on == date(2026, 11, 20)
    assert "runs on" in said("agreement", "end", NUMBER, "--open", user="fin").text
    assert duly("agreement", "end", NUMBER, user="fin").code == 2


def test_a_pause_credits_and_is_resumed(world: World) -> None:
    data = told("pause", NUMBER, "--from", "2026-11-11", "--to", "2026-11-26", "--reason", "Summer")
    assert lines(data) == [("unused", "-30.00", True, False)]
    assert duly("agreement", "pause", NUMBER, "--from", "2026-11-11", "--charge", "seats", user="fin").code == 0
    data = told("resume", NUMBER, "--from", "2026-11-26", "--charge", "seats")
    assert (D(data["net_before"]), D(data["net"])) == (D(-40), D(-30))
    assert duly("agreement", "resume", NUMBER, "--from", "2026-11-26", "--charge", "seats", user="fin").code == 0
    in_how_to("−40.00", "−30.00", "10.00")


def test_people_are_shown_tables_and_refusals(world: World) -> None:
    shown = said("agreement", "change", NUMBER, "seats", "--from", "2026-11-16", "--quantity", "8", "--preview",
                 user="fin").text
    for part in ("nothing was stored", "hold from 16 Nov 2026", "difference"):
        assert part in shown
    assert re.search(r"new +\S.* 2026-11-16 +2026-11-30 +1 +-30.00 EUR", shown)
    refused = said("agreement", "change", NUMBER, "seats", "--from", "2026-11-16", "--quantity", "5", user="fin")
    assert (refused.code, "agreed so already" in refused.text) == (1, True)
    assert said("agreement", "pause", NUMBER, "--from", "2026-11-16", user="mara").code != 0
    assert len(agreed_versions(world.agreement(NUMBER))) == 1


def test_tiers_are_read() -> None:
    read = Tier()
    assert read.convert("100=2.50", None, None) == TierInput(D(100), D("2.50"))
    assert read.convert("=2+10", None, None) == TierInput(None, D(2), D(10))
    with pytest.raises(Exception, match="is no tier"):
        read.convert("100", None, None)
