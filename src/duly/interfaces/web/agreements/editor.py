"""An agreement while it is written: the forms of a page, and the terms that they come to.

Each charge is a card with a form of its own; the page lists the cards in fields named `charge`, such as `2-recurring`
(place and kind), which are also the prefixes of their fields. So cards are added and removed by a form alone.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from django.http import QueryDict
from django.utils.text import slugify

from duly.billing.agreements.policies import Usual, policy
from duly.billing.agreements.terms import VersionInput
from duly.billing.kernel.errors import Problem, Refused
from duly.interfaces.kit.forms import Form
from duly.interfaces.web.agreements.forms import KINDS, Charge, Head, NewTerms, Terms

CARD: Final = re.compile(rf"([0-9]{{1,4}})-({'|'.join(KINDS)})")
MOST: Final = 100
"""Cards of one agreement."""


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
        self.agreement, self.begun = agreement, begun
        values = {**(initial or {}), **(asdict(begun) if begun else {})}
        self.head = Head(data, initial=values) if agreement is None else None
        self.terms = (NewTerms if agreement is None else Terms)(data, initial=values)
        if data is None:
            charges = [asdict(charge) for charge in begun.charges] if begun else []
            self.charges = [self._card(f"{place}-{charge['kind']}", initial=charge)
                            for place, charge in enumerate(charges)]
        else:
            self.charges = [self._card(card, data) for card in _cards(data)]

    def _card(self, card: str, data: QueryDict | None = None, initial: Mapping[str, Any] | None = None) -> Charge:
        return KINDS[card.partition("-")[2]](data, prefix=card, agreement=self.agreement, initial=initial)

    def change(self, *, add: str = "", remove: str = "") -> None:
        """Put an empty card of a kind at the end, or take a card away; what else was typed is not judged yet."""
        for form in self.forms:
            form.forgive()
        self.charges = [form for form in self.charges if form.prefix != remove]
        if add in KINDS and len(self.charges) < MOST:
            places = [int(str(form.prefix).partition("-")[0]) for form in self.charges]
            card = self._card(f"{max(places, default=-1) + 1}-{add}")
            card.fields["name"].widget.attrs["autofocus"] = True
            self.charges.append(card)

    @property
    def forms(self) -> list[Form]:
        return [*([self.head] if self.head else []), self.terms, *self.charges]

    def is_valid(self) -> bool:
        if not self.charges:
            self.terms.add_error(None, "The agreement bills nothing yet. Add a charge.")
        return all(form.is_valid() for form in self.forms)

    def version(self) -> VersionInput | None:
        """The terms with the cards that can be read; None while the terms themselves cannot."""
        if not self.terms.is_bound:
            return self.begun
        if not self.terms.is_valid():
            return None
        return VersionInput(charges=tuple(form.terms(code) for form, code in _coded(self.readable)),
                            **self.terms.terms(self._usual()))

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
            form: Form = self.head if self.head and problem.path in self.head.fields else self.terms
            field = problem.path
            if of_card := re.fullmatch(r"charges\[(\d+)\]\.?(\w*)", problem.path):
                form, field = readable[int(of_card[1])], of_card[2]
            form.add_error(field if field in form.fields else None, f"{problem.text} {problem.remedy}".strip())

    def wrong(self) -> Iterator[Wrong]:
        """All that is to be mended, in the page's order."""
        for form in self.forms:
            where = (form["name"].value() or form.title) if isinstance(form, Charge) else ""
            for name, texts in form.errors.items():
                field = form[name] if name in form.fields else None
                parts = [part for part in (where, field.label if field else "") if part]
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
