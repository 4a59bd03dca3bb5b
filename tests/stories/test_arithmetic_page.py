"""The page on the arithmetic computes: each of its tables is worked by the engine, row by row."""

import re
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from duly.engine.payable import payable_rounding
from duly.engine.periods import period_containing
from duly.engine.pricing.items import LIMIT, price_expenses, with_limits
from duly.engine.pricing.rates import with_rates
from duly.engine.pricing.time import billed_seconds
from duly.engine.rounding import distribute, round_quotient
from duly.engine.tax import at_rates, tax_lines
from duly.engine.tax_amounts import tax_each, tax_included, withheld
from duly.engine.tax_points import at_tax_point, split_at_rates
from duly.engine.tax_rates import seeded_rates
from duly.formats.price_document import priced, read_price_document
from duly.interfaces.cli.show import hours
from tests.engine import frames

PAGE = Path(__file__).resolve().parents[2] / "docs" / "explanation" / "arithmetic.md"
Row = list[str]
MONEY, RATIO, PRICE = pl.Decimal(38, 4), pl.Decimal(38, 14), pl.Decimal(38, 8)

CARD = [  # person, project, role, task, price, valid_from, valid_to
    (None, None, None, None, 150, date(2026, 1, 1), None),
    (None, None, "developer", None, 120, date(2026, 1, 1), None),
    (None, None, None, "support", 95, date(2026, 1, 1), None),
    (None, 1, None, None, 110, date(2026, 1, 1), None),
    (1, None, None, None, 130, date(2026, 1, 1), date(2026, 10, 16)),
    (1, None, None, None, 140, date(2026, 10, 16), None),
    (None, None, "developer", "support", 115, date(2026, 1, 1), None),
]
IDS = {"ada": 1, "bob": 2, "shop": 1, "other": 2}


def tables() -> list[tuple[str, Row]]:
    """Each row of each table that is marked as worked, with the table's name."""
    found = []
    for name, table in re.findall(r"<!-- worked: (\w+) -->\n((?:\|.*\n)+)", PAGE.read_text()):
        for line in table.splitlines()[2:]:
            found.append((name, [cell.strip() for cell in line.strip("|").split("|")]))
    return found


def rounding(row: Row) -> Row:
    return [*row[:3], str(round_quotient(int(row[0]), int(row[1]), int(row[2])))]


def hours_(row: Row) -> Row:
    amount = round_quotient(int(row[0]) * Decimal(row[2]), 3600, 2)
    return [row[0], hours(row[0]), row[2], str(amount)]


def increments(row: Row) -> Row:
    entry = pl.DataFrame({"quantity": [int(row[0])], "rounding": [row[1]], "increment_seconds": [int(row[2])],
                          "minimum_seconds": [int(row[3])]})
    return [*row[:4], str(entry.select(billed_seconds()).item())]


def rates(row: Row) -> Row:
    columns = ("person_id", "project_id", "role", "task", "price", "valid_from", "valid_to")
    card = pl.DataFrame(CARD, schema=columns, orient="row").with_columns(
        pl.lit(1).alias("rate_card_id"), pl.int_range(1, pl.len() + 1).cast(pl.Int64).alias("rate_id"),
        pl.col("price").cast(PRICE))
    work = pl.DataFrame({"rate_card_id": [1], "person_id": [IDS[row[0]]], "project_id": [IDS[row[1]]], "role": [row[2]],
                         "task": [row[3]], "worked_on": [date.fromisoformat(row[4])]})
    return [*row[:5], f"{with_rates(work, card)['price'][0]:.0f}"]


def expenses(row: Row) -> Row:
    same = row[2] == "1"
    work = pl.DataFrame({
        "work_id": [1], "document_key": [1], "agreement_id": [1], "charge_id": [1], "terms_id": [1],
        "kind": ["expense"], "project_id": [None], "project": [None], "person_id": [None], "person": [None],
        "role": [None], "task": [None], "worked_on": [date(2026, 10, 5)], "quantity": [Decimal(1)],
        "amount": [Decimal(row[0])], "cost_currency": ["EUR" if same else "USD"],
        "exchange_rate": [None if same else Decimal(row[2])], "description": ["Train"], "currency": ["EUR"],
        "exponent": [2], "rate_card_id": [None], "rounding": ["exact"], "increment_seconds": [1],
        "minimum_seconds": [0], "markup": [Decimal(row[1])], "grouping": ["person"], "charge_name": ["Travel"],
        "tax_class": ["standard"], "unit": [""],
    }, schema_overrides={"amount": MONEY, "exchange_rate": RATIO, "markup": PRICE, "quantity": pl.Decimal(38, 6),
                         "exponent": pl.Int8, "project": pl.String, "person": pl.String, "task": pl.String,
                         "project_id": pl.Int64, "person_id": pl.Int64})
    lines, _, _ = price_expenses(work)
    return [*row[:3], f"{lines['amount'][0]:.2f}"]


