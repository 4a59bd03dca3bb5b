"""Money spread over invoices, as a table that people fill in: proposals, what was typed, what is left."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Final

from django.http import QueryDict

from duly.billing.kernel.errors import Refused
from duly.billing.payments.owing import Owed, Payer
from duly.engine.allocation import Item, Proposal, proposals
from duly.engine.currencies import CODES, exponent
from duly.interfaces.kit.printing import money as printed
from duly.interfaces.web.payments.forms import typed_amount

WHY: Final = {"reference": "Named in the reference", "exact": "Same amount",
              "withheld": "Same amount less tax withheld", "oldest": "Oldest first"}
PREFIX: Final = "pay:"
BY_HAND, NOTHING = "hand", "none"


@dataclass(frozen=True, slots=True)
class Line:
    """An open document, what was typed for it, and what is wrong with that."""

    owed: Owed
    others: bool
    typed: str = ""
    error: str = ""

    @property
    def name(self) -> str:
        return PREFIX + self.owed.number


@dataclass(frozen=True)
class Spread:
    """Lines of one entity and currency; `way` is the proposal they were filled by, `none`, or `hand`.

    `wanted` has the amounts by number, also of invoices that are paid by now, so that a form that is sent twice says
    the same twice. `payer` names who paid; `asked` are numbers beyond the payer's own, `other` the one that is added
    just now; `confirmed` says that what others owe may be paid.
    """

    lines: tuple[Line, ...]
    amount: Decimal
    currency: str
    payer: str
    ways: tuple[Proposal, ...]
    elsewhere: tuple[Owed, ...]
    wanted: tuple[tuple[str, Decimal], ...]
    asked: tuple[str, ...]
    other: str
    confirmed: bool
    way: str

    @property
    def others(self) -> list[Owed]:
        """What is paid of other accounts than the payer."""
        paid = {number for number, _ in self.wanted}
        return [line.owed for line in self.lines if line.others and line.owed.number in paid]

    @property
    def taken(self) -> Decimal:
        return sum((amount for _, amount in self.wanted), Decimal(0))

    @property
    def left(self) -> Decimal:
        return self.amount - self.taken

    @property
    def symbol(self) -> str:
        return printed(Decimal(0), self.currency).symbol

    @property
    def decimals(self) -> int:
        return exponent(self.currency)

    @property
    def choices(self) -> list[tuple[str, str, bool]]:
        """The proposals as buttons: value, words, whether it is the one that stands."""
        found = [(one.why, WHY[one.why], one.why == self.way) for one in self.ways]
        return [*found, (NOTHING, "Leave on account", self.way == NOTHING)] if found else []

    @property
    def added(self) -> list[str]:
        return [number for number in self.asked if number in self._numbers]

    @property
    def missing(self) -> str:
        return self.other if self.other not in self._numbers else ""

    @property
    def _numbers(self) -> set[str]:
        return {line.owed.number for line in self.lines}

    @property
    def problem(self) -> str:
        """What must be said or mended before money is moved; empty when nothing."""
        if any(line.error for line in self.lines):
            return "An amount below cannot be read."
        if self.missing:
            return f"{self.missing}: no open invoice of this entity and currency."
        if self.others and not self.confirmed:
            return "This money pays what another account owes. Say below that this is right."
        return ""

    def refused(self, refused: Refused) -> "Spread":
        """With a verb's problems beside the lines that they are about (`allocate[1]` is the second amount)."""
        numbers = [number for number, _ in self.wanted]
        errors = {number: f"{one.text} {one.remedy}".strip() for one in refused.problems
                  for at, number in enumerate(numbers) if one.path == f"allocate[{at}]"}
        return replace(self, lines=tuple(replace(line, error=errors.get(line.owed.number, line.error))
                                         for line in self.lines))


def asked(given: QueryDict, typed: QueryDict) -> tuple[str, ...]:
    """The numbers of invoices beyond the payer's own: those of the address, and those that were added."""
    texts = [*given.getlist("invoice"), *typed.getlist("others"), typed.get("other", "")]
    return tuple(dict.fromkeys(filter(None, map(_number, texts))))


def _number(text: str) -> str:
    return text.replace("\0", "").strip().upper()


def spread(owed: Sequence[Owed], payer: Payer, money: tuple[str, str, Decimal | None], reference: str,
           data: QueryDict | None, numbers: tuple[str, ...] = ()) -> Spread:
    """The table for what `data` holds: the amounts as typed, or those of the proposal that it asks for.

    `money` is entity, currency and amount; `data` None on a page that is opened. The surest proposal is taken, until
    another is chosen or an amount is typed.
    """
    entity, currency, amount = money
    currency = currency if currency in CODES else payer.currency
    data, do = (QueryDict(), "propose") if data is None else (data, data.get("do", ""))
    here = [one for one in owed if (one.entity, one.currency) == (entity, currency)]
    received = max(amount or Decimal(0), Decimal(0))
    own = [one for one in here if one.account == payer.number]
    ways = proposals(received, reference, [Item(one.number, one.due_on, one.open, one.withheld) for one in own])
    do, _, wish = do.partition(":")
    way = data.get("way", "")
    made = Spread(
        tuple(_line(one, one.account != payer.number, data) for one in here), received, currency, payer.name, ways,
        tuple(one for one in owed if one not in here and one.account == payer.number), tuple(_wanted(data)), numbers,
        _number(data.get("other", "")), data.get("confirmed") == "yes", way)
    kept = way in (BY_HAND, NOTHING) or (do == "count" and any(line.typed for line in made.lines))
    return _filled(made, wish) if wish or (do in ("propose", "count") and not kept) else made


def _filled(made: Spread, wish: str) -> Spread:
    """The table by the proposal that is wished for, or the surest."""
    surest = made.ways[0] if made.ways and wish != NOTHING else None
    chosen = next((one for one in made.ways if one.why == wish), surest)
    wanted = tuple((part.key, part.amount) for part in chosen.parts) if chosen else ()
    texts = {number: f"{amount:.{made.decimals}f}" for number, amount in wanted}
    lines = tuple(replace(line, typed=texts.get(line.owed.number, ""), error="") for line in made.lines)
    return replace(made, lines=lines, wanted=wanted, way=chosen.why if chosen else wish)


def _wanted(data: QueryDict) -> Iterator[tuple[str, Decimal]]:
    """The amounts by number, in the order of the form; one that cannot be read is wrong on its line."""
    for name, text in data.items():
        if name.startswith(PREFIX) and isinstance(text, str) and text.strip():
            with suppress(ValueError):
                yield name.removeprefix(PREFIX), typed_amount(text)


def _line(owed: Owed, others: bool, data: QueryDict) -> Line:
    text, error = data.get(PREFIX + owed.number, "").strip(), ""
    try:
        typed_amount(text or "0")
    except ValueError as wrong:
        error = str(wrong)
    return Line(owed, others, text, error)
