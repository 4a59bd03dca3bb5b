"""Named rules over drafts. A check reads facts and answers findings; it decides nothing and changes nothing.

To add one, copy a neighbour in `agreement.py`, `evidence.py`, `document.py` or `party.py`: a function from facts
to findings, named, with its severity. The registry is in the order of the listing.
"""

from duly.engine.checks import agreement, document, evidence, party  # noqa: F401  (they register themselves)
from duly.engine.checks.registry import AT_WILL, CHECKS, CHOSEN, FINDINGS, OFF, Check, Facts, run_checks

__all__ = ["AT_WILL", "CHECKS", "CHOSEN", "FINDINGS", "OFF", "Check", "Facts", "run_checks"]
