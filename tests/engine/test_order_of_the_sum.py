"""From events to what is to pay: charges, true-ups, discounts, credit and advances, in the order of the sum."""

from datetime import date
from decimal import Decimal

import polars as pl

from duly.engine.pricing import replay
from duly.engine.pricing.caps import cap
from duly.engine.pricing.commitments import draw_down, true_ups
from duly.engine.pricing.credits import Advance, Demand, Grant, draw, net_credit, net_off
from duly.engine.pricing.discounts import discount
from duly.engine.pricing.lines import QUANTITY
from duly.engine.pricing.metered import price_metered
from duly.engine.pricing.usage import Metric, aggregate
from tests.engine.frames import metered, tiers
from tests.engine.test_caps import caps
from tests.engine.test_commitments import commitments
from tests.engine.test_discounts import discounts
from tests.engine.test_usage import events, periods

MARCH_31 = date(2026, 3, 31)


def keyed(lines: pl.DataFrame) -> pl.DataFrame:
    return lines.with_row_index("line_key", offset=1).with_columns(pl.col("line_key").cast(pl.Int64))


def used() -> pl.DataFrame:
    """100 calls at 3.333: 333.30."""
    usage = aggregate(events(*({"quantity": 10} for _ in range(10))), [Metric("calls", "sum")], periods({})).usage
    charge = metered({"agreement_id": 1, "charge_id": 1, "price": "3.333"}).drop("quantity").join(
        usage.select("agreement_id", pl.col("quantity").cast(QUANTITY)), on="agreement_id")
    return price_metered(charge, tiers())


def test_each_step_takes_what_the_one_before_has_left() -> None:
    lines = used()
    lines = keyed(pl.concat([lines, true_ups(lines, commitments({"committed": 500}))]))
    assert lines["amount"].to_list() == [Decimal("333.30"), Decimal("166.70")]

    found = discount(lines, discounts({"scope": "invoice", "rate": Decimal("0.1")})).lines
    assert found["net"].to_list() == [Decimal("299.97"), Decimal("150.03")]

    within = cap(found, caps({"cap": 400, "action": "ask"})).lines
    assert within["net"].to_list() == [Decimal("299.97"), Decimal("100.03")]
    assert [replay(line["explanation"]) for line in within.to_dicts()] == within["net"].to_list()

    grants = [Grant("Prepaid", Decimal(80), date(2026, 1, 1), tax_category="S", tax_rate=Decimal("0.19"))]
    demands = [Demand(str(key), MARCH_31, net) for key, net in within.select("line_key", "net").rows()]
    credit = net_credit(draw(grants, demands, until=MARCH_31), grants, exponent=2)
    left = sum([*within["net"], *(one.amount for one in credit)], Decimal(0))
    deposit = Advance("I-1", "deposit", date(2026, 2, 1), Decimal(1000), "S", Decimal("0.19"))
    assert left == 320
    assert [one.amount for one in net_off(left, [deposit], exponent=2)] == [Decimal(-320)]


def test_a_commitment_that_is_billed_for_itself_pays_what_discounts_have_left() -> None:
    found = discount(keyed(used()), discounts({"scope": "agreement", "off": Decimal("33.30")})).lines
    drawn = draw_down(found, commitments({"committed": 1000, "used_before": 750}))
    assert drawn.drawn["amount"].to_list() == [Decimal(250)]
    assert drawn.statement["left"].to_list() == [0]
