"""Drafts and issued documents, and the runs that make them; what stands between is in `review_models`.

A foreign key of a table that grows with every document has an index only where someone looks rows up by it, and
where no other index begins with it: parents of frozen rows are never deleted.
"""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from duly.billing.accounts.models import Account, LegalEntity, NumberSeries, User
from duly.billing.agreements.charges import SUPPLIES, ChargeTerms
from duly.billing.agreements.models import REVIEWS, Agreement, Charge
from duly.billing.kernel import fields
from duly.billing.ledger.models import OpenItem
from duly.billing.work.models import WorkItem
from duly.engine.lifecycle import STATES
from duly.engine.tax import CATEGORIES

__all__ = [
    "BillRun", "BillRunPartition", "ChargeSpan", "Invoice", "InvoiceLine", "Netting", "PartyCopy", "WorkAllocation",
]

INVOICE_KINDS = ("invoice", "credit_note", "proforma", "deposit")
RUN_STATES = ("running", "stopped", "done")
PARTITION_STATES = ("waiting", "done", "failed")
SPAN_KINDS = ("regular", "true_up", "late", "correction")


class PartyCopy(models.Model):
    """A frozen copy of a seller or buyer, kept once per content and never changed."""

    digest = models.CharField(max_length=64, unique=True)
    data = models.JSONField()

    class Meta:
        db_table = "party_copy"


class BillRun(models.Model):
    """One batch: its scope, period, date and input cut-off are frozen when it is launched."""

    entity = models.ForeignKey(LegalEntity, models.RESTRICT)
    period_from = models.DateField()
    period_to = models.DateField()
    on = models.DateField()
    snapshot = models.TextField()
    state = fields.choice(RUN_STATES, default="running")
    launched_by = models.ForeignKey(User, models.RESTRICT)
    launched_at = models.DateTimeField()

    class Meta:
        db_table = "bill_run"
        constraints = [
            fields.one_of("bill_run", "state", RUN_STATES),
            models.CheckConstraint(condition=Q(period_to__gt=F("period_from")), name="bill_run_period"),
        ]


class BillRunPartition(models.Model):
    """The bill-to accounts that are drafted together, in one transaction; its row is the lock and the mark."""

    run = models.ForeignKey(BillRun, models.RESTRICT, related_name="partitions")
    ordinal = models.PositiveIntegerField()
    accounts = ArrayField(models.BigIntegerField())
    state = fields.choice(PARTITION_STATES, default="waiting")
    drafts = models.PositiveIntegerField(default=0)
    digest = models.CharField(max_length=64, default="")
    error = models.TextField(default="")

    class Meta:
        db_table = "bill_run_partition"
        constraints = [
            models.UniqueConstraint(fields=["run", "ordinal"], name="bill_run_partition_once"),
            fields.one_of("bill_run_partition", "state", PARTITION_STATES),
        ]


