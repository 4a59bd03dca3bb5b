"""Who sells, who buys, who works, and who may do what."""

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager
from django.db import models
from django.db.models import F, Q

from duly.billing.kernel import fields
from duly.billing.kernel.authority import RIGHTS
from duly.billing.reference.models import StoredFile

__all__ = [
    "Account", "ApiToken", "BankAccount", "Contact", "LegalEntity", "NumberCounter", "NumberSeries", "Person",
    "PurchaseOrder", "RightGrant", "RoleGrant", "SecondFactorDemand", "TaxRegistration", "User",
]

ROLES = ("account_manager", "biller", "reviewer", "finance_lead", "auditor", "administrator", "client")
SENSITIVE_RIGHTS = ("issue", "credit", "write_off", "refund", "bank_details", "waive", "override_cap")
TOKEN_SCOPES = ("usage",)
SECOND_FACTOR_HOLDERS = (*ROLES, *sorted(RIGHTS))
"""Of whom a second factor can be demanded: everyone with a role, or with a right, however they came by it."""
SCOPES = ("all", "book")
CONTACT_ROLES = ("billing", "approver", "payer", "executive")
ACCOUNT_KINDS = ("business", "public", "person")
SERIES_KINDS = ("invoice", "credit_note", "proforma", "deposit", "receipt")
LANGUAGES = ("en", "de", "fr")


class User(AbstractBaseUser):
    """Someone who signs in. What they may do follows from their role grants and sensitive rights."""

    login = models.CharField(max_length=80, unique=True)
    name = models.CharField(max_length=200)
    email = models.EmailField(max_length=254)
    is_active = models.BooleanField(default=True)  # type: ignore[misc]

    objects = BaseUserManager["User"]()

    USERNAME_FIELD = "login"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: list[str] = []  # type: ignore[misc]

    class Meta:
        db_table = "app_user"


class RoleGrant(models.Model):
    """A role, for all accounts or for the user's own book (accounts they manage or cover)."""

    user = models.ForeignKey(User, models.CASCADE, related_name="role_grants")
    role = fields.choice(ROLES)
    scope = fields.choice(SCOPES, default="all")

    class Meta:
        db_table = "role_grant"
        constraints = [
            models.UniqueConstraint(fields=["user", "role"], name="role_grant_once"),
            fields.one_of("role_grant", "role", ROLES),
            fields.one_of("role_grant", "scope", SCOPES),
        ]


class ApiToken(models.Model):
    """What a program shows to act for a user. Only its digest is kept; what it opens is at most what its user may.

    `hint` are its last signs, to tell tokens apart by. One that is revoked stays so.
    """

    name = models.CharField(max_length=100)
    user = models.ForeignKey(User, models.RESTRICT, related_name="tokens")
    scope = fields.choice(TOKEN_SCOPES)
    digest = models.CharField(max_length=64, unique=True)
    hint = models.CharField(max_length=8)
    expires_at = models.DateTimeField(null=True)
    made_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)
    last_used_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "api_token"
        constraints = [fields.one_of("api_token", "scope", TOKEN_SCOPES)]


class RightGrant(models.Model):
    """A sensitive right, given by name and never implied by a role."""

    user = models.ForeignKey(User, models.CASCADE, related_name="right_grants")
    right = fields.choice(SENSITIVE_RIGHTS)

    class Meta:
        db_table = "right_grant"
        constraints = [
            models.UniqueConstraint(fields=["user", "right"], name="right_grant_once"),
            fields.one_of("right_grant", "right", SENSITIVE_RIGHTS),
        ]


class SecondFactorDemand(models.Model):
    """Whether everyone with a role or a right sets up a second factor before anything else."""

    holder = fields.choice(SECOND_FACTOR_HOLDERS)
    demanded = models.BooleanField()

    class Meta:
        db_table = "second_factor_demand"
        constraints = [
            models.UniqueConstraint(fields=["holder"], name="second_factor_demand_once"),
            fields.one_of("second_factor_demand", "holder", SECOND_FACTOR_HOLDERS),
        ]


class Address(models.Model):
    """Where a party is; the columns follow EN 16931's postal address (BG-5, BG-8)."""

    street = models.CharField(max_length=200)
    street_2 = models.CharField(max_length=200, default="", blank=True)
    postcode = models.CharField(max_length=20, default="", blank=True)
    city = models.CharField(max_length=100)
    region = models.CharField(max_length=100, default="", blank=True)
    country = fields.country()

    class Meta:
        abstract = True


class LegalEntity(Address):
    """The firm's company that sells and issues."""

    code = models.CharField(max_length=20, unique=True)
    name = models.CharField(max_length=200)
    base_currency = fields.currency()
    time_zone = models.CharField(max_length=50)
    fiscal_year_start = models.PositiveSmallIntegerField(default=1)
    lock_date = models.DateField(null=True)
    email = models.EmailField(max_length=254)
    phone = models.CharField(max_length=40, default="")
    website = models.CharField(max_length=200, default="")
    legal_notice = models.TextField(default="")
    language = fields.choice(LANGUAGES, default="en")
    colour = models.CharField(max_length=7, default="#0f766e")
    one_stop_shop = models.BooleanField(default=False, db_default=False)
    logo = models.ForeignKey(StoredFile, models.RESTRICT, null=True)

    class Meta:
        db_table = "legal_entity"
        constraints = [
            models.CheckConstraint(condition=Q(fiscal_year_start__range=(1, 12)), name="legal_entity_fiscal_month"),
            models.CheckConstraint(condition=Q(colour__regex=r"^#[0-9a-f]{6}$"), name="legal_entity_colour_hex"),
            fields.one_of("legal_entity", "language", LANGUAGES),
        ]


