"""The fonts of the documents, all from packages, and what is printable with them.

Inter sets the page; the others are asked, in this order, for what it does not have. A character that none of
them has prints as "�" (U+FFFD), because PDF/A forbids a missing glyph and an invoice must always print.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from fontTools.ttLib import TTFont  # type: ignore[import-untyped]

# family, package, what it is for. Only the first two are needed; the others widen what can be printed.
FONTS: Final = (
    ("Inter", "fontpkg_inter", "Latin, Greek, Cyrillic, Vietnamese"),
    ("Noto Sans", "fontpkg_noto_sans", "rarer Latin, Devanagari, the replacement character"),
    ("Noto Sans Arabic", "fontpkg_noto_sans_arabic", "Arabic"),
    ("Heebo", "fontpkg_heebo", "Hebrew"),
    ("Noto Sans Thai", "fontpkg_noto_sans_thai", "Thai"),
    ("Noto Sans CJK JP", "noto_cjk_sans_jp_regular", "Chinese, Japanese, Korean"),
)
REPLACEMENT: Final = "\N{REPLACEMENT CHARACTER}"
BREAKABLE_AFTER: Final = 18
LONG: Final = 800
"""Characters from which a text may break across pages, instead of moving to the next one whole."""
ZERO_WIDTH_SPACE: Final = "\N{ZERO WIDTH SPACE}"
_LONG_WORD: Final = re.compile(rf"\S{{{BREAKABLE_AFTER},}}")
_PIECE: Final = re.compile(r"\S{10}(?=\S)")
_JOINERS: Final = frozenset("\N{ZERO WIDTH JOINER}\N{ZERO WIDTH NON-JOINER}")


@cache
def folders() -> tuple[Path, ...]:
    """The folders of the installed fonts, in the order of `FONTS`."""
    found = ((package, find_spec(package)) for _, package, _ in FONTS)
    return tuple(Path(spec.origin).parent for _, spec in found if spec and spec.origin)


@cache
def families() -> tuple[str, ...]:
    """The families that are installed, in the order in which they are asked for a glyph."""
    return tuple(family for family, package, _ in FONTS if find_spec(package))


def printable(text: str) -> str:
    """`text` as it can be typeset: line ends and tabs kept as line ends and blanks, accents composed; control,
    direction-override and private characters gone; what no font has replaced by `REPLACEMENT`."""
    if text.isascii() and text.isprintable():
        return text
    lines = unicodedata.normalize("NFC", text).replace("\r\n", "\n").replace("\r", "\n").replace("\t", " ")
    return "".join(_printable_character(character) for character in lines)


def breakable(text: str) -> str:
    """`text` with invisible break opportunities in words too long for a narrow column."""
    return _LONG_WORD.sub(lambda word: _PIECE.sub(rf"\g<0>{ZERO_WIDTH_SPACE}", word[0]), text)


def uncovered(text: str) -> set[str]:
    """The characters of `text` that no installed font has."""
    missing = set(text)
    for folder in folders():
        missing = {character for character in missing if ord(character) not in _coverage(folder)}
        if not missing:
            break
    return missing


@cache
def _printable_character(character: str) -> str:
    if character == "\n" or character in _JOINERS:
        return character
    category = unicodedata.category(character)
    if category in ("Zl", "Zp"):
        return "\n"
    if category in ("Cc", "Cf") or "VARIATION SELECTOR" in unicodedata.name(character, ""):
        return ""
    if category in ("Cs", "Co", "Cn") or uncovered(character):
        return REPLACEMENT
    return character


@cache
def _coverage(folder: Path) -> frozenset[int]:
    """The code points for which every upright font file of the folder has a glyph."""
    files: Iterable[Path] = (path for path in folder.rglob("*.[ot]tf") if "Italic" not in path.name)
    return frozenset.intersection(*(frozenset(TTFont(path, lazy=True).getBestCmap()) for path in files))
