"""The verbs on work: import it, say what names stand for, add it by hand, correct it, accept milestones, approve."""

from duly.billing.work.actions.approve import Approved, approve
from duly.billing.work.actions.by_hand import Added, add_expense, add_time
from duly.billing.work.actions.entries import Corrected, edit_entry, set_billable, unapprove, withdraw
from duly.billing.work.actions.imports import import_expenses, import_timesheet
from duly.billing.work.actions.mapping import Mapped, map_names
from duly.billing.work.actions.milestones import Accepted, accept_milestone
from duly.billing.work.actions.receipts import Attached, attach_receipt
from duly.billing.work.actions.uploads import HandedIn, hand_in

__all__ = [
    "Accepted", "Added", "Approved", "Attached", "Corrected", "HandedIn", "Mapped", "accept_milestone", "add_expense",
    "add_time", "approve", "attach_receipt", "edit_entry", "hand_in", "import_expenses", "import_timesheet",
    "map_names", "set_billable", "unapprove", "withdraw",
]
