"""Runs Typst on the template with a document's view. User text travels as data, never as Typst source."""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from typing import Any, Final

import typst

from duly.engine.document import Document
from duly.formats.typeset.fonts import FONTS, folders
from duly.formats.typeset.payment import payment_code
from duly.formats.typeset.view import shown
from duly.formats.typeset.words import Words

TEMPLATE: Final = Path(__file__).parent / "template" / "document.typ"
STANDARDS: Final = ("a-3b", "ua-1")
PICTURE: Final = b"#image(bytes(json(bytes(sys.inputs.picture))))"
UNDATED: Final = date(2000, 1, 1)
"""The timestamp of a draft that has no date at all yet: any fixed day serves, the clock would not."""


class TypesetError(ValueError):
    """The document cannot be set; the text names what is wrong with it and what to do."""


@dataclass(frozen=True, slots=True)
class Source:
    """What Typst gets: the template's inputs and the fixed timestamp."""

    inputs: dict[str, str]
    timestamp: datetime


@cache
def _fonts() -> typst.Fonts:
    return typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=list(folders()))


_of_thread = threading.local()


def _compiler() -> typst.Compiler:
    """One compiler per thread, because a compiler keeps the inputs of its last run; one set of fonts for all."""
    if not hasattr(_of_thread, "compiler"):
        _of_thread.compiler = typst.Compiler(
            TEMPLATE, root=TEMPLATE.parent, font_paths=_fonts(), ignore_system_fonts=True
        )
    compiler: typst.Compiler = _of_thread.compiler
    return compiler


def render(document: Document) -> bytes:
    """The document as PDF/A-3b and PDF/UA-1. Raises `TypesetError` for a logo or colour that cannot be drawn."""
    try:
        return compile_pdf(source(document))
    except typst.TypstError as wrong:
        raise _explained(document, wrong) from wrong


def preview(document: Document, *, ppi: int = 144) -> list[bytes]:
    """The document's pages as PNG pictures."""
    made = source(document)
    try:
        pages: Any = _compiler().compile(format="png", ppi=ppi, sys_inputs=made.inputs, timestamp=made.timestamp)
    except typst.TypstError as wrong:
        raise _explained(document, wrong) from wrong
    return pages if isinstance(pages, list) else [pages]


def pictures(document: Document) -> list[bytes]:
    """The document's pages as SVG, for a screen: text as outlines, so that it looks as it prints everywhere.

    Raises `TypesetError` for a logo or colour that cannot be drawn.
    """
    made = source(document)
    try:
        pages: Any = _compiler().compile(format="svg", sys_inputs=made.inputs, timestamp=made.timestamp)
    except typst.TypstError as wrong:
        raise _explained(document, wrong) from wrong
    return pages if isinstance(pages, list) else [pages]


def why_undrawable(picture: bytes) -> str:
    """What Typst says against a PNG or SVG that cannot be drawn; empty for one that can."""
    try:
        typst.compile(  # type: ignore[call-overload]  # its types want a root of the input's own type, bytes
            PICTURE, format="svg", root=TEMPLATE.parent,
            sys_inputs={"picture": json.dumps(list(picture), separators=(",", ":"))})
    except typst.TypstError as wrong:
        return str(wrong.message)
    return ""


def source(document: Document) -> Source:
    """Everything that Typst needs to set the document. Raises `TypesetError` for a colour that is none."""
    try:
        inputs = {"document": json.dumps(shown(document), ensure_ascii=False)}
    except ValueError as wrong:
        raise TypesetError(f"{Words(document).title()}: {wrong}") from wrong
    if code := payment_code(document):
        inputs["code"] = (code.svg() or b"").decode()
    if document.logo:
        inputs["logo"] = json.dumps(list(document.logo.content), separators=(",", ":"))
    received = document.receipt.received_on if document.receipt else None
    day = document.issued_on or received or document.service_to or UNDATED
    return Source(inputs, datetime(day.year, day.month, day.day, tzinfo=UTC))


def compile_pdf(made: Source) -> bytes:
    """Bare Typst: the template with these inputs. Raises `typst.TypstError`."""
    pdf: Any = _compiler().compile(
        format="pdf", pdf_standards=list(STANDARDS), sys_inputs=made.inputs, timestamp=made.timestamp
    )
    return bytes(pdf)


def _explained(document: Document, wrong: typst.TypstError) -> TypesetError:
    title = Words(document).title()
    if document.logo and ("image" in wrong.message.lower() or "svg" in wrong.message.lower()):
        return TypesetError(f"{title}: the logo cannot be drawn ({wrong.message}); store it again as SVG or PNG.")
    return TypesetError(f"{title}: it cannot be typeset with {FONTS[0][0]} ({wrong.message}).")
