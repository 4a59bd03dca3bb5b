"""How an agreement's charges are priced: their terms in each version, tiers and phases, discounts and pauses."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower, Trim

from duly.billing.agreements.models import Agreement, AgreementVersion, Charge, Metric, Project, RateCard
from duly.billing.kernel import fields
from duly.billing.reference.models import TAX_CLASSES
from duly.engine.pricing.balances import YEARS
from duly.engine.pricing.discounts import SCOPES
from duly.engine.pricing.proration import PRORATIONS
from duly.engine.pricing.tiers import MODELS as QUANTITY_MODELS

__all__ = ["AgreementPause", "ChargePhase", "ChargeTerms", "ChargeTier", "Discount", "ExpenseLimit"]

ROUNDINGS = ("exact", "up", "nearest")
INTERVALS = ("day", "week", "month", "quarter", "half_year", "year")
ALIGNMENTS = ("calendar", "anchored")
TIMINGS = ("advance", "arrears")
SUPPLIES = ("services", "goods")
MODELS = (*QUANTITY_MODELS, "percentage", "graduated_percentage", "balance")
BASES = ("average", "closing")
DAY_COUNTS = tuple(YEARS)
GRANTS = ("time", "value")


class ChargeTerms(models.Model):
    """A charge's terms in one version; which columns hold a value follows from the charge's kind.

    `rate` is a fraction of money that moves (percentage) or is held (balance, for a year). `covers` are codes of
    charges of the agreement, all of them where it is empty: whose use counts for a commitment, or is paid by what a
    recurring charge `grants` each period (a retainer: seconds, or value) or by prepaid credit. Credit that is sold
    `untaxed` is a voucher: it pays after tax.
    """

    version = models.ForeignKey(AgreementVersion, models.RESTRICT, related_name="charges")
    charge = models.ForeignKey(Charge, models.RESTRICT, related_name="terms")
    name = models.CharField(max_length=200)
    tax_class = fields.choice(TAX_CLASSES, default="standard")
    supply = fields.choice(SUPPLIES, default="services")
    unit = models.CharField(max_length=20, default="")
    project = models.ForeignKey(Project, models.RESTRICT, null=True)
    rate_card = models.ForeignKey(RateCard, models.RESTRICT, null=True)
    rounding = fields.choice(ROUNDINGS, default="exact")
    increment_seconds = models.PositiveIntegerField(default=1)
    minimum_seconds = models.PositiveIntegerField(default=0)
    weekend_factor = fields.factor(null=True)
    overtime_factor = fields.factor(null=True)
    overtime_after_seconds = models.PositiveIntegerField(null=True)
    markup = fields.price(default=0)
    price = fields.price(null=True)
    quantity = fields.quantity(default=1)
    interval = fields.choice(INTERVALS, null=True)
    interval_count = models.PositiveSmallIntegerField(default=1)
    alignment = fields.choice(ALIGNMENTS, default="calendar")
    anchor = models.DateField(null=True)
    timing = fields.choice(TIMINGS, default="arrears")
    proration = fields.choice(PRORATIONS, default="by_day")
    due_on = models.DateField(null=True)
    model = fields.choice(MODELS, default="per_unit")
    included = fields.quantity(default=0)
    package_size = fields.quantity(null=True)
    minimum = fields.money(null=True)
    maximum = fields.money(null=True)
    metric = models.ForeignKey(Metric, models.RESTRICT, null=True)
    rate = fields.price(null=True)
    fixed = fields.price(default=0)
    minimum_fee = fields.price(null=True)
    maximum_fee = fields.price(null=True)
    free_count = models.PositiveIntegerField(default=0)
    free_amount = fields.quantity(default=0)
    basis = fields.choice(BASES, default="average")
    day_count = fields.choice(DAY_COUNTS, default="act_365")
    proration_down = fields.choice(PRORATIONS, null=True)
    trial_days = models.PositiveSmallIntegerField(null=True)
    trial_until = models.DateField(null=True)
    trial_price = fields.price(null=True)
    grants = fields.quantity(null=True)
    grants_of = fields.choice(GRANTS, default="time")
    rollover = models.PositiveSmallIntegerField(default=0)
    borrow = models.BooleanField(default=False)
    covers = ArrayField(models.CharField(max_length=40), default=list, db_default=[])
    priority = models.PositiveSmallIntegerField(default=0)
    expires_on = models.DateField(null=True)
    untaxed = models.BooleanField(default=False, db_default=False)

    class Meta:
        db_table = "charge_terms"
        constraints = [
            models.UniqueConstraint(fields=["version", "charge"], name="charge_terms_once"),
            models.CheckConstraint(condition=Q(quantity__gte=0), name="charge_terms_quantity"),
            models.CheckConstraint(condition=Q(markup__gt=-1), name="charge_terms_markup"),
            models.CheckConstraint(condition=Q(weekend_factor=None) | Q(weekend_factor__gt=0, weekend_factor__lte=10),
                                   name="charge_terms_weekend"),
            models.CheckConstraint(name="charge_terms_overtime", condition=(
                Q(overtime_factor=None, overtime_after_seconds=None)
                | Q(overtime_factor__isnull=False, overtime_factor__gt=0, overtime_factor__lte=10,
                    overtime_after_seconds__isnull=False, overtime_after_seconds__gt=0,
                    overtime_after_seconds__lte=86_400))),
            models.CheckConstraint(condition=Q(package_size=None) | Q(package_size__gt=0), name="charge_terms_package"),
            models.CheckConstraint(condition=Q(included__gte=0, fixed__gte=0, free_amount__gte=0),
                                   name="charge_terms_not_negative"),
            models.CheckConstraint(condition=Q(minimum=None) | Q(maximum=None) | Q(minimum__lte=F("maximum")),
                                   name="charge_terms_bounds"),
            models.CheckConstraint(condition=Q(trial_days=None) | Q(trial_until=None), name="charge_terms_one_trial"),
            models.CheckConstraint(condition=Q(grants=None) | Q(grants__gt=0), name="charge_terms_grants"),
            fields.one_of("charge_terms", "model", MODELS),
            fields.one_of("charge_terms", "basis", BASES),
            fields.one_of("charge_terms", "day_count", DAY_COUNTS),
            fields.one_of("charge_terms", "grants_of", GRANTS),
            models.CheckConstraint(condition=Q(proration_down=None) | Q(proration_down__in=PRORATIONS),
                                   name="charge_terms_proration_down_known"),
            fields.one_of("charge_terms", "tax_class", TAX_CLASSES),
            fields.one_of("charge_terms", "supply", SUPPLIES),
            fields.one_of("charge_terms", "rounding", ROUNDINGS),
            fields.one_of("charge_terms", "alignment", ALIGNMENTS),
            fields.one_of("charge_terms", "timing", TIMINGS),
            fields.one_of("charge_terms", "proration", PRORATIONS),
        ]


class ChargeTier(models.Model):
    """A tier of terms, (above, up_to]: a unit's price in it (a fraction, where money is priced) and its flat price.

    Those of one charge follow each other from zero without a gap; the last one is open.
    """

    terms = models.ForeignKey(ChargeTerms, models.RESTRICT, related_name="tiers")
    above = fields.quantity()
    up_to = fields.quantity(null=True)
    price = fields.price(default=0)
    flat = fields.price(default=0)

    class Meta:
        db_table = "charge_tier"
        constraints = [
            models.UniqueConstraint(fields=["terms", "above"], name="charge_tier_once"),
            models.CheckConstraint(condition=Q(above__gte=0) & (Q(up_to=None) | Q(up_to__gt=F("above"))),
                                   name="charge_tier_bounds"),
            models.CheckConstraint(condition=Q(price__gte=0, flat__gte=0), name="charge_tier_not_negative"),
        ]


class ChargePhase(models.Model):
    """From a day on a charge's price and quantity; what is null stays as before. A ramp is a row of phases."""

    terms = models.ForeignKey(ChargeTerms, models.RESTRICT, related_name="phases")
    begins_on = models.DateField()
    price = fields.price(null=True)
    quantity = fields.quantity(null=True)

    class Meta:
        db_table = "charge_phase"
        constraints = [
            models.UniqueConstraint(fields=["terms", "begins_on"], name="charge_phase_once"),
            models.CheckConstraint(condition=~Q(price=None, quantity=None), name="charge_phase_says_something"),
        ]


