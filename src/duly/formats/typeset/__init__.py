"""Typeset documents: a frozen `Document` → PDF/A-3b that is PDF/UA-1 too, by Typst, in this process.

The same document gives the same bytes, on any day and in any folder, as long as the same versions of Typst and of
the fonts are installed.
"""

from duly.formats.typeset.rendering import TypesetError, pictures, preview, render, source, why_undrawable

__all__ = ["TypesetError", "pictures", "preview", "render", "source", "why_undrawable"]
