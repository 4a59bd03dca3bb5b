"""The verbs on work: import it, say what names stand for, add it by hand, accept milestones, approve it."""

from duly.billing.work.actions.approve import Approved, approve
from duly.billing.work.actions.by_hand import Added, add_expense, add_time
from duly.billing.work.actions.imports import import_expenses, import_timesheet
from duly.billing.work.actions.mapping import Mapped, map_names
from duly.billing.work.actions.milestones import Accepted, accept_milestone

__all__ = [
    "Accepted", "Added", "Approved", "Mapped", "accept_milestone", "add_expense", "add_time", "approve",
    "import_expenses", "import_timesheet", "map_names",
]
