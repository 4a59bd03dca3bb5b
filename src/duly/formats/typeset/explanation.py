"""Prints how a line was computed: in short lines beneath it, or in a table behind the document where it is long."""

from __future__ import annotations

from typing import Any, Final

from duly.engine.document import Line
from duly.engine.pricing.reading import Reading
from duly.formats.explained import Phrases, sentences, table
from duly.formats.typeset.fonts import breakable
from duly.formats.typeset.words import Words

SHORT: Final = 4
"""So many terms are told beneath the line; more of them stand in a table, so that the first page stays calm."""


def explained(line: Line, words: Words) -> list[str]:
    """Short lines, such as "12:30 × 95.00 per h = 1,187.50"; none where a single factor is the amount itself. A long
    explanation is only referred to."""
    found = words.readings[line.position]
    if found is None:
        return []
    if found.terms > SHORT:
        return [words.figures.words("see", title=words.figures.words("title"), position=str(line.position))]
    return sentences(found, _phrases(line, words))


def computed(words: Words) -> dict[str, Any] | None:
    """The tables of the long explanations, or None where there are none."""
    long = [(line, found) for line in words.document.lines
            if (found := words.readings[line.position]) and found.terms > SHORT]
    if not long:
        return None
    figures = words.figures
    names = ("what", "quantity", "factor")
    return {
        "heading": figures.words("title"),
        "subject": words.texts["annex_to"].format(title=words.title()),
        "labels": [*map(figures.words, names), words.in_currency("amount_in")],
        "lines": [{"name": f"{words.texts['position']} {line.position} · {breakable(line.description)}",
                   "rows": _rows(line, found, words)} for line, found in long],
    }


def _rows(line: Line, found: Reading, words: Words) -> list[dict[str, Any]]:
    return [
        {"label": breakable(told.label), "note": told.note, "cells": [told.quantity, told.factor, told.amount],
         "sum": told.kind in ("sum", "amount")}
        for told in table(found, _phrases(line, words))]


def _phrases(line: Line, words: Words) -> Phrases:
    return Phrases(words.figures, line.section, line.unit)
