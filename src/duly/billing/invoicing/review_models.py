"""What stands between a draft and its issue: what checks found, waivers, the steps of its review and who decided."""

from django.contrib.postgres.functions import TransactionNow
from django.db import models
from django.db.models import Q

from duly.billing.accounts.models import User
from duly.billing.invoicing.models import Invoice
from duly.billing.kernel import fields

__all__ = ["Decision", "DraftEdit", "Finding", "ReviewStep", "Waiver"]

SEVERITIES = ("blocks", "warns", "notes")
STEPS = ("peer", "client")
VERDICTS = ("approved", "returned")


class Finding(models.Model):
    """What a named check found in a draft, at which path, and what to do about it."""

    invoice = models.ForeignKey(Invoice, models.RESTRICT, related_name="findings")
    check_name = models.CharField(max_length=40)
    severity = fields.choice(SEVERITIES)
    path = models.CharField(max_length=120)
    text = models.TextField()

    class Meta:
        db_table = "finding"
        constraints = [fields.one_of("finding", "severity", SEVERITIES)]


class Waiver(models.Model):
    """A blocking finding set aside: by whom and why. It holds for this finding's own text only."""

    invoice = models.ForeignKey(Invoice, models.RESTRICT, related_name="waivers")
    check_name = models.CharField(max_length=40)
    path = models.CharField(max_length=120)
    text = models.TextField()
    reason = models.TextField()
    waived_by = models.ForeignKey(User, models.RESTRICT)
    waived_at = models.DateTimeField()

    class Meta:
        db_table = "waiver"
        constraints = [
            models.UniqueConstraint(fields=["invoice", "check_name", "path", "text"], name="waiver_once"),
            models.CheckConstraint(condition=~Q(reason=""), name="waiver_has_reason"),
        ]


class ReviewStep(models.Model):
    """A step that the submitted content needs before issue; written as a row when the draft is submitted."""

    invoice = models.ForeignKey(Invoice, models.RESTRICT, related_name="review_steps")
    step = fields.choice(STEPS)
    digest = models.CharField(max_length=64)
    submitted_by = models.ForeignKey(User, models.RESTRICT)
    submitted_at = models.DateTimeField()

    class Meta:
        db_table = "review_step"
        constraints = [fields.one_of("review_step", "step", STEPS)]


class Decision(models.Model):
    """Someone's verdict on a step, for exactly the content whose digest it carries (law 6)."""

    review_step = models.ForeignKey(ReviewStep, models.RESTRICT, related_name="decisions")
    invoice = models.ForeignKey(Invoice, models.RESTRICT, related_name="decisions")
    verdict = fields.choice(VERDICTS)
    digest = models.CharField(max_length=64)
    reason = models.TextField(default="")
    decided_by = models.CharField(max_length=80)
    on_behalf_of = models.CharField(max_length=80, null=True)
    decided_at = models.DateTimeField()
    recorded_at = models.DateTimeField(db_default=TransactionNow())

    class Meta:
        db_table = "decision"
        constraints = [
            fields.one_of("decision", "verdict", VERDICTS),
            models.CheckConstraint(condition=Q(verdict="approved") | ~Q(reason=""), name="decision_return_has_reason"),
        ]


class DraftEdit(models.Model):
    """Someone touched a draft that they did not make; the database writes it, so that they cannot approve it."""

    invoice = models.ForeignKey(Invoice, models.RESTRICT, related_name="edits")
    editor = models.CharField(max_length=80)
    recorded_at = models.DateTimeField(db_default=TransactionNow())

    class Meta:
        db_table = "draft_edit"
