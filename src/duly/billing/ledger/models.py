"""What happened in money: entries made of transfers, and the open items of the subledger."""

from django.contrib.postgres.functions import TransactionNow
from django.db import models
from django.db.models import F, Q

from duly.billing.accounts.models import Account, LegalEntity
from duly.billing.kernel import fields

__all__ = [
    "AccountMonth", "ChartAccount", "Deferral", "EntityMonth", "Entry", "OpenItem", "OpenItemMovement",
    "RevenueRelease", "Transfer",
]

POSTING_ROLES = (
    "receivable", "on_account", "deposits", "deferred_revenue", "revenue", "tax", "bank",
    "exchange_difference", "write_off", "fees", "interest", "withholding_tax", "rounding",
)
ENTRY_KINDS = (
    "invoice", "credit_note", "deposit", "receipt", "allocation", "exchange_difference", "revenue_release", "breakage",
)
CONTROLS = ("receivable", "on_account")


class ChartAccount(models.Model):
    """The account of the entity's chart that a posting role goes to."""

    entity = models.ForeignKey(LegalEntity, models.RESTRICT, related_name="chart")
    role = fields.choice(POSTING_ROLES)
    code = models.CharField(max_length=20)
    name = models.CharField(max_length=100)

    class Meta:
        db_table = "chart_account"
        constraints = [
            models.UniqueConstraint(fields=["entity", "role"], name="chart_account_once"),
            fields.one_of("chart_account", "role", POSTING_ROLES),
        ]


class Entry(models.Model):
    """One posting: the transfers of one thing that happened, on one booking date."""

    entity = models.ForeignKey(LegalEntity, models.RESTRICT, db_index=False)
    kind = fields.choice(ENTRY_KINDS)
    booked_on = models.DateField()
    source = models.CharField(max_length=60)
    command_id = models.UUIDField()
    recorded_at = models.DateTimeField(db_default=TransactionNow())

    class Meta:
        db_table = "entry"
        constraints = [fields.one_of("entry", "kind", ENTRY_KINDS)]
        indexes = [models.Index(fields=["entity", "booked_on"], name="entry_booked")]


class Transfer(models.Model):
    """An amount from the credited to the debited account; an entry of transfers always balances (law 2).

    An exchange difference moves no amount of its currency, only its base amount.
    """

    entry = models.ForeignKey(Entry, models.RESTRICT, related_name="transfers")
    debit = models.ForeignKey(ChartAccount, models.RESTRICT, related_name="+", db_index=False)
    credit = models.ForeignKey(ChartAccount, models.RESTRICT, related_name="+", db_index=False)
    currency = fields.currency()
    amount = fields.money()
    base_amount = fields.money()

    class Meta:
        db_table = "transfer"
        constraints = [
            models.CheckConstraint(
                condition=Q(amount__gt=0, base_amount__gte=0) | Q(amount=0, base_amount__gt=0),
                name="transfer_positive"),
            models.CheckConstraint(condition=~Q(debit=F("credit")), name="transfer_between_two"),
            fields.whole_minor_units("transfer", "amount"),
        ]


class OpenItem(models.Model):
    """What a document or receipt still owes, signed: receivable items are positive, money on account negative.

    `balance` is a projection of the movements, written by the database when a movement is inserted; the check
    on it is what keeps allocations within the receipt and the item (law 9), whoever acts at the same time.
    `base_balance` is the same in the entity's base currency: what is settled leaves nothing behind in it.
    """

    entity = models.ForeignKey(LegalEntity, models.RESTRICT, db_index=False)
    account = models.ForeignKey(Account, models.RESTRICT)
    control = fields.choice(CONTROLS)
    label = models.CharField(max_length=60)
    currency = fields.currency()
    amount = fields.money()
    balance = fields.money(default=0, db_default=0)
    base_balance = fields.money(default=0, db_default=0)
    booked_on = models.DateField()
    due_on = models.DateField()

    class Meta:
        db_table = "open_item"
        constraints = [
            fields.one_of("open_item", "control", CONTROLS),
            fields.whole_minor_units("open_item", "amount"),
            fields.whole_minor_units("open_item", "balance"),
            models.CheckConstraint(
                condition=Q(amount__gte=0, balance__gte=0, balance__lte=F("amount"))
                | Q(amount__lt=0, balance__lte=0, balance__gte=F("amount")),
                name="open_item_balance_within",
            ),
            models.CheckConstraint(
                condition=Q(balance=0, base_balance=0) | Q(balance__gt=0, base_balance__gte=0)
                | Q(balance__lt=0, base_balance__lte=0),
                name="open_item_base_balance_within",
            ),
        ]
        indexes = [
            # wide enough that ageing never looks at the rows: a change of the balance writes the index anyway
            models.Index(fields=["account", "due_on"], condition=~Q(balance=0), name="open_item_open",
                         include=["id", "entity", "control", "currency", "balance", "booked_on"]),
        ]


