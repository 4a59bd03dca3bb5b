"""Pricing: frames of work and due charges in, priced lines with their explanation out.

To add a charge model, copy a neighbour (`time`, `expense`, `milestone`, `fixed`): a function from a frame to lines
of the one shape in `lines`, and its place in `price`.
"""

from duly.engine.pricing.explain import replay
from duly.engine.pricing.price import Metered, Priced, price
from duly.engine.pricing.spans import due_spans

__all__ = ["Metered", "Priced", "due_spans", "price", "replay"]
