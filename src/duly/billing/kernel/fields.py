"""Column types that every domain shares: money, prices, quantities, currencies, transaction ids."""

from typing import Any

from django.db import models
from django.db.models import Func, Q


def money(**options: Any) -> models.DecimalField:
    """An amount, `numeric(20,4)`; `whole_minor_units` keeps posted ones whole."""
    return models.DecimalField(max_digits=20, decimal_places=4, **options)


def price(**options: Any) -> models.DecimalField:
    """A unit price or factor, at most 8 decimals."""
    return models.DecimalField(max_digits=20, decimal_places=8, **options)


def factor(**options: Any) -> models.DecimalField:
    """What multiplies a rate, at most 2 decimals."""
    return models.DecimalField(max_digits=4, decimal_places=2, **options)


def quantity(**options: Any) -> models.DecimalField:
    """A quantity, at most 6 decimals; time is whole seconds."""
    return models.DecimalField(max_digits=20, decimal_places=6, **options)


def currency(**options: Any) -> models.CharField:
    """An ISO 4217 code."""
    return models.CharField(max_length=3, **options)


def country(**options: Any) -> models.CharField:
    """An ISO 3166-1 alpha-2 code."""
    return models.CharField(max_length=2, **options)


def choice(values: tuple[str, ...], **options: Any) -> models.CharField:
    """One of `values`; pair it with `one_of` so that the database refuses others."""
    return models.CharField(max_length=24, choices=[(value, value) for value in values], **options)


def one_of(table: str, field: str, values: tuple[str, ...]) -> models.CheckConstraint:
    return models.CheckConstraint(condition=Q(**{f"{field}__in": values}), name=f"{table}_{field}_known")


class TransactionIdField(models.Field):
    """PostgreSQL's `xid8`: the transaction that wrote a row, so that a snapshot can tell what it saw."""

    def db_type(self, connection: Any) -> str:
        return "xid8"


class CurrentTransaction(Func):
    function = "pg_current_xact_id"
    template = "%(function)s()"
    output_field = TransactionIdField()


class WholeMinorUnits(Func):
    """`is_minor_units(amount, currency)`: true when the amount is whole in the currency's minor unit."""

    function = "is_minor_units"
    output_field = models.BooleanField()


def whole_minor_units(table: str, field: str, currency_field: str = "currency") -> models.CheckConstraint:
    return models.CheckConstraint(
        condition=Q(WholeMinorUnits(field, currency_field)), name=f"{table}_{field}_minor_units"
    )
