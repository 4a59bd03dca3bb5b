"""What was done: time, expenses and milestones; the evidence for a line, and where it came from."""

from django.contrib.postgres.functions import TransactionNow
from django.db import models
from django.db.models import Q
from django.db.models.functions import Floor

from duly.billing.accounts.models import Person, User
from duly.billing.agreements.models import Agreement, Charge, Project
from duly.billing.kernel import fields
from duly.billing.reference.models import StoredFile

__all__ = ["ImportBatch", "ImportRow", "ImportUpload", "NameMapping", "WorkItem", "WorkReceipt"]

WORK_KINDS = ("time", "expense", "milestone")
IMPORT_KINDS = ("timesheet", "expenses", "usage")
MAPPED_KINDS = ("person", "client", "project")
OUTCOMES = ("billable", "non_billable", "without_client", "out_of_period", "rejected")


class NameMapping(models.Model):
    """What a name in imported files stands for: a person's code, an account's number or a project's code.

    A project is named with its client: “Client / Project”. `key` is the name folded, as names are compared.
    The target “ignore” says that rows with this name are not for billing.
    """

    kind = fields.choice(MAPPED_KINDS)
    name = models.CharField(max_length=400)
    key = models.CharField(max_length=600)
    target = models.CharField(max_length=60)

    class Meta:
        db_table = "name_mapping"
        constraints = [
            models.UniqueConstraint(fields=["kind", "key"], name="name_mapping_once"),
            fields.one_of("name_mapping", "kind", MAPPED_KINDS),
        ]


class ImportBatch(models.Model):
    """One file read in: the file itself, its header row, and how its rows came out (counts, seconds, amounts).

    A file is read in again only when it still holds work that was kept out before; a row's `source_key` keeps
    its work from being recorded twice.
    """

    kind = fields.choice(IMPORT_KINDS)
    layout = models.CharField(max_length=30)
    headers = models.JSONField()
    result = models.JSONField()
    file = models.ForeignKey(StoredFile, models.RESTRICT)
    imported_by = models.ForeignKey(User, models.RESTRICT)
    imported_at = models.DateTimeField()

    class Meta:
        db_table = "import_batch"
        constraints = [fields.one_of("import_batch", "kind", IMPORT_KINDS)]


class ImportUpload(models.Model):
    """A file that someone handed in, to be looked at before it is imported. Only they see it; it is never changed."""

    kind = fields.choice(IMPORT_KINDS)
    name = models.CharField(max_length=255)
    file = models.ForeignKey(StoredFile, models.RESTRICT)
    uploaded_by = models.ForeignKey(User, models.RESTRICT)
    uploaded_at = models.DateTimeField()

    class Meta:
        db_table = "import_upload"
        constraints = [fields.one_of("import_upload", "kind", IMPORT_KINDS)]


class WorkItem(models.Model):
    """A time entry (quantity in whole seconds), an expense (cost) or an accepted milestone (its amount in `cost`).

    `share` is how much of a milestone this acceptance covers, null for all of it.
    Names are kept as they were recorded, so that a time annex never changes. There is no “billed” flag:
    billed is the sum of live allocations that point here. An entry that should not be there is `withdrawn`: it counts
    for nothing and stays, since its `source_key` keeps a file from bringing it in again.
    """

    kind = fields.choice(WORK_KINDS)
    agreement = models.ForeignKey(Agreement, models.RESTRICT, related_name="work", db_index=False)
    charge = models.ForeignKey(Charge, models.RESTRICT, null=True, db_index=False)
    project = models.ForeignKey(Project, models.RESTRICT, null=True)
    person = models.ForeignKey(Person, models.RESTRICT, null=True, db_index=False)
    project_name = models.CharField(max_length=200, default="")
    person_name = models.CharField(max_length=200, default="")
    role = models.CharField(max_length=60, default="")
    task = models.CharField(max_length=100, default="")
    description = models.TextField(default="")
    worked_on = models.DateField()
    started_at = models.TimeField(null=True)
    quantity = fields.quantity()
    cost = fields.money(null=True)
    cost_currency = models.CharField(max_length=3, default="")
    share = fields.quantity(null=True)
    billable = models.BooleanField(default=True)
    withdrawn = models.BooleanField(default=False, db_default=False)
    source_key = models.CharField(max_length=100, unique=True)
    approved_by = models.ForeignKey(User, models.RESTRICT, null=True, db_index=False)
    approved_at = models.DateTimeField(null=True)
    approved_in = fields.TransactionIdField(null=True, editable=False)

    class Meta:
        db_table = "work_item"
        constraints = [
            fields.one_of("work_item", "kind", WORK_KINDS),
            models.CheckConstraint(condition=Q(quantity__gt=0), name="work_item_quantity"),
            models.CheckConstraint(
                condition=Q(kind="time", cost=None, person__isnull=False, quantity=Floor("quantity"))
                | Q(kind="expense", cost__isnull=False, quantity=1)
                | Q(kind="milestone", cost__isnull=False, charge__isnull=False, quantity__lte=1),
                name="work_item_shape",
            ),
            models.CheckConstraint(
                condition=Q(share=None) | Q(kind="milestone", share__gt=0, share__lte=1), name="work_item_share"
            ),
            models.CheckConstraint(
                condition=Q(approved_by=None, approved_at=None, approved_in=None)
                | Q(approved_by__isnull=False, approved_at__isnull=False, approved_in__isnull=False),
                name="work_item_approval_whole",
            ),
            models.CheckConstraint(
                condition=Q(withdrawn=False) | Q(billable=False, approved_by=None), name="work_item_withdrawn"
            ),
        ]
        indexes = [
            models.Index(fields=["agreement", "worked_on"], name="work_item_agreement"),
            models.Index(fields=["person", "worked_on"], name="work_item_person_day"),
            models.Index(fields=["worked_on", "id"], name="work_item_day"),
            models.Index(fields=["agreement", "worked_on"], condition=Q(approved_by=None, billable=True),
                         name="work_item_waiting"),
        ]


class WorkReceipt(models.Model):
    """The receipt of an expense, as it was handed in. More than one where there is more than one page."""

    work_item = models.ForeignKey(WorkItem, models.RESTRICT, related_name="receipts", db_index=False)
    file = models.ForeignKey(StoredFile, models.RESTRICT, db_index=False)
    name = models.CharField(max_length=255)
    attached_by = models.ForeignKey(User, models.RESTRICT, db_index=False)
    attached_at = models.DateTimeField()

    class Meta:
        db_table = "work_receipt"
        constraints = [models.UniqueConstraint(fields=["work_item", "file"], name="work_receipt_once")]


class ImportRow(models.Model):
    """What became of one row of a file, with its own words, so that nothing of it is ever lost."""

    batch = models.ForeignKey(ImportBatch, models.RESTRICT, related_name="rows")
    row_number = models.PositiveIntegerField()
    outcome = fields.choice(OUTCOMES)
    reason = models.TextField(default="")
    raw = models.JSONField()
    work_item = models.ForeignKey(WorkItem, models.RESTRICT, null=True)
    own_amount = fields.money(null=True)
    own_currency = models.CharField(max_length=3, default="")
    recorded_at = models.DateTimeField(db_default=TransactionNow())

    class Meta:
        db_table = "import_row"
        constraints = [
            models.UniqueConstraint(fields=["batch", "row_number"], name="import_row_once"),
            fields.one_of("import_row", "outcome", OUTCOMES),
        ]
