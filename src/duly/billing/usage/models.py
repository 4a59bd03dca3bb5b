"""What was used: batches of events, findings about them and their decisions.

The events themselves are `usage_event`, parted by month: its table is in `laws.sql`.
"""

from django.db import models

from duly.billing.accounts.models import User
from duly.billing.agreements.models import Agreement
from duly.billing.kernel import fields

__all__ = ["UsageBatch", "UsageDecision", "UsageFinding", "UsageIdentity"]

REASONS = ("another_time", "other_content")
DECISIONS = ("count", "ignore")


class UsageBatch(models.Model):
    """Events that came in together and changed something, and how they came out."""

    name = models.CharField(max_length=255)
    rows = models.PositiveIntegerField()
    new = models.PositiveIntegerField()
    again = models.PositiveIntegerField()
    findings = models.PositiveIntegerField()
    rejected = models.PositiveIntegerField()
    received_by = models.ForeignKey(User, models.RESTRICT)
    received_at = models.DateTimeField()

    class Meta:
        db_table = "usage_batch"


class UsageIdentity(models.Model):
    """Who was first to be an event's (source, event_id), by its digest: the time of the one that counts."""

    mark = models.UUIDField(primary_key=True)
    at = models.DateTimeField()

    class Meta:
        db_table = "usage_identity"


class UsageFinding(models.Model):
    """An event that was told before, at `counted_at`, and comes again otherwise. It does not count until decided.

    `key` is the digest of all that it says, so that the same finding is made once.
    """

    reason = fields.choice(REASONS)
    agreement = models.ForeignKey(Agreement, models.RESTRICT)
    metric = models.CharField(max_length=60)
    source = models.CharField(max_length=200)
    event_id = models.CharField(max_length=200)
    at = models.DateTimeField()
    received_at = models.DateTimeField()
    quantity = fields.quantity()
    properties = models.JSONField(null=True)
    counted_at = models.DateTimeField()
    key = models.CharField(max_length=64, unique=True)

    class Meta:
        db_table = "usage_finding"
        constraints = [fields.one_of("usage_finding", "reason", REASONS)]


class UsageDecision(models.Model):
    """What someone decided about a finding: to count it as another event, or to ignore it; and why."""

    finding = models.OneToOneField(UsageFinding, models.RESTRICT, related_name="decision")
    decision = fields.choice(DECISIONS)
    reason = models.TextField()
    decided_by = models.ForeignKey(User, models.RESTRICT)
    decided_at = models.DateTimeField()

    class Meta:
        db_table = "usage_decision"
        constraints = [
            fields.one_of("usage_decision", "decision", DECISIONS),
            models.CheckConstraint(condition=~models.Q(reason=""), name="usage_decision_reason"),
        ]
