"""The words a set-up file may use, and what it means where it says nothing."""

from typing import Final

from duly.engine import periods, tax
from duly.engine.checks import CHECKS
from duly.engine.pricing import balances, discounts, proration, tiers
from duly.engine.pricing.usage import AGGREGATIONS as AGGREGATIONS
from duly.formats import units

ROLES: Final = ("account_manager", "biller", "reviewer", "finance_lead", "auditor", "administrator", "client")
SCOPES: Final = ("all", "book")
RIGHTS: Final = ("issue", "credit", "write_off", "refund", "bank_details", "waive", "override_cap")
SECOND_FACTOR_HOLDERS: Final = (
    *ROLES, "accounts", "agree", "approve_work", "audit", "bank_details", "bill", "cash", "client_check", "close",
    "credit", "issue", "override_cap", "people", "policies", "read", "reference", "refund", "review", "send",
    "settings", "waive", "work", "write_off")
USUAL: Final = "usual"
CONTACT_ROLES: Final = ("billing", "approver", "payer", "executive")
ACCOUNT_KINDS: Final = ("business", "public", "person")
LANGUAGES: Final = units.LANGUAGES
TAX_CLASSES: Final = ("standard", "reduced", "reduced_2", "super_reduced", "parking", "zero", "exempt")
SUPPLIES: Final = ("services", "goods")
TAX_CATEGORIES: Final = tax.CATEGORIES
CHARGE_KINDS: Final = ("time", "expense", "milestone", "recurring", "usage", "percentage", "balance", "one_off",
                       "commitment", "deposit", "credit")
MODELS: Final = (*tiers.MODELS, "percentage", "graduated_percentage", "balance")
BASES: Final = ("average", "closing")
DAY_COUNTS: Final = tuple(balances.YEARS)
DISCOUNT_SCOPES: Final = tuple(discounts.SCOPES)
ROUNDINGS: Final = ("exact", "up", "nearest")
INTERVALS: Final = periods.INTERVALS
TIMINGS: Final = ("arrears", "advance")
PRORATIONS: Final = proration.PRORATIONS
REVIEWS: Final = ("none", "peer", "peer_and_client")
SEVERITIES: Final = {name: (*rule.choices, USUAL) for name, rule in CHECKS.items() if rule.choices}
"""How strict each check may be that leaves a choice."""
GROUPINGS: Final = ("person", "rate", "task", "project", "entry")
CAP_BEHAVIOURS: Final = ("block", "warn", "stop")

SERIES: Final = {
    "invoice": "INV-{year}-{number:05}",
    "credit_note": "CN-{year}-{number:05}",
    "proforma": "PF-{year}-{number:05}",
    "deposit": "DEP-{year}-{number:05}",
    "receipt": "RCT-{year}-{number:05}",
}

CHART: Final = {
    # posting role: account and name; the accounts are those of the German SKR 04
    "receivable": ("1200", "Trade receivables"),
    "on_account": ("3250", "Payments received on account"),
    "deposits": ("3272", "Deposits received"),
    "deferred_revenue": ("3900", "Deferred revenue"),
    "revenue": ("4400", "Revenue"),
    "tax": ("3806", "Value added tax"),
    "bank": ("1800", "Bank"),
    "exchange_difference": ("4840", "Exchange differences"),
    "write_off": ("6930", "Bad debts"),
    "fees": ("6855", "Bank charges"),
    "interest": ("7100", "Interest received"),
    "withholding_tax": ("1435", "Tax withheld by customers"),
    "rounding": ("4830", "Rounding of payments"),
}

UNITS: Final = {kind: "item" for kind in CHARGE_KINDS if kind != "recurring"} | {"time": "h"}
"""The unit of a charge by its kind; a recurring one counts its intervals."""
