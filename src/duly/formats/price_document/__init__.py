"""The price document: charges, what was used and done, discounts, credits and taxes, as YAML or JSON.

`read_price_document` reads it into the engine's frames, `priced` answers what it comes to;
docs/reference/price-document.md describes it.
"""

from duly.formats.price_document.answer import Unpriced, priced
from duly.formats.price_document.model import PriceDocument
from duly.formats.price_document.reader import PriceDocumentError, read_price_document
from duly.formats.price_document.text import LARGEST

__all__ = ["LARGEST", "PriceDocument", "PriceDocumentError", "Unpriced", "priced", "read_price_document"]
