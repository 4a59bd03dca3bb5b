"""What people change on a draft: amounts down, work to later, words, order, terms; and the way back.

Every verb takes the `version` of the draft that its user saw and refuses another one (`Outdated`), names lines by
their position in it, computes tax, totals and checks again as drafting does, and answers the draft's new version.
All raise `NotFound` outside the book and `Refused` for a draft that is under review, issued or discarded.
"""

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal

import polars as pl

from duly.billing.audit.actions import record, verb
from duly.billing.invoicing.editing import (
    DraftLine,
    Edited,
    allocate,
    allocations,
    line_of,
    opened,
    put_line,
    settled,
)
from duly.billing.invoicing.repricing import priced_again
from duly.billing.invoicing.together import refuse_computed
from duly.billing.kernel import frames
from duly.billing.kernel.authority import Actor
from duly.billing.kernel.errors import Problem, Refused
from duly.engine.pricing import reduction

LONGEST_DESCRIPTION = 2_000
LONGEST_TERM = 365
"""Days: beyond a year a payment term is a slip."""


@verb("invoicing.write_down", right="bill")
def write_down(*, actor: Actor, at: datetime, on: date, draft: int, version: str, line: int, reason: str,
               to: Decimal | None = None, share: Decimal | None = None) -> Edited:
    """Bill less for a line: `to` an amount below what was priced, or without a `share` of it (0.1 is a tenth).

    The work counts as billed all the same. The explanation says who wrote down and why; a second write-down takes
    the place of the first. Raises `Refused` without a reason, and for an amount that is not down to whole minor units.
    """
    why = _given(reason, "A write-down")
    header = opened(actor, on, draft, version, to=to, share=share, reason=why)
    was = line_of(draft, line)
    rows = _reduced(was, to, share, by=actor.login, reason=why)
    _put_amount(was, rows, header["exponent"][0])
    record("invoice", draft, line=line, before={"amount": f"{was.amount:f}"}, after={"amount": rows[-1]["amount"]},
           reason=why)
    return settled(header, on)


def _reduced(line: DraftLine, to: Decimal | None, share: Decimal | None, *, by: str,
             reason: str) -> list[dict[str, object]]:
    if (to is None) == (share is None):
        raise Refused("Nothing says how far the line is written down.", "Give either an amount or a share.")
    if share is not None and not (share.is_finite() and 0 < share <= 1):
        raise Refused(f"A share of {share} cannot be written down.", "Give more than 0 and up to 1.",
                      problems=[Problem("share", "It is not between 0 and 1.")])
    try:
        left = to if share is None else reduction.left_after(line.explanation, share)
        return reduction.reduce(line.explanation, left, by=by, reason=reason)  # type: ignore[arg-type]
    except ValueError as error:
        raise Refused(str(error), "Give another amount.", problems=[Problem("to", str(error))]) from error


def _put_amount(line: DraftLine, rows: list[dict[str, object]], exponent: int, **values: object) -> None:
    """Write the line with these rows, and its amount over the work on it."""
    work = allocations(line)
    amount = put_line(line, rows, **values)
    if not work.is_empty():
        allocate(line, work, amount, exponent)


@verb("invoicing.reword", right="bill")
def reword(*, actor: Actor, at: datetime, on: date, draft: int, version: str, line: int, description: str) -> Edited:
    """Describe a line in other words; the drafted ones stay in its explanation. Raises `Refused` for none or too many.

    Where they are the drafted ones again, the line is as it was.
    """
    words = description.strip()
    header = opened(actor, on, draft, version, description=words)
    if not 1 <= len(words) <= LONGEST_DESCRIPTION:
        raise Refused("A line says what is billed.", f"Use between 1 and {LONGEST_DESCRIPTION} characters.",
                      problems=[Problem("description", f"It has {len(words)} characters.")])
    was = line_of(draft, line)
    drafted = reduction.original_words(was.explanation) or was.description
    rows = (reduction.without(was.explanation, "reword") if words == drafted
            else reduction.reworded(was.explanation, was.description, by=actor.login))
    put_line(was, rows, description=words)
    record("invoice", draft, personal={"before.description": was.description, "after.description": words}, line=line)
    return settled(header, on)


@verb("invoicing.restore", right="bill")
def restore(*, actor: Actor, at: datetime, on: date, draft: int, version: str, line: int) -> Edited:
    """Take back a line's write-down and its other words: it is as it was priced. Raises `Refused` where it is that."""
    header = opened(actor, on, draft, version)
    was = line_of(draft, line)
    drafted = reduction.original_words(was.explanation)
    if drafted is None and reduction.reduced(was.explanation) is None:
        raise Refused(f"Line {line} is as it was drafted.", "Nothing needs to be done.")
    rows = reduction.without(reduction.without(was.explanation, "write_down"), "reword")
    _put_amount(was, rows, header["exponent"][0], description=drafted or was.description)
    record("invoice", draft, line=line, before={"amount": f"{was.amount:f}"}, after={"amount": rows[-1]["amount"]},
           reworded=drafted is not None)
    return settled(header, on)


