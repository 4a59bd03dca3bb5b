"""What pays for lines, or bounds them, before true-ups and discounts: retainers, drawn commitments, caps; and the bills
that thresholds lead to."""

from decimal import Decimal

from duly.engine.currencies import exponent
from duly.engine.pricing.caps import ACTIONS, CAP
from duly.engine.pricing.commitments import COMMITMENT
from duly.engine.pricing.progressive import Bill, bills
from duly.formats.price_document.deductions import charges_of, commitment
from duly.formats.price_document.model import Covers, Row, frame
from duly.formats.price_document.rows import ZERO, Rows
from duly.formats.price_document.table import Node
from duly.formats.price_document.used import instant


def covers(top: Node, rows: Rows) -> Covers:
    """All of them, each empty where the document says nothing."""
    drawn = [commitment(one, rows, number) for number, one in enumerate(top.tables("draw_downs"), start=1)]
    capped = top.table("cap")
    return Covers(tuple(rows.retainers), frame(COMMITMENT, drawn),
                  frame(CAP, [_cap(capped, rows)] if capped else []), _bills(top, exponent(rows.currency)))


def _cap(table: Node, rows: Rows) -> Row:
    places = exponent(rows.currency)
    found: Row = {
        "agreement_id": 1, "charges": charges_of(table, rows), "cap": table.needed("amount", decimals=places),
        "billed_before": table.number("billed_before", decimals=places) or ZERO,
        "action": table.choice("action", ACTIONS, "stop")}
    table.close()
    return found


def _bills(top: Node, places: int) -> tuple[Bill, ...]:
    """The bills of a period whose amounts run up to thresholds."""
    table = top.table("progressive")
    if table is None:
        return ()
    run_ups = [(instant(one, "at", "UTC"), one.needed("amount", decimals=places), one)
               for one in table.tables("run_up")]
    for *_, one in run_ups:
        one.close()
    thresholds, every = _rising(table), table.number("every", decimals=4)
    if every is not None and every <= 0:
        table.note("every", "A step is above zero.", "Leave it out, or give for example every: 1000.")
        every = None
    billed = table.number("billed", decimals=places) or ZERO
    table.close()
    return bills(sorted((at, amount) for at, amount, _ in run_ups), thresholds, every=every, billed=billed)


def _rising(table: Node) -> list[Decimal]:
    """The thresholds, each above the one before."""
    before = len(table.problems)
    given = table.numbers("thresholds")
    if len(table.problems) == before and any(one >= two for one, two in zip([ZERO, *given], given, strict=False)):
        table.note("thresholds", "They do not rise from above zero.", "Write thresholds: [1000, 5000].")
    return given if len(table.problems) == before else []
