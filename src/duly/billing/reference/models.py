"""Dated reference data. A dated row holds until the next one of its key begins, so rows cannot overlap."""

from django.contrib.postgres.functions import TransactionNow
from django.db import models
from django.db.models import Q

from duly.billing.kernel import fields

__all__ = ["ExchangeRate", "StoredFile", "TaxComponent", "TaxRate"]

TAX_CLASSES = ("standard", "reduced", "reduced_2", "super_reduced", "parking", "zero", "exempt")


class ExchangeRate(models.Model):
    """One unit of `base` is `rate` units of `quote`, from `valid_from` on."""

    base = fields.currency()
    quote = fields.currency()
    valid_from = models.DateField()
    rate = models.DecimalField(max_digits=24, decimal_places=10)
    source = models.CharField(max_length=60)

    class Meta:
        db_table = "exchange_rate"
        constraints = [
            models.UniqueConstraint(fields=["base", "quote", "valid_from"], name="exchange_rate_once"),
            models.CheckConstraint(condition=Q(rate__gt=0), name="exchange_rate_positive"),
        ]


class TaxRate(models.Model):
    """The rate of a tax class in a country, as a fraction of the net (0.19), with its source; null ends it."""

    country = fields.country()
    tax_class = fields.choice(TAX_CLASSES)
    rate = models.DecimalField(max_digits=7, decimal_places=6, null=True)
    valid_from = models.DateField()
    source = models.CharField(max_length=200)

    class Meta:
        db_table = "tax_rate"
        constraints = [
            models.UniqueConstraint(fields=["country", "tax_class", "valid_from"], name="tax_rate_once"),
            models.CheckConstraint(condition=Q(rate=None) | Q(rate__gte=0, rate__lt=1), name="tax_rate_fraction"),
            fields.one_of("tax_rate", "tax_class", TAX_CLASSES),
        ]


class TaxComponent(models.Model):
    """One of several taxes on one base, by its name, in a country or a region of it; a null rate ends it.

    They are due in the order of their positions. A compound tax is on the net and the taxes before it.
    """

    country = fields.country()
    region = models.CharField(max_length=100, default="", blank=True)
    tax_class = fields.choice(TAX_CLASSES, default="standard")
    name = models.CharField(max_length=40)
    position = models.PositiveSmallIntegerField(default=1)
    rate = models.DecimalField(max_digits=7, decimal_places=6, null=True)
    compound = models.BooleanField(default=False)
    valid_from = models.DateField()
    source = models.CharField(max_length=200)

    class Meta:
        db_table = "tax_component"
        constraints = [
            models.UniqueConstraint(fields=["country", "region", "tax_class", "name", "valid_from"],
                                    name="tax_component_once"),
            models.CheckConstraint(condition=Q(rate=None) | Q(rate__gte=0, rate__lt=1), name="tax_component_fraction"),
            models.CheckConstraint(condition=~Q(name=""), name="tax_component_named"),
            fields.one_of("tax_component", "tax_class", TAX_CLASSES),
        ]


class StoredFile(models.Model):
    """A file as it came in, kept as evidence and found again by its content."""

    sha256 = models.CharField(max_length=64, unique=True)
    name = models.CharField(max_length=255)
    media_type = models.CharField(max_length=100)
    content = models.BinaryField()
    stored_at = models.DateTimeField(db_default=TransactionNow())

    class Meta:
        db_table = "stored_file"
