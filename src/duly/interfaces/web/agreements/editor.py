"""An agreement while it is written: the forms of a page, and the terms that they come to.

Each charge is a card with a form of its own; the page lists the cards in fields named `charge`, such as `2-recurring`
(place and kind), which are also the prefixes of their fields. So cards are added and removed by a form alone.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Final

from django.http import QueryDict
from django.utils.text import slugify

from duly.billing.agreements.policies import Usual, policy
from duly.billing.agreements.sound.pricing import of_pricing
from duly.billing.agreements.terms import VersionInput
from duly.billing.kernel.errors import Problem, Refused
from duly.interfaces.kit.forms import Form
from duly.interfaces.web.agreements.charge_card import Charge, named
from duly.interfaces.web.agreements.charge_forms import KINDS
from duly.interfaces.web.agreements.curves import drawn
from duly.interfaces.web.agreements.forms import Head, NewTerms, Offered, Terms
from duly.interfaces.web.agreements.rows import Change, Row

CARD: Final = re.compile(rf"([0-9]{{1,4}})-({'|'.join(KINDS)})")
MOST: Final = 100
"""Cards of one agreement."""
ADVANCED: Final = ("commitment", "deposit", "credit")
"""Kinds that nothing covers."""
PATH: Final = re.compile(r"(?:charges\[(?P<card>\d+)\]\.?)?"
                         r"(?:(?P<table>discounts|tiers|phases|limits)\[(?P<row>\d+)\]\.?)?(?P<field>\w*)")
"""The path of a problem: a card, a row of one of its tables or of the discounts, and a field."""


@dataclass(frozen=True, slots=True)
class Wrong:
    """Something to mend: the field's id on the page, where it stands, and what is wrong; `missing` is only empty."""

    id: str
    where: str
    text: str
    missing: bool


