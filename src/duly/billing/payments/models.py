"""Money received and what it pays."""

from django.db import models
from django.db.models import F, Q

from duly.billing.accounts.models import Account, BankAccount, LegalEntity, NumberSeries
from duly.billing.invoicing.models import PartyCopy
from duly.billing.kernel import fields
from duly.billing.ledger.models import Entry, OpenItem

__all__ = ["CashAllocation", "Receipt"]

METHODS = ("bank_transfer", "card", "cash", "cheque", "direct_debit", "withholding", "other")
"""`withholding` is no money: tax that a customer kept back and paid to the tax office for us, by its certificate."""


class Receipt(models.Model):
    """Money received from an account, booked on account; what it pays is said by cash allocations.

    It is a document, so it keeps copies of its parties and language as they were when it was booked.
    """

    entity = models.ForeignKey(LegalEntity, models.RESTRICT)
    account = models.ForeignKey(Account, models.RESTRICT, related_name="receipts")
    series = models.ForeignKey(NumberSeries, models.RESTRICT)
    fiscal_year = models.PositiveSmallIntegerField()
    sequence = models.PositiveIntegerField()
    number = models.CharField(max_length=60)
    received_on = models.DateField()
    booked_on = models.DateField()
    currency = fields.currency()
    amount = fields.money()
    method = fields.choice(METHODS)
    reference = models.CharField(max_length=140, default="")
    bank_account = models.ForeignKey(BankAccount, models.RESTRICT, null=True)
    open_item = models.OneToOneField(OpenItem, models.RESTRICT)
    language = models.CharField(max_length=2)
    seller = models.ForeignKey(PartyCopy, models.RESTRICT, related_name="+")
    buyer = models.ForeignKey(PartyCopy, models.RESTRICT, related_name="+")

    class Meta:
        db_table = "receipt"
        constraints = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="receipt_positive"),
            models.UniqueConstraint(fields=["series", "fiscal_year", "sequence"], name="receipt_sequence_once"),
            models.UniqueConstraint(fields=["entity", "number"], name="receipt_number_once"),
            fields.one_of("receipt", "method", METHODS),
            fields.whole_minor_units("receipt", "amount"),
        ]
        indexes = [models.Index(fields=["booked_on", "id"], name="receipt_booked")]


class CashAllocation(models.Model):
    """An amount moved from money on account to a receivable. Undone only by one that answers it, negative.

    In the base currency each side leaves the books as it came in: `source_base` by the rate of the receipt,
    `target_base` by that of the document. What lies between them is the exchange difference, a gain above zero.
    """

    source = models.ForeignKey(OpenItem, models.RESTRICT, related_name="+")
    target = models.ForeignKey(OpenItem, models.RESTRICT, related_name="+")
    amount = fields.money()
    source_base = fields.money()
    target_base = fields.money()
    booked_on = models.DateField()
    entry = models.OneToOneField(Entry, models.RESTRICT)
    difference_entry = models.OneToOneField(Entry, models.RESTRICT, null=True, related_name="+")
    answers = models.OneToOneField("self", models.RESTRICT, null=True, related_name="answered_by")
    reason = models.TextField(default="")

    class Meta:
        db_table = "cash_allocation"
        constraints = [
            models.CheckConstraint(
                condition=Q(answers=None, amount__gt=0) | Q(answers__isnull=False, amount__lt=0),
                name="cash_allocation_sign",
            ),
            models.CheckConstraint(condition=~Q(source=F("target")), name="cash_allocation_between_two"),
            models.CheckConstraint(
                condition=Q(difference_entry=None, source_base=F("target_base"))
                | Q(difference_entry__isnull=False) & ~Q(source_base=F("target_base")),
                name="cash_allocation_difference",
            ),
        ]