class Invoice(models.Model):
    """A draft while it has no number; a fiscal document, never changed, once issued.

    `review` is what the agreements demand. Dates differ on purpose: service period, issue date, tax point,
    due date and booking date.
    """

    kind = fields.choice(INVOICE_KINDS, default="invoice")
    state = fields.choice(STATES, default="draft")
    entity = models.ForeignKey(LegalEntity, models.RESTRICT, db_index=False)
    account = models.ForeignKey(Account, models.RESTRICT, related_name="invoices", db_index=False)
    run_partition = models.ForeignKey(BillRunPartition, models.RESTRICT, null=True)
    created_by = models.CharField(max_length=80)
    review = fields.choice(REVIEWS)
    currency = fields.currency()
    language = models.CharField(max_length=2)
    purchase_order = models.CharField(max_length=60, default="")
    payment_days = models.PositiveSmallIntegerField()
    time_annex = models.BooleanField()
    prices_include_tax = models.BooleanField(default=False, db_default=False)
    service_from = models.DateField()
    service_to = models.DateField()
    tax_point = models.DateField()
    seller = models.ForeignKey(PartyCopy, models.RESTRICT, related_name="+", db_index=False)
    buyer = models.ForeignKey(PartyCopy, models.RESTRICT, related_name="+", db_index=False)
    net = fields.money()
    tax = fields.money()
    total = fields.money()
    withheld = fields.money(default=0, db_default=0)
    prepaid = fields.money(default=0, db_default=0)
    rounding = fields.money(default=0, db_default=0)
    series = models.ForeignKey(NumberSeries, models.RESTRICT, null=True, db_index=False)
    fiscal_year = models.PositiveSmallIntegerField(null=True)
    sequence = models.PositiveIntegerField(null=True)
    number = models.CharField(max_length=60, null=True, db_collation="C")
    issued_on = models.DateField(null=True)
    booked_on = models.DateField(null=True)
    due_on = models.DateField(null=True)
    base_rate = models.DecimalField(max_digits=24, decimal_places=10, null=True)
    open_item = models.OneToOneField(OpenItem, models.RESTRICT, null=True)

    class Meta:
        db_table = "invoice"
        constraints = [
            fields.one_of("invoice", "kind", INVOICE_KINDS),
            fields.one_of("invoice", "state", STATES),
            fields.one_of("invoice", "review", REVIEWS),
            fields.whole_minor_units("invoice", "net"),
            fields.whole_minor_units("invoice", "tax"),
            fields.whole_minor_units("invoice", "withheld"),
            fields.whole_minor_units("invoice", "prepaid"),
            fields.whole_minor_units("invoice", "rounding"),
            models.CheckConstraint(name="invoice_prepaid_within_total", condition=(
                Q(prepaid=0) | Q(prepaid__gt=0, prepaid__lte=F("total") - F("withheld")))),
            models.CheckConstraint(condition=Q(total=F("net") + F("tax")), name="invoice_net_and_tax_are_total"),
            models.CheckConstraint(condition=Q(service_to__gte=F("service_from")), name="invoice_service_period"),
            models.UniqueConstraint(fields=["series", "fiscal_year", "sequence"], name="invoice_sequence_once"),
            models.UniqueConstraint(fields=["entity", "number"], name="invoice_number_once"),
            models.CheckConstraint(
                condition=Q(state="issued", number__isnull=False, issued_on__isnull=False, booked_on__isnull=False)
                & Q(due_on__isnull=False, sequence__isnull=False, fiscal_year__isnull=False, series__isnull=False)
                | (~Q(state="issued") & Q(number=None, sequence=None, series=None, open_item=None)),
                name="invoice_number_only_at_issue",
            ),
        ]
        indexes = [
            models.Index(fields=["account", "issued_on"], name="invoice_account_issued"),
            models.Index(fields=["entity", "state"], condition=~Q(state="issued"), name="invoice_unissued"),
            # What lists of issued documents are sorted by. Each costs an issue about 3 µs of its 1,000.
            *(models.Index(fields=[date_or_sum, "id"], condition=Q(state="issued"), name=f"invoice_by_{date_or_sum}")
              for date_or_sum in ("issued_on", "due_on", "total")),
        ]


