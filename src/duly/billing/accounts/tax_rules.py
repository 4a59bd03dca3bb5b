"""What an account's taxes follow besides its address: how it is treated by its own papers, what it withholds."""

from django.db import models
from django.db.models import Q

from duly.billing.accounts.models import Account
from duly.billing.kernel import fields
from duly.engine.tax import CATEGORIES

__all__ = ["AccountTreatment", "AccountWithholding"]


class AccountTreatment(models.Model):
    """How the account is taxed from a day on, whatever the table of treatments says; a null category ends it.

    `certificate` is the number of the paper that it rests on.
    """

    account = models.ForeignKey(Account, models.RESTRICT, related_name="treatments")
    valid_from = models.DateField()
    category = fields.choice(CATEGORIES, null=True)
    reason = models.CharField(max_length=200)
    certificate = models.CharField(max_length=60, default="", blank=True)

    class Meta:
        db_table = "account_treatment"
        constraints = [
            models.UniqueConstraint(fields=["account", "valid_from"], name="account_treatment_once"),
            models.CheckConstraint(condition=~Q(reason=""), name="account_treatment_has_reason"),
            fields.one_of("account_treatment", "category", CATEGORIES),
        ]


class AccountWithholding(models.Model):
    """A tax that the account keeps back from what it pays, as a fraction of the net; a null rate ends it."""

    account = models.ForeignKey(Account, models.RESTRICT, related_name="withholdings")
    name = models.CharField(max_length=60)
    valid_from = models.DateField()
    rate = models.DecimalField(max_digits=7, decimal_places=6, null=True)
    reason = models.CharField(max_length=200)

    class Meta:
        db_table = "account_withholding"
        constraints = [
            models.UniqueConstraint(fields=["account", "name", "valid_from"], name="account_withholding_once"),
            models.CheckConstraint(condition=~Q(name=""), name="account_withholding_named"),
            models.CheckConstraint(condition=~Q(reason=""), name="account_withholding_has_reason"),
            models.CheckConstraint(condition=Q(rate=None) | Q(rate__gt=0, rate__lt=1),
                                   name="account_withholding_fraction"),
        ]
