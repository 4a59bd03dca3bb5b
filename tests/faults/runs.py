"""Bill runs over the firm, each over a part of its accounts, and what they leave."""

from collections.abc import Sequence
from typing import Any, Final

from bench.firm import MONTH

from duly.billing.accounts.queries import actor
from duly.billing.invoicing import actions
from duly.billing.kernel import frames
from duly.billing.reporting.audits import verify
from tests.faults.acts import AT, CHUNK, ON

ACCOUNTS: Final = 6
"""Accounts of a part; there is a part for every kill."""


def parts() -> list[list[int]]:
    """The firm's accounts by id, in parts."""
    ids = [row[0] for row in frames.rows("select id from account order by id")]
    return [ids[start : start + ACCOUNTS] for start in range(0, len(ids), ACCOUNTS)]


def launch(accounts: Sequence[int], *, in_background: bool = False) -> actions.run.Launched:
    return actions.launch(actor=actor("bench"), at=AT, on=ON, entity="FIRM", period_from=MONTH[0],
                          period_to=MONTH[1], accounts=accounts, partition_accounts=CHUNK,
                          in_background=in_background)


def partitions(accounts: Sequence[int]) -> list[tuple[Any, ...]]:
    """State, drafts as noted, drafts as they are, and digest of these accounts' partitions."""
    return frames.rows("""select p.state, p.drafts, (select count(*) from invoice i where i.run_partition_id = p.id),
        p.digest from bill_run_partition p where p.accounts <@ %s::bigint[] order by p.id""", [list(accounts)])


def contents(accounts: Sequence[int]) -> list[tuple[Any, ...]]:
    """Account and content digest of every draft and document of these accounts."""
    return frames.rows("""select account_id, draft_digest(id) from invoice where account_id = any(%s)
                           order by account_id, id""", [list(accounts)])


def faults() -> list[Any]:
    """What the audits find that is not sound."""
    return [finding for finding in verify(actor=actor("bench")) if not finding.note]