class OpenItemMovement(models.Model):
    """A dated change of an open item, by an entry; the first one opens it."""

    open_item = models.ForeignKey(OpenItem, models.RESTRICT, related_name="movements")
    entry = models.ForeignKey(Entry, models.RESTRICT)
    amount = fields.money()
    base_amount = fields.money()
    booked_on = models.DateField()
    recorded_at = models.DateTimeField(db_default=TransactionNow())

    class Meta:
        db_table = "open_item_movement"


class Deferral(models.Model):
    """What a line of a document billed in advance of its days: revenue to come, in equal parts for each day.

    Negative where a line takes back what another billed. `released` and its base amount are projections of the
    releases, written by the database; the checks on them keep releases within what was deferred.
    """

    entity = models.ForeignKey(LegalEntity, models.RESTRICT, db_index=False)
    open_item = models.ForeignKey(OpenItem, models.RESTRICT, related_name="deferrals")
    entry = models.ForeignKey(Entry, models.RESTRICT, related_name="deferrals", db_index=False)
    position = models.PositiveIntegerField()
    period_from = models.DateField()
    period_to = models.DateField()
    currency = fields.currency()
    amount = fields.money()
    base_amount = fields.money()
    released = fields.money(default=0, db_default=0)
    released_base = fields.money(default=0, db_default=0)

    class Meta:
        db_table = "deferral"
        constraints = [
            models.UniqueConstraint(fields=["entry", "position"], name="deferral_once"),
            models.CheckConstraint(condition=Q(period_to__gt=F("period_from")), name="deferral_days"),
            fields.whole_minor_units("deferral", "amount"),
            fields.whole_minor_units("deferral", "released"),
            models.CheckConstraint(
                condition=Q(amount__gt=0, base_amount__gte=0, released__gte=0, released__lte=F("amount"),
                            released_base__gte=0, released_base__lte=F("base_amount"))
                | Q(amount__lt=0, base_amount__lte=0, released__lte=0, released__gte=F("amount"),
                    released_base__lte=0, released_base__gte=F("base_amount")),
                name="deferral_released_within",
            ),
            models.CheckConstraint(
                condition=~Q(released=F("amount")) | Q(released_base=F("base_amount")), name="deferral_whole_in_base"),
        ]
        indexes = [models.Index(fields=["entity", "period_from", "id"], condition=~Q(released=F("amount")),
                                name="deferral_to_come")]


class RevenueRelease(models.Model):
    """Deferred revenue of a line that was earned until a day, and became revenue by an entry booked on it."""

    deferral = models.ForeignKey(Deferral, models.RESTRICT, related_name="releases")
    entry = models.ForeignKey(Entry, models.RESTRICT, related_name="releases")
    amount = fields.money()
    base_amount = fields.money()
    booked_on = models.DateField()
    recorded_at = models.DateTimeField(db_default=TransactionNow())

    class Meta:
        db_table = "revenue_release"


class MonthSums(models.Model):
    """What was billed and paid in a calendar month, in the entity's base currency, as it was booked.

    A projection of entries and movements that the database keeps when they commit; the audit `months` adds it up
    again. `billed` is gross, `revenue` what of it is no tax; `collected` is money received, `settled` what of it paid
    documents. `settled_days` and `late_days` weigh each payment by its days from booking and past due. The keys are
    those of open items, so they need no constraint of their own.
    """

    entity = models.ForeignKey(LegalEntity, models.RESTRICT, related_name="+", db_constraint=False, db_index=False)
    month = models.DateField()
    billed = fields.money()
    revenue = fields.money()
    collected = fields.money()
    settled = fields.money()
    settled_days = models.DecimalField(max_digits=26, decimal_places=4)
    late_days = models.DecimalField(max_digits=26, decimal_places=4)

    class Meta:
        abstract = True


class AccountMonth(MonthSums):
    """The sums of one account."""

    account = models.ForeignKey(Account, models.RESTRICT, related_name="+", db_constraint=False, db_index=False)

    class Meta:
        db_table = "account_month"
        constraints = [models.UniqueConstraint(fields=["account", "entity", "month"], name="account_month_once")]


class EntityMonth(MonthSums):
    """The sums of a whole entity, in slots: transactions of different connections seldom wait for the same row."""

    slot = models.PositiveSmallIntegerField()

    class Meta:
        db_table = "entity_month"
        constraints = [models.UniqueConstraint(fields=["entity", "month", "slot"], name="entity_month_once")]
