"""The taxes of a document: what is due on its lines, what each line bears where taxes are several, what is withheld."""

from django.db import models
from django.db.models import Q

from duly.billing.invoicing.models import Invoice, InvoiceLine
from duly.billing.kernel import fields
from duly.engine.tax import CATEGORIES

__all__ = ["LineTax", "TaxLine", "WithheldTax"]


class TaxLine(models.Model):
    """Tax of a document per category and rate, on the rounded net sum, rounded once (EN 16931 BR-CO-17).

    Where several taxes are due on one base each has its `name`, in the order of `position`.
    """

    invoice = models.ForeignKey(Invoice, models.RESTRICT, related_name="tax_lines", db_index=False)
    position = models.PositiveSmallIntegerField(default=0, db_default=0)
    name = models.CharField(max_length=40, default="", db_default="")
    category = fields.choice(CATEGORIES)
    rate = models.DecimalField(max_digits=7, decimal_places=6)
    base = fields.money()
    tax = fields.money()
    reason = models.TextField(default="")

    class Meta:
        db_table = "tax_line"
        constraints = [
            models.UniqueConstraint(fields=["invoice", "category", "rate", "name"], name="tax_line_once"),
            fields.one_of("tax_line", "category", CATEGORIES),
        ]


class LineTax(models.Model):
    """One of several taxes that a line bears; its base is the line's net, with the taxes before it where compound."""

    line = models.ForeignKey(InvoiceLine, models.RESTRICT, related_name="taxes", db_index=False)
    name = models.CharField(max_length=40)
    category = fields.choice(CATEGORIES)
    rate = models.DecimalField(max_digits=7, decimal_places=6)
    base = fields.money()
    tax = fields.money()

    class Meta:
        db_table = "line_tax"
        constraints = [
            models.UniqueConstraint(fields=["line", "name"], name="line_tax_once"),
            models.CheckConstraint(condition=~Q(name=""), name="line_tax_named"),
            fields.one_of("line_tax", "category", CATEGORIES),
        ]


class WithheldTax(models.Model):
    """What the buyer keeps back from the document for the tax office, under one name."""

    invoice = models.ForeignKey(Invoice, models.RESTRICT, related_name="withheld_taxes", db_index=False)
    name = models.CharField(max_length=60)
    rate = models.DecimalField(max_digits=7, decimal_places=6)
    base = fields.money()
    amount = fields.money()

    class Meta:
        db_table = "withheld_tax"
        constraints = [models.UniqueConstraint(fields=["invoice", "name"], name="withheld_tax_once")]