@verb("invoicing.reorder", right="bill")
def reorder(*, actor: Actor, at: datetime, on: date, draft: int, version: str, positions: Sequence[int]) -> Edited:
    """Print the lines in another order: their present positions as they are to follow each other.

    Raises `Refused` unless each line is named once.
    """
    header = opened(actor, on, draft, version)
    [(count,)] = frames.rows("select count(*) from invoice_line where invoice_id = %s", [draft])
    if sorted(positions) != list(range(1, count + 1)):
        raise Refused("An order names each line once.", f"Draft {draft} has the lines 1 to {count}.",
                      problems=[Problem("positions", f"{', '.join(map(str, positions)) or 'None'} were named.")])
    record("invoice", draft, positions=list(positions))
    return settled(header, on, positions)


@verb("invoicing.defer", right="bill")
def defer(*, actor: Actor, at: datetime, on: date, draft: int, version: str, line: int, reason: str,
          items: Sequence[int] | None = None) -> Edited:
    """Leave a line's work, or the `items` of it by id, for a later bill: it is unbilled again, and `left_out` lists it.

    What remains is priced again at the line's own rate, a write-down keeps its share. A line with nothing left goes
    away. Raises `Refused` without a reason, for work that is not on the line, for what follows from the whole draft
    (`together.refuse_computed`), and when the draft would be empty.
    """
    why = _given(reason, "What is deferred")
    header = opened(actor, on, draft, version, reason=why)
    was = line_of(draft, line)
    work = allocations(was)
    chosen = sorted(set(items)) if items is not None else work["work_item_id"].to_list()
    if strange := sorted(set(chosen) - set(work["work_item_id"])):
        raise Refused(f"Work item {strange[0]} is not on line {line}.", "Look at the line's work again.",
                      problems=[Problem(f"items[{item}]", "It is not on this line.") for item in strange])
    if items is not None and not chosen:
        raise Refused("Nothing is named to be deferred.", "Choose work of the line, or the whole line.")
    kept = work.filter(~pl.col("work_item_id").is_in(chosen))
    refuse_computed(draft, was, whole=kept.is_empty())
    rest = _without(was, kept, header["exponent"][0])
    record("invoice", draft, line=line, kind=was.kind, terms=was.terms_id, items=chosen, reason=why,
           before={"amount": f"{was.amount:f}"}, after={"amount": f"{rest:f}"})
    return settled(header, on)


def _without(line: DraftLine, kept: pl.DataFrame, exponent: int) -> Decimal:
    """Leave only this work on the line, or no line where there is none; its amount then."""
    if not kept.is_empty():
        return priced_again(line, kept, exponent)
    [(others,)] = frames.rows("""select count(*) from invoice_line o join invoice_line l on l.invoice_id = o.invoice_id
                                  where l.id = %s and o.id <> l.id""", [line.id])
    if not others:
        raise Refused("Nothing would be left on the draft.", "Discard it instead: its work is free again, too.")
    for content, key in (("work_allocation", "line_id"), ("charge_span", "line_id"), ("line_tax", "line_id"),
                         ("invoice_line", "id")):
        frames.execute(f"delete from {content} where {key} = %s", [line.id])
    return Decimal(0)


@verb("invoicing.set_terms", right="bill")
def set_terms(*, actor: Actor, at: datetime, on: date, draft: int, version: str, purchase_order: str | None = None,
              payment_days: int | None = None) -> Edited:
    """Bill on another purchase order (“” for none), or due in another number of days; None leaves what stands.

    Raises `Refused` for an order of more than 60 characters and for more than a year.
    """
    header = opened(actor, on, draft, version, purchase_order=purchase_order, payment_days=payment_days)
    before = header.select("purchase_order", "payment_days").row(0, named=True)
    before["purchase_order"] = before["purchase_order"] or ""
    given = {"purchase_order": None if purchase_order is None else purchase_order.strip(), "payment_days": payment_days}
    after = before | {name: value for name, value in given.items() if value is not None}
    problems = []
    if len(after["purchase_order"]) > 60:
        problems.append(Problem("purchase_order", "It has more than 60 characters.", "Give the order's number only."))
    if not 0 <= after["payment_days"] <= LONGEST_TERM:
        problems.append(Problem("payment_days", f"{payment_days} days are no term.", f"Give 0 to {LONGEST_TERM}."))
    if problems:
        raise Refused("These terms cannot be set.", problems=problems)
    frames.execute("update invoice set purchase_order = %(purchase_order)s, payment_days = %(payment_days)s"
                   " where id = %(draft)s", {**after, "draft": draft})
    record("invoice", draft, before=before, after=after)
    return settled(header, on)


def _given(reason: str, what: str) -> str:
    if not reason.strip():
        raise Refused(f"{what} needs a reason.", "Say why, for whoever reviews the draft.",
                      problems=[Problem("reason", "It is empty.")])
    return reason.strip()