class ExpenseLimit(models.Model):
    """The most that an expense of a category is billed at, after mark-up and conversion, in the agreement's currency.

    Categories are one whatever their case. The laws see that limits are of expenses and in whole minor units.
    """

    terms = models.ForeignKey(ChargeTerms, models.RESTRICT, related_name="limits")
    category = models.CharField(max_length=100)
    at_most = fields.money()

    class Meta:
        db_table = "expense_limit"
        constraints = [
            models.UniqueConstraint(F("terms"), Lower(Trim("category")), name="expense_limit_once"),
            models.CheckConstraint(condition=Q(category__regex=r"\S"), name="expense_limit_category"),
            models.CheckConstraint(condition=Q(at_most__gt=0), name="expense_limit_above_zero"),
        ]


class Discount(models.Model):
    """A discount of a version: `rate` (a fraction) or `off` (an amount), taken in the order of `position`.

    `charges` are the codes that it is on in the scope charge; several together share an amount.
    """

    version = models.ForeignKey(AgreementVersion, models.RESTRICT, related_name="discounts")
    position = models.PositiveSmallIntegerField()
    name = models.CharField(max_length=100)
    scope = fields.choice(tuple(SCOPES), default="agreement")
    charges = ArrayField(models.CharField(max_length=40), default=list, db_default=[])
    rate = fields.price(null=True)
    off = fields.money(null=True)

    class Meta:
        db_table = "discount"
        constraints = [
            models.UniqueConstraint(fields=["version", "position"], name="discount_once"),
            models.CheckConstraint(
                condition=Q(rate=None, off__gt=0) | Q(off=None, rate__gt=0, rate__lte=1), name="discount_is_one"),
            fields.one_of("discount", "scope", tuple(SCOPES)),
        ]


class AgreementPause(models.Model):
    """Days [paused_from, paused_to) for which recurring charges are not billed: one, or all. Open while it lasts."""

    agreement = models.ForeignKey(Agreement, models.RESTRICT, related_name="pauses")
    charge = models.ForeignKey(Charge, models.RESTRICT, null=True)
    paused_from = models.DateField()
    paused_to = models.DateField(null=True)
    reason = models.TextField(default="")

    class Meta:
        db_table = "agreement_pause"
        constraints = [
            models.CheckConstraint(condition=Q(paused_to=None) | Q(paused_to__gt=F("paused_from")),
                                   name="agreement_pause_days"),
        ]