class BankAccount(models.Model):
    """Where the entity is paid. The first by position prints on documents in its currency."""

    entity = models.ForeignKey(LegalEntity, models.RESTRICT, related_name="bank_accounts")
    holder = models.CharField(max_length=140)
    iban = models.CharField(max_length=34)
    bic = models.CharField(max_length=11, default="")
    bank = models.CharField(max_length=140, default="")
    currency = fields.currency()
    position = models.PositiveSmallIntegerField(default=1)

    class Meta:
        db_table = "bank_account"
        constraints = [models.UniqueConstraint(fields=["entity", "iban"], name="bank_account_once")]


class NumberSeries(models.Model):
    """How documents of a kind are numbered: `{year}` is the fiscal year, `{number:05}` the counter."""

    entity = models.ForeignKey(LegalEntity, models.RESTRICT, related_name="series")
    kind = fields.choice(SERIES_KINDS)
    pattern = models.CharField(max_length=60)

    class Meta:
        db_table = "number_series"
        constraints = [
            models.UniqueConstraint(fields=["entity", "kind"], name="number_series_once"),
            models.UniqueConstraint(fields=["entity", "pattern"], name="number_series_pattern_once"),
            fields.one_of("number_series", "kind", SERIES_KINDS),
        ]


class NumberCounter(models.Model):
    """The last number given in a fiscal year; locked while numbers are taken (law 4)."""

    series = models.ForeignKey(NumberSeries, models.RESTRICT)
    fiscal_year = models.PositiveSmallIntegerField()
    last_number = models.PositiveIntegerField(default=0, db_default=0)
    last_issued_on = models.DateField(null=True)

    class Meta:
        db_table = "number_counter"
        constraints = [models.UniqueConstraint(fields=["series", "fiscal_year"], name="number_counter_once")]


class Account(Address):
    """A customer. `bill_to` receives the invoices for its work (itself where null)."""

    number = models.CharField(max_length=30, unique=True)
    name = models.CharField(max_length=200)
    sort_name = models.CharField(max_length=200, db_index=True)
    kind = fields.choice(ACCOUNT_KINDS, default="business")
    parent = models.ForeignKey("self", models.RESTRICT, null=True, related_name="children")
    bill_to = models.ForeignKey("self", models.RESTRICT, null=True, related_name="billed_for")
    manager = models.ForeignKey(User, models.RESTRICT, null=True, related_name="managed")
    cover = models.ForeignKey(User, models.RESTRICT, null=True, related_name="covered")
    cover_from = models.DateField(null=True)
    cover_until = models.DateField(null=True)
    language = fields.choice(LANGUAGES, default="en")
    currency = fields.currency()
    payment_days = models.PositiveSmallIntegerField(default=30)
    requires_purchase_order = models.BooleanField(default=False)

    class Meta:
        db_table = "account"
        constraints = [
            models.CheckConstraint(condition=~Q(parent=F("id")), name="account_not_own_parent"),
            models.CheckConstraint(condition=~Q(bill_to=F("id")), name="account_bill_to_other"),
            models.CheckConstraint(
                condition=Q(cover=None) | Q(cover_from__isnull=False, cover_until__gte=F("cover_from")),
                name="account_cover_dated",
            ),
            fields.one_of("account", "kind", ACCOUNT_KINDS),
            fields.one_of("account", "language", LANGUAGES),
        ]


class TaxRegistration(models.Model):
    """A tax number of an entity or of an account (exactly one of them), checked at the door."""

    entity = models.ForeignKey(LegalEntity, models.RESTRICT, null=True, related_name="tax_registrations")
    account = models.ForeignKey(Account, models.RESTRICT, null=True, related_name="tax_registrations")
    country = fields.country()
    scheme = models.CharField(max_length=20, default="vat")
    number = models.CharField(max_length=30)

    class Meta:
        db_table = "tax_registration"
        constraints = [
            models.CheckConstraint(
                condition=Q(entity__isnull=True) ^ Q(account__isnull=True), name="tax_registration_one_party"
            ),
            models.UniqueConstraint(
                fields=["entity", "account", "country", "scheme"], nulls_distinct=False, name="tax_registration_once"
            ),
        ]


class Contact(models.Model):
    """A person at an account, with the roles that mail and checks go by."""

    account = models.ForeignKey(Account, models.RESTRICT, related_name="contacts")
    name = models.CharField(max_length=200)
    email = models.EmailField(max_length=254)
    phone = models.CharField(max_length=40, default="")
    roles = models.JSONField(default=list)

    class Meta:
        db_table = "contact"
        constraints = [models.UniqueConstraint(fields=["account", "email"], name="contact_once")]


class PurchaseOrder(models.Model):
    """The customer's order number that invoices must carry, with what it allows and until when."""

    account = models.ForeignKey(Account, models.RESTRICT, related_name="purchase_orders")
    number = models.CharField(max_length=60)
    currency = fields.currency()
    amount = fields.money(null=True)
    expires_on = models.DateField(null=True)

    class Meta:
        db_table = "purchase_order"
        constraints = [models.UniqueConstraint(fields=["account", "number"], name="purchase_order_once")]


class Person(models.Model):
    """Someone whose work is billed; may also be a user."""

    code = models.CharField(max_length=40, unique=True)
    name = models.CharField(max_length=200)
    email = models.EmailField(max_length=254, null=True, unique=True)
    role = models.CharField(max_length=60, default="")
    user = models.OneToOneField(User, models.RESTRICT, null=True)

    class Meta:
        db_table = "person"
