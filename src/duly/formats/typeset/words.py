"""A document's language: its texts, and its figures and dates in print."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from functools import cached_property

from duly.engine.document import Document
from duly.engine.pricing.reading import Reading, reading_of
from duly.formats.explained import Figures
from duly.formats.numbers import clock, printer
from duly.formats.typeset.texts import TEXTS


class Words:
    """What every part of the page needs to print one document: `texts[name]`, `print`, and its own currency."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.texts = TEXTS[document.language]
        self.print = printer(document.language, document.seller.country)
        times = (*(line.seconds or 0 for line in document.lines), *(entry.seconds for entry in document.annex),
                 *(entry.billed_seconds for entry in document.annex))
        self._seconds = any(time % 60 for time in times)
        self.figures = Figures(document.language, document.seller.country, document.currency, document.exponent,
                               self._seconds)

    @cached_property
    def readings(self) -> dict[int, Reading | None]:
        """What the explanation of each line says, by the line's position."""
        return {line.position: reading_of(line.explanation) for line in self.document.lines}

    def amount(self, value: Decimal) -> str:
        """In the document's currency, without naming it."""
        return self.print.amount(value, self.document.exponent)

    def money(self, value: Decimal) -> str:
        """With the currency's code."""
        return self.print.money(value, self.document.exponent, self.document.currency)

    def price(self, value: Decimal) -> str:
        """A unit price: all its decimals, and at least those of the currency."""
        return self.print.number(value, self.document.exponent)

    def time(self, duration: int) -> str:
        """h:mm:ss; h:mm where no duration of the whole document has seconds."""
        return clock(duration, seconds=self._seconds)

    def dated(self, number: str, day: date | None) -> str:
        """A document's number with its date, where that is known."""
        return self.texts["dated"].format(number=number, date=self.print.day(day)) if number and day else number

    def in_currency(self, name: str) -> str:
        """A column's label that names the currency."""
        return self.texts[name].format(currency=self.document.currency)

    def title(self) -> str:
        """What the document is called in its properties, page headers and file managers."""
        kind = self.texts[self.document.kind]
        if not self.document.number:
            return f"{kind} ({self.texts['draft']})" if self.document.draft else kind
        return self.texts["title_of"].format(kind=kind, number=self.document.number)
