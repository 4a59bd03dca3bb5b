"""What people decide on the tax of a draft, against the table of treatments; and the way back."""

from datetime import date, datetime

from duly.billing.audit.actions import record, verb
from duly.billing.invoicing.editing import Edited, opened, settled
from duly.billing.kernel import frames
from duly.billing.kernel.authority import Actor
from duly.billing.kernel.errors import Problem, Refused
from duly.engine.tax import CATEGORIES

LONGEST_REASON = 200


@verb("invoicing.override_tax", right="bill")
def override_tax(*, actor: Actor, at: datetime, on: date, draft: int, version: str, category: str | None,
                 reason: str, line: int | None = None) -> Edited:
    """Tax a line of the draft, or all of them, by this category whatever the table of treatments says; None goes back
    to the table. The reason is printed where no tax is charged. It stays when the draft is changed and taxed again.

    A line that answers another keeps that one's tax. Raises `Refused` without a reason, for an unknown category, and
    for a line that is not there or keeps its tax; `Outdated`.
    """
    why = reason.strip()
    if not why or len(why) > LONGEST_REASON:
        problem = Problem("reason", f"It has {len(why)} characters.", f"Give 1 to {LONGEST_REASON}; it is printed.")
        raise Refused("A decision on tax needs a reason.", problems=[problem])
    if category is not None and category not in CATEGORIES:
        problem = Problem("category", f"“{category}” is not a category.", f"Use {', '.join(CATEGORIES)}.")
        raise Refused("The treatment is not known.", problems=[problem])
    header = opened(actor, on, draft, version, category=category, reason=why)
    before = frames.rows("""select position, override_category, tax_category from invoice_line
        where invoice_id = %s and (%s::int is null or position = %s) and fixed_category is null order by position""",
                         [draft, line, line])
    if not before:
        raise Refused(f"Draft {draft} has no line {line} whose tax can be decided." if line else
                      f"No line of draft {draft} has a tax that can be decided.", "Look at the draft again.")
    positions = [row[0] for row in before]
    frames.execute("""update invoice_line set override_category = %s, override_reason = %s
        where invoice_id = %s and position = any(%s)""",
                   [category, None if category is None else why, draft, positions])
    answer = settled(header, on)
    record("invoice", draft, lines=positions, reason=why, after={"category": category},
           before={str(position): chosen or given for position, chosen, given in before})
    return answer