class Editor:
    """The forms of the editor: `head` for a new agreement only, `terms`, and `charges` in their order.

    `begun` are the terms that it starts with, `initial` values of the head and the terms, `data` what was sent.
    """

    def __init__(self, data: QueryDict | None, *, agreement: str | None = None, begun: VersionInput | None = None,
                 initial: Mapping[str, Any] | None = None) -> None:
        self.offered, self.begun = Offered(agreement), begun
        values = {**(initial or {}), **(asdict(begun) if begun else {})}
        self.head = Head(data, initial=values) if agreement is None else None
        self.terms = (NewTerms if agreement is None else Terms)(data, initial=values)
        if data is None:
            charges = [asdict(charge) for charge in begun.charges] if begun else []
            cards = {charge["code"]: f"{place}-{charge['kind']}" for place, charge in enumerate(charges)}
            self.charges = [self._card(cards[charge["code"]], initial={
                **charge, "covers": [cards[code] for code in charge["covers"]]}) for charge in charges]
            for row in self.terms.discounts.forms:
                row.initial = {**row.initial, "charges": [cards[code] for code in row.initial["charges"]]}
        else:
            self.charges = [self._card(card, data) for card in _cards(data)]
        self._offer()

    def _card(self, card: str, data: QueryDict | None = None, initial: Mapping[str, Any] | None = None) -> Charge:
        return KINDS[card.partition("-")[2]](data, prefix=card, offered=self.offered, initial=initial)

    def _offer(self) -> None:
        """Let cards and discounts choose among the cards that there are."""
        for form in self.charges:
            form.offer([other for other in self.charges if other is not form and other.kind not in ADVANCED])
        for row in self.terms.discounts.forms:
            row.fields["charges"].choices = named(self.charges)  # type: ignore[attr-defined]

    def change(self, *, add: str = "", remove: str = "", row: Change | None = None) -> None:
        """Put an empty card of a kind at the end, take a card away, or change the rows of a table; what else was typed
        is not judged yet."""
        for form in self.forms:
            form.forgive()
        tables = (self.terms.discounts, *(
            table for form in self.charges for table in (form.tiers, form.phases, form.limits)))
        for table in filter(None, tables):
            table.forgive()
            if row:
                table.change(row)
        self.charges = [form for form in self.charges if form.prefix != remove]
        if add in KINDS and len(self.charges) < MOST:
            places = [int(str(form.prefix).partition("-")[0]) for form in self.charges]
            card = self._card(f"{max(places, default=-1) + 1}-{add}")
            card.fields["name"].widget.attrs["autofocus"] = True
            self.charges.append(card)
        self._offer()

    def draw(self, currency: str) -> None:
        """Give each card that can be read the curve of its price."""
        for form in self.charges:
            if form.tiers is None:
                continue
            agreed = next((one for one in self.begun.charges if one.code == form["code"].value()), None) if (
                self.begun and not form.is_bound) else None
            charge = form.terms("", {}) if form.is_bound and form.is_valid() else agreed
            form.curve = drawn(charge, currency) if charge and not list(of_pricing(charge, "")) else None

    @property
    def forms(self) -> list[Form]:
        """All of them in the page's order, each card before its rows."""
        cards = [form for charge in self.charges for form in (charge, *charge.rows)]
        return [*([self.head] if self.head else []), self.terms, *self.terms.discounts.filled, *cards]

    def is_valid(self) -> bool:
        if not self.charges:
            self.terms.add_error(None, "The agreement bills nothing yet. Add a charge.")
        return all(form.is_valid() for form in (*([self.head] if self.head else []), self.terms, *self.charges))

    def version(self) -> VersionInput | None:
        """The terms with the cards that can be read; None while the terms themselves cannot."""
        if not self.terms.is_bound:
            return self.begun
        if not self.terms.is_valid():
            return None
        coded = list(_coded(self.readable))
        codes = {str(form.prefix): code for form, code in coded}
        given = self.terms.terms(self._usual())
        discounts = tuple(replace(one, charges=tuple(codes[card] for card in one.charges if card in codes))
                          for one in given.pop("discounts"))
        charges = tuple(form.terms(code, codes) for form, code in coded)
        return VersionInput(charges=charges, discounts=discounts, **given)

    def _usual(self) -> Usual:
        """What holds for what a new agreement leaves open: the policy of the company, once one is chosen."""
        if self.head is None or not self.head.is_bound:
            return Usual()
        self.head.is_valid()  # reads what can be read
        return policy(self.head.cleaned_data.get("entity", ""))

    @property
    def readable(self) -> list[Charge]:
        """The cards whose every field can be read; `charges[i]` of a problem is the i-th of them."""
        return [form for form in self.charges if form.is_valid()]

    def refuse(self, refused: Refused) -> None:
        """Put what was said against the terms beside its fields, else above its card or the whole."""
        if not refused.problems:
            self.terms.add_error(None, str(refused))
        self.object(refused.problems)

    def object(self, problems: Sequence[Problem]) -> None:
        """Put each problem beside its field."""
        readable = self.readable
        for problem in problems:
            found = PATH.fullmatch(problem.path)
            card = readable[int(found["card"])] if found and found["card"] else None
            tables = {"discounts": self.terms.discounts, "tiers": card and card.tiers, "phases": card and card.phases,
                      "limits": card and card.limits}
            table = tables.get(found["table"]) if found else None
            if found and table and table.object(int(found["row"]), found["field"], problem):
                continue
            form: Form = card or (self.head if self.head and problem.path in self.head.fields else self.terms)
            field = found["field"] if found else problem.path
            form.add_error(field if field in form.fields else None, f"{problem.text} {problem.remedy}".strip())

    def wrong(self) -> Iterator[Wrong]:
        """All that is to be mended, in the page's order."""
        card = ""
        for form in self.forms:
            card = str(form["name"].value() or form.title) if isinstance(form, Charge) else card
            where = [card, form.title.capitalize()] if isinstance(form, Row) else [card]
            for name, texts in form.errors.items():
                field = form[name] if name in form.fields else None
                parts = [part for part in (*where, field.label if field else "") if part]
                yield Wrong(field.id_for_label if field else "", ": ".join(map(str, parts)), " ".join(map(str, texts)),
                            field is not None and not field.value())


def _cards(data: QueryDict) -> list[str]:
    """The cards that were sent, each once."""
    return [card for card in dict.fromkeys(data.getlist("charge")) if CARD.fullmatch(card)][:MOST]


def _coded(charges: Sequence[Charge]) -> Iterator[tuple[Charge, str]]:
    """Each card with its code, a new one with one of its name that no other has."""
    taken = {form.cleaned_data["code"] for form in charges}
    for form in charges:
        code = form.cleaned_data["code"]
        if not code:
            stem = slugify(form.cleaned_data["name"])[:36] or form.kind
            code = next(name for name in (stem, *(f"{stem}-{n}" for n in range(2, MOST + 2))) if name not in taken)
            taken.add(code)
        yield form, code
