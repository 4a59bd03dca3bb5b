"""One invoice of the demo company has every kind of charge on it: worked by hand here, to the cent, and read as its
client reads it."""

import io
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from pypdf import PdfReader

from duly.billing.invoicing.documents import documents
from duly.billing.kernel import frames
from duly.formats.typeset import render
from duly.interfaces.cli.demo import load as demo
from duly.interfaces.cli.demo.plan import Plan, read_plan
from tests.conftest import _clone

HERON, PEOPLE = "2008", ("tilda", "matteo")
"""The account, and who works for it and for nobody else: alone it is billed as it is in the whole demo."""

LINES = """
    time        Engineering                           4077.00  19  27:00 h × 151.00
    time        Support beyond the retainer            229.50  19  12:15 h less 10:00 h covered = 2:15 h × 102.00
    covered     Support retainer, 10 hours a month       0.00  19  10:00 h that the retainer covers
    expense     Hotel in Berlin, one night             113.82  19  108.40 × 1.05
    expense     Train to Berlin and back                82.43  19  78.50 × 1.05 = 82.425
    expense     Train to Berlin and back               138.60  19  132.00 × 1.05
    expense     Hotel in Berlin, one night             143.22  19  136.40 × 1.05
    expense     Train to Berlin and back               102.90  19  98.00 × 1.05
    expense     Train to Berlin and back               132.30  19  126.00 × 1.05
    milestone   Go-live of instalment plans          18000.00  19  as agreed, accepted whole
    recurring   Support retainer, 10 hours a month     950.00  19  as agreed
    recurring   Console seats                          621.90  19  10 × 32.00 + 14 × 26.50 = 691.00 − 10% (69.10)
    recurring   Clinical reference library             222.00   7  12 × 18.50
    usage       Messages to patients                   351.16  19  5,000 × 0.045 + 5,162 × 0.032 = 390.18 − 10% (39.02)
    percentage  Fee on patients’ payments              419.30  19  43,601.81 × 0.9% + 224 × 0.12 = 419.29629
    balance     Safeguarding of money held             158.44  19  16,523,444.16 for a day × 0.35% ÷ 365 = 158.4440
"""
"""Kind, what it is for, amount, tax in percent, and how it is worked by hand."""

# 19%: 4,077.00 + 229.50 + 713.27 of expenses + 18,000.00 + 950.00 + 621.90 + 351.16 + 419.30 + 158.44 = 25,520.57;
#      × 0.19 = 4,848.9083
# 7%:  222.00 × 0.07 = 15.54
TAXES = [("0.07", "222.00", "15.54"), ("0.19", "25520.57", "4848.91")]
# 25,520.57 + 222.00; 4,848.91 + 15.54; their sum
TOTALS = ("25742.57", "4864.45", "30607.02")

TOLD = (
    "27:00", "108.40 EUR × 1.05 (mark-up 5%) = 113.82", "Granted 10:00, used 12:15, beyond it 2:15",
    "10 × 32.00 + 14 × 26.50 = 691.00", "691.00 − 10% Partner discount (−69.10) = 621.90", "12 readers",
    "5,000 × 0.045 + 5,162 × 0.032 = 390.18", "390.18 − 10% Partner discount (−39.02) = 351.16",
    "43,601.81 × 0.9% + 224 transactions × 0.12 = 419.30", "Average balance",
    "× 0.35% × 31/365 = 158.44", "Total Support desk 12:15 229.50",
    "25,520.57", "4,848.91",
    "15.54", "30,607.02",
)
"""What the client reads of it."""


def of_heron(plan: Plan) -> Plan:
    """The plan with this account alone, from the month in which its agreement begins."""
    whole = plan.set_up
    set_up = replace(whole, accounts=tuple(one for one in whole.accounts if one.number == HERON),
                     agreements=tuple(one for one in whole.agreements if one.account == HERON),
                     people=tuple(one for one in whole.people if one.code in PEOPLE))
    ours = {code for agreed in set_up.agreements for code, _ in agreed.projects}
    story = {**plan.story, "projects": [one for one in plan.story["projects"] if one["code"] in ours], "slips": []}
    return Plan(set_up, story, set_up.agreements[0].versions[0].valid_from)


@pytest.fixture(scope="module")
def october(schema: str) -> Iterator[int]:
    """The id of its invoice for October 2026, made by the demo's own months."""
    with _clone(schema, f"{schema}_mixed"):
        demo.load(of_heron(read_plan()), lambda _: None, date(2026, 11, 4))
        [(found,)] = frames.rows("select id from invoice where issued_on = %s", [date(2026, 11, 4)])
        yield int(found)


def test_every_line_is_as_it_is_worked_by_hand(october: int) -> None:
    expected = [tuple(part.strip() for part in row.split("  ") if part.strip()) for row in LINES.strip().splitlines()]
    found = frames.rows("""select kind, description, amount, tax_rate from invoice_line where invoice_id = %s
                            order by position""", [october])
    assert [(kind, f"{amount:.2f}", f"{rate * 100:.0f}") for kind, _, amount, rate in found] == [
        (kind, amount, percent) for kind, _, amount, percent, _ in expected]
    for (_, description, *_), (_, name, *_) in zip(found, expected, strict=True):
        assert name in description


def test_two_taxes_and_the_total_are_right(october: int) -> None:
    taxes = frames.rows("select rate, base, tax from tax_line where invoice_id = %s order by rate", [october])
    assert [tuple(map(Decimal, row)) for row in TAXES] == taxes
    assert frames.rows("select net, tax, total from invoice where id = %s", [october]) == [tuple(map(Decimal, TOTALS))]


def test_the_client_reads_how_each_amount_came_about(october: int) -> None:
    pages = PdfReader(io.BytesIO(render(documents([october])[0]))).pages
    text = " ".join(" ".join(page.extract_text() for page in pages).split())
    assert [told for told in TOLD if told not in text] == [], text
