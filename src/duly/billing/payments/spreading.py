"""How money is spread over invoices: wants are looked at, the engine divides, refusals say what will not do."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal

from duly.billing.kernel.errors import NotFound, Problem, Refused
from duly.billing.payments.queries import Payable
from duly.engine import wording
from duly.engine.allocation import Beyond, Item, Part, named

Wanted = Sequence[tuple[str, Decimal | None]]
"""Invoice numbers with the amount for each; None is as much as is left on both sides."""


def parts(items: Mapping[str, Payable], wanted: Wanted, amount: Decimal, currency: str, exponent: int,
          on: date) -> tuple[Part, ...]:
    """How `amount` is spread over the named invoices; raises one `Refused` for all that will not do."""
    if missing := [Problem(f"allocate[{at}]", f"There is no issued invoice “{number}” in your book.")
                   for at, (number, _) in enumerate(wanted) if number not in items]:
        raise NotFound("The money cannot go where it was sent.", "Check the invoice numbers.", problems=missing)
    problems = []
    for at, (number, part) in enumerate(wanted):
        item, path = items[number], f"allocate[{at}]"
        if number in [name for name, _ in wanted[:at]]:
            problems.append(Problem(path, f"Invoice {number} is named twice.", "Name it once, with the whole amount."))
        elif item.currency != currency:
            problems.append(Problem(path, f"Invoice {number} is in {item.currency}, the money in {currency}.",
                                    "Allocate within one currency."))
        elif item.booked_on > on:
            booked = wording.day(item.booked_on)
            problems.append(Problem(path, f"Invoice {number} is booked on {booked}, after {wording.day(on)}.",
                                    f"Use {booked} or a later date."))
        elif item.open <= 0:
            problems.append(Problem(path, f"Invoice {number} has nothing open.", "Leave it out."))
        elif part is not None and (wrong := wrong_amount(path, part, currency, exponent)) is not None:
            problems.append(wrong)
    if problems:
        raise Refused("The money cannot go where it was sent.", "Nothing was changed.", problems=problems, law=9)
    try:
        return named(amount, {item.key: item for item in items_of(items.values())}, wanted)
    except Beyond as beyond:
        raise Refused(f"{wording.amount(beyond.wanted, exponent)} {currency} for {beyond.key} is more than the "
                      f"{wording.amount(beyond.left, exponent)} {currency} that {beyond.holder} still has.",
                      "Look at the open amounts again.", law=9) from None


def items_of(payables: Iterable[Payable]) -> list[Item]:
    """What can be paid, as the engine has it."""
    return [Item(one.number, one.due_on, one.open, one.withheld) for one in payables]


def wrong_amount(path: str, amount: Decimal, currency: str, exponent: int) -> Problem | None:
    """What is wrong with an amount of money received, if anything."""
    if not amount.is_finite() or amount <= 0:
        return Problem(path, f"{amount} is no amount of money received.", "Use an amount above zero.")
    if amount.adjusted() > 15:
        return Problem(path, f"{amount} is larger than any amount can be.", "Use at most 16 digits before the point.")
    if amount != round(amount, exponent):
        return Problem(path, f"{amount} is finer than {currency} allows.", f"Use at most {exponent} decimals.")
    return None


def text(amount: Decimal, exponent: int) -> str:
    """An amount with the decimals of its currency."""
    return f"{amount:.{exponent}f}"
