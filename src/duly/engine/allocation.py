"""What a receipt pays: the parts of it that go to open items. Exact decimals of one currency, no rounding."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

ZERO: Final = Decimal(0)


@dataclass(frozen=True, slots=True)
class Item:
    """Something still owed: `open` is positive, in the receipt's currency. `key` names it to the caller.

    Of it the payer may keep back what is `withheld` for the tax office.
    """

    key: str
    due_on: date
    open: Decimal
    withheld: Decimal = ZERO

    @property
    def payable(self) -> Decimal:
        """What the payer is asked for."""
        return self.open - self.withheld


@dataclass(frozen=True, slots=True)
class Part:
    """The part of a receipt that pays one item."""

    key: str
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Proposal:
    """A way to spread a receipt, and why: `reference` names the items, one is the `exact` amount, or is it less the tax
    that is `withheld`, `oldest` first."""

    why: str
    parts: tuple[Part, ...]


class Beyond(ValueError):
    """A named part is more than its item or the receipt still holds. `left` is what would fit."""

    def __init__(self, key: str, wanted: Decimal, left: Decimal, holder: str) -> None:
        self.key, self.wanted, self.left, self.holder = key, wanted, left, holder
        super().__init__(f"{wanted} for {key} is more than the {left} that {holder} still has")


def oldest_first(amount: Decimal, items: Iterable[Item]) -> tuple[Part, ...]:
    """Spread `amount` without being told how: to the one item it equals, or equals less tax withheld, else oldest due
    first.

    Of several items that equal it the oldest is taken. What no item takes stays on account, so the parts sum
    to the smaller of `amount` and what is owed, and no part is larger than its item.
    """
    owed = sorted(items, key=lambda item: (item.due_on, item.key))
    return _fill(amount, _exact(amount, owed) or _less_withheld(amount, owed) or owed)


def named(amount: Decimal, items: Mapping[str, Item], wanted: Sequence[tuple[str, Decimal | None]]) -> tuple[Part, ...]:
    """Spread `amount` as told: the given amounts, None meaning as much as is left on both sides.

    Amounts that are given come before those that are not, whatever their order. Every key of `wanted` is one
    of `items`, once. Raises `Beyond` for an amount that is larger than its item or than what the receipt
    has left.
    """
    left = amount
    for key, part in wanted:
        if part is None:
            continue
        if part > items[key].open:
            raise Beyond(key, part, items[key].open, "the item")
        if part > left:
            raise Beyond(key, part, left, "the receipt")
        left -= part
    rest = {part.key: part.amount for part in _fill(left, [items[key] for key, part in wanted if part is None])}
    parts = (Part(key, rest.get(key, ZERO) if part is None else part) for key, part in wanted)
    return tuple(part for part in parts if part.amount > ZERO)


def proposals(amount: Decimal, reference: str, items: Iterable[Item]) -> tuple[Proposal, ...]:
    """Ways to spread `amount`, the surest first. Of those that come to the same, the surest is given alone."""
    owed = sorted(items, key=lambda item: (item.due_on, item.key))
    ways = {
        "reference": list(named_in(reference, owed)),
        "exact": _exact(amount, owed),
        "withheld": _less_withheld(amount, owed),
        "oldest": owed,
    }
    found: dict[tuple[Part, ...], Proposal] = {}
    for why, chosen in ways.items():
        if parts := _fill(amount, chosen):
            found.setdefault(parts, Proposal(why, parts))
    return tuple(found.values())


def named_in(reference: str, items: Iterable[Item]) -> Iterator[Item]:
    """The items whose whole key stands in a payer's reference, whatever separates its parts there.

    `INV 2026/0042` and `inv20260042` name INV-2026-0042; `INV-2026-00421` does not.
    """
    for item in items:
        parts = re.findall(r"[^\W_]+", item.key)
        pattern = r"[\W_]*".join(map(re.escape, parts))
        if parts and re.search(rf"(?<![^\W_]){pattern}(?!\d)", reference, re.IGNORECASE):
            yield item


def _exact(amount: Decimal, owed: Sequence[Item]) -> list[Item]:
    """The first item that `amount` equals, where there is one."""
    return [item for item in owed if item.open == amount][:1]


def _less_withheld(amount: Decimal, owed: Sequence[Item]) -> list[Item]:
    """The first item that `amount` equals less the tax withheld of it, where there is one."""
    return [item for item in owed if item.withheld and item.payable == amount][:1]


def _fill(amount: Decimal, items: Iterable[Item]) -> tuple[Part, ...]:
    parts = []
    for item in items:
        if part := min(amount, item.open):
            parts.append(Part(item.key, part))
            amount -= part
    return tuple(parts)
