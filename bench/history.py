"""Two years of a large firm's invoices, posted, paid and mailed, written past the laws by the owner of the tables.

Every sum obeys the laws all the same: lines, taxes, postings, open items and monthly sums tie. A document's number
decides everything about it, so a history of the same size is always the same.
"""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Final

from django.db import connections, transaction

from duly.billing import models as m
from duly.billing.accounts.queries import actor
from duly.billing.invoicing import actions

TODAY: Final = date(2026, 11, 20)
NOW: Final = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
FIRST: Final = date(2024, 12, 1)
"""The history begins here and ends the day before `TODAY`."""
MANAGERS: Final = 50
DRAFTS: Final = 500


def build(documents: int) -> None:
    """Write the history over the firm of `bench.firm`, and a bill run of `DRAFTS` drafts by the real verbs."""
    entity = m.LegalEntity.objects.get(code="FIRM")
    m.NumberSeries.objects.create(entity=entity, kind="receipt", pattern="Q{number:07}")
    m.PartyCopy.objects.create(digest="history", data={})
    for number in range(MANAGERS):
        user = m.User.objects.create(login=f"m{number}", name=f"Manager {number}", email=f"m{number}@firm.example")
        m.RoleGrant.objects.create(user=user, role="account_manager", scope="book")
    with transaction.atomic(using="owner"), connections["owner"].cursor() as cursor:
        cursor.execute("""update account a set manager_id = u.id from app_user u
                           where u.login = 'm' || (a.id %% %s)""", [MANAGERS])
        cursor.execute(Path(__file__).with_suffix(".sql").read_text(), {
            "first": FIRST, "days": (TODAY - FIRST).days, "count": documents, "today": TODAY})
    _drafts()
    with connections["owner"].cursor() as cursor:
        cursor.execute("vacuum analyze")


def _drafts() -> None:
    who = actor("bench")
    accounts = list(m.Account.objects.order_by("id").values_list("id", flat=True)[:DRAFTS])
    run = actions.launch(actor=who, at=NOW, on=TODAY, entity="FIRM", period_from=date(2026, 10, 1),
                         period_to=date(2026, 11, 1), accounts=accounts)
    for partition in run.partitions:
        actions.draft_partition(actor=who, at=NOW, partition=partition)
