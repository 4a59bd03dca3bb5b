"""Inter for the pages, made once from the font's package: Latin, Greek and Cyrillic, all weights."""

import os
from importlib.resources import files
from pathlib import Path
from typing import Final

from fontTools import subset
from fontTools.ttLib import TTFont
from fontTools.varLib import instancer

NAME: Final = "inter.woff"
RANGES: Final = ((0x20, 0x17F), (0x218, 0x21B), (0x370, 0x3FF), (0x400, 0x45F), (0x2010, 0x203A), (0x20A0, 0x20BF),
                 (0x2190, 0x2193), (0x2212, 0x2212), (0x2260, 0x2265))


def make(folder: Path) -> Path:
    """The font's file in `folder`, made where it is missing; two processes may do it at once."""
    target = folder / NAME
    if not target.exists():
        folder.mkdir(parents=True, exist_ok=True)
        [source] = [file for file in files("fontpkg_inter").joinpath("files").iterdir() if "Italic" not in file.name]
        font = TTFont(str(source))
        options = subset.Options(layout_features=["*"], flavor="woff", notdef_outline=True)
        subsetter = subset.Subsetter(options)
        subsetter.populate(unicodes=[code for first, last in RANGES for code in range(first, last + 1)])
        subsetter.subset(font)
        instancer.instantiateVariableFont(font, {"opsz": 14}, inplace=True)
        font.flavor = "woff"
        part = target.with_suffix(f".{os.getpid()}")
        font.save(part)
        part.rename(target)
    return target
