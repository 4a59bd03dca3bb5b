"""The verbs of invoicing, in the order of a document's life."""

from duly.billing.invoicing.actions.batch import (
    approve_many,
    batch_of,
    discard_many,
    go_on,
    plan_approvals,
    plan_batch,
    submit_many,
)
from duly.billing.invoicing.actions.check import check, waive
from duly.billing.invoicing.actions.discard import discard
from duly.billing.invoicing.actions.edit import defer, reorder, restore, reword, set_terms, write_down
from duly.billing.invoicing.actions.issue import Issued, issue, issue_in_chunks
from duly.billing.invoicing.actions.policy import choose_severities
from duly.billing.invoicing.actions.review import approve, confirm, question, reopen, return_draft, submit
from duly.billing.invoicing.actions.run import draft_partition, fail_partition, launch, resume, stop
from duly.billing.invoicing.actions.tax import override_tax

__all__ = [
    "Issued", "approve", "approve_many", "batch_of", "check", "choose_severities", "confirm", "defer", "discard",
    "discard_many", "draft_partition", "fail_partition", "go_on", "issue", "issue_in_chunks", "launch",
    "override_tax", "plan_approvals", "plan_batch", "question", "reopen", "reorder", "restore", "resume",
    "return_draft", "reword", "set_terms", "stop", "submit", "submit_many", "waive", "write_down",
]