def limits(row: Row) -> Row:
    hotel = pl.DataFrame([(1, "hotel", Decimal(150))], schema=LIMIT, orient="row")
    abroad = {} if row[3] == "1" else {"cost_currency": "USD", "exchange_rate": row[3]}
    spent = frames.work({"kind": "expense", "task": row[0], "amount": row[1], "markup": row[2], **abroad})
    lines, _, _ = price_expenses(with_limits(spent.drop("at_most"), hotel))
    return [*row[:4], f"{lines['amount'][0]:.2f}"]


def periods(row: Row) -> Row:
    found = period_containing(date.fromisoformat(row[0]), row[1], 1, row[2], date.fromisoformat(row[3]))
    return [*row[:4], str(found.start), str(found.end)]


def proration(row: Row) -> Row:
    return [*row[:3], str(round_quotient(Decimal(row[0]) * int(row[1]), int(row[2]), 2))]


def shares(row: Row) -> Row:
    parts = distribute(Decimal(row[0]), [int(weight) for weight in row[1].split()], 2)
    return [*row[:2], " ".join(str(part) for part in parts)]


def tax(row: Row) -> Row:
    amounts = [Decimal(amount) for amount in row[0].split()]
    lines = pl.DataFrame({
        "document_key": [1] * len(amounts), "tax_category": ["S"] * len(amounts),
        "tax_rate": [Decimal(row[1])] * len(amounts), "tax_reason": [""] * len(amounts), "amount": amounts,
        "exponent": [2] * len(amounts),
    }, schema_overrides={"amount": MONEY, "tax_rate": pl.Decimal(38, 6), "exponent": pl.Int8})
    spread, summed = tax_lines(lines)
    return [*row[:2], f"{summed['tax'][0]:.2f}", " ".join(f"{part:.2f}" for part in spread["tax"])]


def included(row: Row) -> Row:
    lines = pl.DataFrame({
        "document_key": 1, "tax_category": "S", "tax_rate": Decimal(row[1]), "tax_reason": "",
        "amount": [Decimal(amount) for amount in row[0].split()], "exponent": 2,
    }, schema_overrides={"amount": MONEY, "tax_rate": pl.Decimal(38, 6), "exponent": pl.Int8})
    spread, summed = tax_included(lines)
    assert spread["gross"].to_list() == lines["amount"].to_list()
    return [*row[:2], f"{summed['tax'][0]:.2f}", f"{summed['base'][0]:.2f}",
            " ".join(f"{part:.2f}" for part in spread["amount"])]


def several(row: Row) -> Row:
    lines = pl.DataFrame({
        "line_key": [1], "document_key": [1], "tax_class": ["standard"], "tax_point": [date(2026, 10, 31)],
        "amount": [Decimal(row[0])], "exponent": [2]}, schema_overrides={"amount": MONEY, "exponent": pl.Int8})
    taxes = pl.DataFrame({
        "tax_class": "standard", "position": [1, 2], "name": ["first", "second"], "category": "S", "reason": "",
        "rate": [Decimal(row[1]), Decimal(row[2])], "compound": [False, row[3] == "yes"],
        "valid_from": date(2026, 1, 1), "valid_to": pl.Series([None, None], dtype=pl.Date),
    }, schema_overrides={"rate": pl.Decimal(38, 6)})
    groups = tax_each(lines, taxes)[1]
    return [*row[:4], *(f"{amount:.2f}" for amount in groups["tax"])]


def withholding(row: Row) -> Row:
    totals = pl.DataFrame({"document_key": [1], "net": [Decimal(row[0])], "total": [Decimal(row[1])], "exponent": [2]},
                          schema_overrides={"net": MONEY, "total": MONEY, "exponent": pl.Int8})
    rules = pl.DataFrame({"document_key": [1], "name": ["tax"], "rate": [Decimal(row[2])]},
                         schema_overrides={"rate": pl.Decimal(38, 6)})
    found = withheld(totals, rules)[1]
    return [*row[:3], f"{found['withheld'][0]:.2f}", f"{found['payable'][0]:.2f}"]


def vouchers(row: Row) -> Row:
    voucher, hours, fee, covers, withheld_, rate = row[:6]
    charges = [f"{{code: {code}, model: per_unit, price: {price}, quantity: 1}}"
               for code, price in (("hours", hours), ("fee", fee)) if Decimal(price)]
    covered = "" if covers == "all" else f", charges: [{covers}]"
    kept = Decimal(withheld_) / (Decimal(hours) + Decimal(fee)) * 100
    held = f"withholdings: [{{percent: {kept}}}]" if kept else ""
    text = f"""currency: EUR
period: 2026-10
charges: [{", ".join(charges)}]
tax_rates: [{{percent: {Decimal(rate) * 100}}}]
credits: [{{amount: {voucher}, untaxed: true{covered}}}]
{held}"""
    found = priced(read_price_document(text.encode()))["totals"]
    assert found["withheld"] == Decimal(withheld_)
    return [*row[:6], *(str(found[name]) for name in ("total", "prepaid", "payable"))]