class InvoiceLine(models.Model):
    """A line. `numerator ÷ denominator` is its exact quotient, rounded once into `amount` or, where prices include
    tax, `gross` = amount + tax. `explanation` holds the computation's own rows. For time `quantity` is in seconds.
    `fixed_…` is the tax of the line that this one answers, `override_…` what a person decided on the tax.
    """

    invoice = models.ForeignKey(Invoice, models.RESTRICT, related_name="lines", db_index=False)
    position = models.PositiveIntegerField()
    agreement = models.ForeignKey(Agreement, models.RESTRICT)
    charge = models.ForeignKey(Charge, models.RESTRICT, db_index=False)
    terms = models.ForeignKey(ChargeTerms, models.RESTRICT, db_index=False)
    kind = models.CharField(max_length=24)
    description = models.TextField()
    unit = models.CharField(max_length=20)
    quantity = fields.quantity()
    unit_price = fields.price()
    numerator = models.DecimalField(max_digits=38, decimal_places=14)
    denominator = models.BigIntegerField()
    amount = fields.money()
    gross = fields.money(null=True)
    tax_class = models.CharField(max_length=24)
    supply = fields.choice(SUPPLIES, default="services", db_default="services")
    tax_category = fields.choice(CATEGORIES)
    tax_rate = models.DecimalField(max_digits=7, decimal_places=6)
    tax = fields.money()
    fixed_category = fields.choice(CATEGORIES, null=True)
    fixed_rate = models.DecimalField(max_digits=7, decimal_places=6, null=True)
    override_category = fields.choice(CATEGORIES, null=True)
    override_reason = models.CharField(max_length=200, null=True)
    service_from = models.DateField()
    service_to = models.DateField()
    explanation = models.JSONField()

    class Meta:
        db_table = "invoice_line"
        constraints = [
            models.UniqueConstraint(fields=["invoice", "position"], name="invoice_line_position_once"),
            models.CheckConstraint(condition=Q(denominator__gt=0), name="invoice_line_denominator"),
            *(fields.one_of("invoice_line", name, CATEGORIES)
              for name in ("tax_category", "fixed_category", "override_category")),
            fields.one_of("invoice_line", "supply", SUPPLIES),
            models.CheckConstraint(name="invoice_line_net_and_tax_are_gross",
                                   condition=Q(gross=None) | Q(gross=F("amount") + F("tax"))),
            models.CheckConstraint(name="invoice_line_fixed_whole", condition=(
                Q(fixed_category=None, fixed_rate=None) | Q(fixed_category__isnull=False, fixed_rate__isnull=False))),
            models.CheckConstraint(name="invoice_line_override_has_reason", condition=(
                Q(override_category=None, override_reason=None)
                | Q(override_category__isnull=False, override_reason__gt=""))),
        ]


class WorkAllocation(models.Model):
    """The link work → line, with the work's quantity. Billed is the sum of live ones (not released)."""

    work_item = models.ForeignKey(WorkItem, models.RESTRICT, related_name="allocations")
    line = models.ForeignKey(InvoiceLine, models.RESTRICT, related_name="allocations")
    quantity = fields.quantity()
    billed_quantity = fields.quantity()
    amount = fields.money()
    released = models.BooleanField(default=False, db_default=False)

    class Meta:
        db_table = "work_allocation"
        constraints = [models.CheckConstraint(condition=Q(quantity__gt=0), name="work_allocation_quantity")]


class ChargeSpan(models.Model):
    """The days of a charge that a line bills, or takes back.

    No day of a charge is billed twice: what regular spans bill of it less what corrections take back is one at most. A
    correction is caused by the line whose days it takes back, late usage by the one that billed its period before. Use
    that is not visible in the snapshot `billed_in` is late; null where no usage is billed.
    """

    line = models.ForeignKey(InvoiceLine, models.RESTRICT, related_name="spans")
    charge = models.ForeignKey(Charge, models.RESTRICT)
    kind = fields.choice(SPAN_KINDS, default="regular")
    span_from = models.DateField()
    span_to = models.DateField()
    cause = models.ForeignKey(InvoiceLine, models.RESTRICT, null=True, related_name="answers")
    billed_in = models.TextField(null=True)
    released = models.BooleanField(default=False, db_default=False)

    class Meta:
        db_table = "charge_span"
        constraints = [
            models.CheckConstraint(condition=Q(span_to__gt=F("span_from")), name="charge_span_days"),
            fields.one_of("charge_span", "kind", SPAN_KINDS),
        ]


class Netting(models.Model):
    """What a line below zero takes off because another one, of an issued document, billed it in advance: a deposit, a
    progressive bill, prepaid credit. With an invoice in place of a line it is what credit sold without tax pays of that
    after tax; with neither, credit that expired on a day. Live ones never exceed what was billed in advance."""

    line = models.ForeignKey(InvoiceLine, models.RESTRICT, null=True, related_name="nettings")
    invoice = models.ForeignKey(Invoice, models.RESTRICT, null=True, related_name="payments")
    advance = models.ForeignKey(InvoiceLine, models.RESTRICT, related_name="netted")
    amount = fields.money()
    expired_on = models.DateField(null=True)
    released = models.BooleanField(default=False, db_default=False)

    class Meta:
        db_table = "netting"
        constraints = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="netting_amount"),
            models.CheckConstraint(name="netting_by_line_or_expiry", condition=(
                Q(line=None, invoice=None, expired_on__isnull=False)
                | Q(line__isnull=False, invoice=None, expired_on=None)
                | Q(line=None, invoice__isnull=False, expired_on=None))),
        ]
