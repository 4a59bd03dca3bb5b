"""The table of how strict checks are for an entity."""

from functools import reduce
from operator import or_

from django.db import models
from django.db.models import Q

from duly.billing.accounts.models import LegalEntity
from duly.billing.kernel import fields
from duly.engine.checks import CHECKS

__all__ = ["CheckPolicy"]

CHOICES = {name: rule.choices for name, rule in CHECKS.items() if rule.choices}
"""The severities that a firm may choose, for each check that leaves a choice."""


class CheckPolicy(models.Model):
    """How strict a check is for an entity; null is as usual. What a law decides leaves no choice."""

    entity = models.ForeignKey(LegalEntity, models.RESTRICT, related_name="check_policies")
    check_name = fields.choice(tuple(CHOICES))
    severity = models.CharField(max_length=10, null=True)

    class Meta:
        db_table = "check_policy"
        constraints = [
            models.UniqueConstraint(fields=["entity", "check_name"], name="check_policy_once"),
            fields.one_of("check_policy", "check_name", tuple(CHOICES)),
            models.CheckConstraint(name="check_policy_choice", condition=Q(severity=None) | reduce(or_, (
                Q(check_name=name, severity__in=choices) for name, choices in CHOICES.items()))),
        ]
