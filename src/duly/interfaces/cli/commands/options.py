"""The kinds of values that options take: periods, amounts, invoices with amounts."""

from datetime import date
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, Final

import click

from duly.engine.periods import parse_period

EXISTING: Final = click.Path(exists=True, dir_okay=False, path_type=Path)
"""A file that is there."""


class PeriodOf(click.ParamType):
    """A period such as 2026-10, 2026-Q4, 2026 or 2026-10-01..2026-11-01; (first day, day after the last)."""

    name = "period"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[date, date]:
        if isinstance(value, tuple):
            return value
        try:
            period = parse_period(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)
        return period.start, period.end


class Amount(click.ParamType):
    """An exact decimal, written with a point and without grouping."""

    name = "amount"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Decimal:
        try:
            found = Decimal(value)
        except InvalidOperation:
            found = Decimal("nan")
        if not found.is_finite():
            self.fail(f"“{value}” is no amount; write it like 1190.50.", param, ctx)
        return found


class Payment(click.ParamType):
    """An invoice number, with `=AMOUNT` where not as much as possible is meant."""

    name = "invoice[=amount]"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, Decimal | None]:
        if isinstance(value, tuple):
            return value
        number, given, part = value.partition("=")
        return number, Amount().convert(part, param, ctx) if given else None
