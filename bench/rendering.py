"""Typesetting invoices, against bare Typst on the very same source: the template, inputs, fonts and standards.

Ours adds what makes a document into that source: texts in its language, localised figures, the explanation of lines,
the payment code. Every document is another one, because Typst remembers what it has set before.
"""

import time
from dataclasses import replace
from typing import Any, Final

from tests.formats.documents import annex, invoice

from duly.engine.document import Document
from duly.formats.typeset import render
from duly.formats.typeset.rendering import compile_pdf, source

ROUNDS: Final = 60
GOAL: Final = 0.8


def rendering() -> dict[str, Any]:
    """The ratio of the two CPU times over as many documents each, taken in turns."""
    for at in range(4):
        render(_document(at))
    ours = bare = 0
    for at in range(100, 100 + 2 * ROUNDS, 2):
        mine, given = _document(at), source(_document(at + 1))
        started = time.process_time_ns()
        render(mine)
        between = time.process_time_ns()
        compile_pdf(given)
        ours, bare = ours + between - started, bare + time.process_time_ns() - between
    return {
        "ratio": round(bare / ours, 3),
        "goal": GOAL,
        "documents": 2 * ROUNDS,
        "ours, ms of CPU each": round(ours / ROUNDS / 1e6, 1),
        "bare Typst, ms of CPU each": round(bare / ROUNDS / 1e6, 1),
    }


def _document(at: int) -> Document:
    """An invoice of four lines, every fourth with a time record of twenty entries."""
    plain = invoice(number=f"RE-2026-{at:06}", buyer_reference=f"KST {at}")
    return replace(plain, annex=annex(20)) if at % 8 in (0, 1) else plain
