"""What was agreed: versions with dates, their charges, rate cards, and the projects work is done in."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from duly.billing.accounts.models import Account, LegalEntity, Person, PurchaseOrder
from duly.billing.kernel import fields
from duly.engine.pricing.usage import AGGREGATIONS

__all__ = [
    "Agreement", "AgreementPolicy", "AgreementRuntime", "AgreementVersion", "Charge", "Metric", "Project", "Rate",
    "RateCard",
]

CHARGE_KINDS = ("time", "expense", "milestone", "recurring", "usage", "percentage", "balance", "one_off", "commitment",
                "deposit", "credit")
GROUPINGS = ("rate", "person", "task", "project", "entry")
REVIEWS = ("none", "peer", "peer_and_client")
CAP_BEHAVIOURS = ("block", "warn", "stop")
LONGEST_PAYMENT = 365
"""Days to pay that a policy may give at most."""


class RateCard(models.Model):
    """A named set of dated rates in one currency."""

    code = models.CharField(max_length=40, unique=True)
    name = models.CharField(max_length=200)
    currency = fields.currency()

    class Meta:
        db_table = "rate_card"


class Metric(models.Model):
    """What is measured of usage: which events, and what is made of them in a period.

    `event` names the events it is made of, empty where they carry its code. `filters` is a list of objects with
    `property`, `values` and `excluded`; `group_by` are the properties that keep its quantities apart. The definition
    never changes, so that a quantity that was billed can be measured again; name and unit are words, and may.
    """

    code = models.CharField(max_length=60, unique=True)
    name = models.CharField(max_length=200)
    unit = models.CharField(max_length=20, default="")
    aggregation = fields.choice(AGGREGATIONS)
    event = models.CharField(max_length=60, default="")
    property = models.CharField(max_length=60, default="")
    filters = models.JSONField(default=list)
    group_by = ArrayField(models.CharField(max_length=60), default=list)
    recorded_in = fields.TransactionIdField(db_default=fields.CurrentTransaction(), editable=False)

    class Meta:
        db_table = "metric"
        constraints = [
            fields.one_of("metric", "aggregation", AGGREGATIONS),
            models.CheckConstraint(condition=~Q(aggregation="unique_count") | ~Q(property=""),
                                   name="metric_unique_of_what"),
        ]


class Agreement(models.Model):
    """The contract between a legal entity and an account. `ends_on` is its last billed day."""

    number = models.CharField(max_length=40, unique=True)
    name = models.CharField(max_length=200)
    entity = models.ForeignKey(LegalEntity, models.RESTRICT)
    account = models.ForeignKey(Account, models.RESTRICT, related_name="agreements")
    currency = fields.currency()
    starts_on = models.DateField()
    ends_on = models.DateField(null=True)

    class Meta:
        db_table = "agreement"
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_on=None) | Q(ends_on__gte=F("starts_on")), name="agreement_ends_after_start"
            )
        ]


class AgreementRuntime(models.Model):
    """How long an agreement runs: its first term in months from its first day, for how many it renews again and again
    (null: not), how long before the next term notice is given, and the day on which it was."""

    agreement = models.OneToOneField(Agreement, models.RESTRICT, related_name="runtime")
    months = models.PositiveSmallIntegerField()
    renews_months = models.PositiveSmallIntegerField(null=True)
    notice_months = models.PositiveSmallIntegerField(default=0)
    notice_days = models.PositiveSmallIntegerField(default=0)
    noticed_on = models.DateField(null=True)

    class Meta:
        db_table = "agreement_runtime"
        constraints = [
            models.CheckConstraint(condition=Q(months__gte=1) & (Q(renews_months=None) | Q(renews_months__gte=1)),
                                   name="agreement_runtime_months"),
        ]


class AgreementPolicy(models.Model):
    """What a new agreement of an entity begins with where nothing is said; agreed ones keep their own."""

    entity = models.OneToOneField(LegalEntity, models.RESTRICT, related_name="agreement_policy")
    review = fields.choice(REVIEWS, default="peer")
    payment_days = models.PositiveSmallIntegerField(null=True)
    grouping = fields.choice(GROUPINGS, default="person")
    time_annex = models.BooleanField(default=True)

    class Meta:
        db_table = "agreement_policy"
        constraints = [
            fields.one_of("agreement_policy", "review", REVIEWS),
            fields.one_of("agreement_policy", "grouping", GROUPINGS),
            models.CheckConstraint(
                condition=Q(payment_days=None) | Q(payment_days__lte=LONGEST_PAYMENT), name="agreement_policy_days"),
        ]


class AgreementVersion(models.Model):
    """The terms from `valid_from` until the next version begins. Never changed; a new version answers it.

    `change_at_once`: whether a change of a charge counts at once or when its period is over; null: upgrades at once,
    downgrades at the period's end. `progressive_*`: amounts of a period that lead to a bill when they are reached.
    """

    agreement = models.ForeignKey(Agreement, models.RESTRICT, related_name="versions")
    valid_from = models.DateField()
    payment_days = models.PositiveSmallIntegerField(null=True)
    purchase_order = models.ForeignKey(PurchaseOrder, models.RESTRICT, null=True)
    review = fields.choice(REVIEWS, default="peer")
    grouping = fields.choice(GROUPINGS, default="person")
    consolidate = models.BooleanField(default=False)
    time_annex = models.BooleanField(default=True)
    prices_include_tax = models.BooleanField(default=False, db_default=False)
    cap = fields.money(null=True)
    cap_behaviour = fields.choice(CAP_BEHAVIOURS, default="block")
    change_at_once = models.BooleanField(null=True)
    progressive_thresholds = ArrayField(fields.money(), default=list, db_default=[])
    progressive_every = fields.money(null=True)
    recorded_in = fields.TransactionIdField(db_default=fields.CurrentTransaction(), editable=False)

    class Meta:
        db_table = "agreement_version"
        constraints = [
            models.UniqueConstraint(fields=["agreement", "valid_from"], name="agreement_version_once"),
            fields.one_of("agreement_version", "review", REVIEWS),
            fields.one_of("agreement_version", "grouping", GROUPINGS),
            fields.one_of("agreement_version", "cap_behaviour", CAP_BEHAVIOURS),
            models.CheckConstraint(condition=Q(cap=None) | Q(cap__gte=0), name="agreement_version_cap"),
        ]


class Charge(models.Model):
    """One thing an agreement bills, the same through all its versions."""

    agreement = models.ForeignKey(Agreement, models.RESTRICT, related_name="charges")
    code = models.CharField(max_length=40)
    kind = fields.choice(CHARGE_KINDS)

    class Meta:
        db_table = "charge"
        constraints = [
            models.UniqueConstraint(fields=["agreement", "code"], name="charge_once"),
            fields.one_of("charge", "kind", CHARGE_KINDS),
        ]


class Project(models.Model):
    """What people book their work on; belongs to the agreement that pays for it."""

    code = models.CharField(max_length=40, unique=True)
    name = models.CharField(max_length=200)
    agreement = models.ForeignKey(Agreement, models.RESTRICT, related_name="projects")

    class Meta:
        db_table = "project"


class Rate(models.Model):
    """A price per hour from `valid_from` until the next of the same key; a null price ends it."""

    card = models.ForeignKey(RateCard, models.RESTRICT, related_name="rates")
    person = models.ForeignKey(Person, models.RESTRICT, null=True)
    project = models.ForeignKey(Project, models.RESTRICT, null=True)
    role = models.CharField(max_length=60, default="")
    task = models.CharField(max_length=100, default="")
    price = fields.price(null=True)
    valid_from = models.DateField()
    recorded_in = fields.TransactionIdField(db_default=fields.CurrentTransaction(), editable=False)

    class Meta:
        db_table = "rate"
        constraints = [
            models.UniqueConstraint(
                fields=["card", "person", "project", "role", "task", "valid_from"],
                nulls_distinct=False,
                name="rate_once",
            ),
            models.CheckConstraint(condition=Q(price=None) | Q(price__gte=0), name="rate_not_negative"),
        ]
