"""The firm's colour, dark enough to be read on white."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

READABLE: Final = 4.5
"""The contrast that WCAG 2.2 asks of text (1.4.3, level AA)."""


@lru_cache(maxsize=256)
def readable(colour: str) -> str:
    """`#rrggbb`, darkened in small steps until text in it stands out from white. Raises `ValueError` otherwise."""
    if not re.fullmatch(r"#[0-9a-fA-F]{6}", colour):
        raise ValueError(f"{colour!r} is no colour; write it as #rrggbb, such as #0f766e")
    channels = [int(colour[at : at + 2], 16) for at in (1, 3, 5)]
    while contrast_with_white(channels) < READABLE:
        channels = [channel * 24 // 25 for channel in channels]
    return "#" + "".join(f"{channel:02x}" for channel in channels)


def contrast_with_white(channels: list[int]) -> float:
    """The contrast ratio of WCAG 2.2 between white and an sRGB colour of channels 0–255: 1 to 21."""
    red, green, blue = (_linear(channel / 255) for channel in channels)
    return 1.05 / (0.2126 * red + 0.7152 * green + 0.0722 * blue + 0.05)


def _linear(channel: float) -> float:
    return channel / 12.92 if channel <= 0.04045 else float(((channel + 0.055) / 1.055) ** 2.4)
