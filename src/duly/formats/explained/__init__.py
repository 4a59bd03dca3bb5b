"""Explanations in words: a reading (`engine.pricing.reading`) as a table, or as short lines of arithmetic.

The document, the staff's pages and the command line all print what is told here; none of them computes.
"""

from duly.formats.explained.figures import Figures
from duly.formats.explained.phrases import Phrases
from duly.formats.explained.sentences import sentences
from duly.formats.explained.table import Told, table

__all__ = ["Figures", "Phrases", "Told", "sentences", "table"]