def payable(row: Row) -> Row:
    rounding = payable_rounding(Decimal(row[0]), Decimal(row[1]))
    return [*row[:2], f"{rounding:.2f}", f"{Decimal(row[0]) + rounding:.2f}"]


def split(row: Row) -> Row:
    told = '[{"step":"price","times":"1"},{"step":"round","exponent":2,"amount":"1"}]'
    begins, ends = (date.fromisoformat(day) for day in row[1].split(" to "))
    lines = pl.DataFrame({
        "tax_category": ["S"], "tax_class": ["standard"], "tax_country": ["DE"], "service_from": [begins],
        "service_to": [ends], "amount": [Decimal(row[0])], "exponent": [2], "numerator": [Decimal(row[0])],
        "denominator": [1], "explanation": [told],
    }, schema_overrides={"amount": MONEY, "exponent": pl.Int8, "numerator": RATIO, "denominator": pl.Int64})
    rates = seeded_rates().filter((pl.col("country") == "DE") & (pl.col("tax_class") == "standard"))
    parts = at_rates(at_tax_point(split_at_rates(lines, rates)), rates)
    return [*row[:2], " ".join(f"{part:.2f}" for part in parts["amount"]),
            " ".join(f"{rate.normalize():f}" for rate in parts["tax_rate"])]


def charged(charge: str, period: str = "2026-10") -> dict[str, Any]:
    """What a price document of one charge comes to."""
    text = f"currency: EUR\nperiod: {period}\ncharges: [{{{charge}}}]"
    return priced(read_price_document(text.encode()))


def prorations(row: Row) -> Row:
    answer = charged(f"model: recurring, price: 60, time_zone: Europe/Berlin, from: {row[0]}, proration: {row[1]}",
                     row[0][:7])
    steps = [step for line in answer["lines"] for step in line["explanation"]]
    billed = next((step["times"] for step in steps if step["step"] in ("days", "span_seconds")),
                  str(len(answer["lines"])))
    return [*row[:2], billed, next((step["over"] for step in steps if "over" in step), "1"),
            str(answer["totals"]["net"])]


def quantities(row: Row) -> Row:
    priced_by = {"per_unit": "price: 5", "package": "price: 45, size: 10"}.get(
        row[0], "tiers: [{up_to: 10, price: 5, flat: 20}, {price: 4, flat: 30}]")
    return [*row[:2], str(charged(f"model: {row[0]}, quantity: {row[1]}, {priced_by}")["totals"]["net"])]


def balances(row: Row) -> Row:
    answer = charged(f"model: balance, percent: 0.75, day_count: {row[0]}, balances: [{{balance: 1000000}}]")
    steps = {step["step"]: step for step in answer["lines"][0]["explanation"]}
    return [row[0], steps["counted_days"]["times"], steps["year"]["over"], str(answer["totals"]["net"])]


def multipliers(row: Row) -> Row:
    day, entries, *terms = row[:5]
    given = dict(zip(("weekend_factor", "overtime_factor", "overtime_after_hours"), terms, strict=True))
    agreed = "".join(f", {key}: {value}" for key, value in given.items() if value != "none")
    worked = ", ".join(f"{{on: {day}, time: {time}}}" for time in entries.split())
    answer = charged(f"model: time, price: 100{agreed}, entries: [{worked}]")
    lines = ", ".join(f"{hours(line['seconds'])} × {line['unit_price']}" for line in answer["lines"])
    return [*row[:5], lines, str(answer["totals"]["net"])]


WORKED: dict[str, Callable[[Row], Row]] = {
    "rounding": rounding, "hours": hours_, "increments": increments, "multipliers": multipliers,
    "rates": rates, "expenses": expenses, "limits": limits,
    "periods": periods, "proration": proration, "prorations": prorations, "quantities": quantities,
    "balances": balances, "shares": shares, "tax": tax, "included": included, "several": several,
    "withholding": withholding, "split": split, "payable": payable,
    "vouchers": vouchers,
}


def test_every_way_of_working_has_its_table() -> None:
    assert {name for name, _ in tables()} == set(WORKED)


@pytest.mark.parametrize(("name", "row"), tables(), ids=lambda value: value if isinstance(value, str) else "")
def test_the_row_is_what_the_engine_computes(name: str, row: Row) -> None:
    assert WORKED[name](row) == row
