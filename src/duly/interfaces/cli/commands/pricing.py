"""`duly price`: what a document of charges, use, work, discounts and taxes comes to. It needs no database."""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import click
from rich.console import RenderableType
from rich.text import Text

from duly.billing.kernel.errors import Problem
from duly.engine.currencies import exponent
from duly.engine.pricing.reading import read
from duly.formats.explained import Figures, Phrases, table
from duly.formats.price_document import LARGEST, PriceDocumentError, Unpriced, priced, read_price_document
from duly.interfaces.cli import show
from duly.interfaces.cli.failures import BadInput
from duly.interfaces.cli.frame import Answer, Door, command

TOTALS: Final = {
    "net": "Net", "tax": "Tax", "total": "Total", "prepaid": "Paid by voucher", "withheld": "Withheld",
    "rounding": "Rounding", "payable": "To pay",
}
TOLD: Final = ("  how it came about", ">quantity", ">price or factor", ">amount", "")


@command("price", example="duly price quote.yaml\n\nduly price quote.yaml --json", database=False)
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--explain", is_flag=True, help="Show beneath each line how its amount came about.")
def price(door: Door, *, file: Path, explain: bool) -> Answer:
    """Price the charges of a YAML or JSON document: lines with their explanation, taxes and totals."""
    try:
        with file.open("rb") as opened:
            found = priced(read_price_document(opened.read(LARGEST["JSON"] + 1)))
    except PriceDocumentError as error:
        raise BadInput(f"{file}: {error.message}", error.remedy, [
            Problem(one.path, one.text, one.remedy) for one in error.problems]) from error
    except Unpriced as error:
        raise BadInput(f"{file}: not everything has a price and its tax.", "", [
            Problem(one.path, one.text, one.remedy) for one in error.problems]) from error
    except ValueError as error:
        raise BadInput(f"{file}: {error}.", "Correct it, then run it again.") from error
    return Answer(found, list(_shown(found, explain)))


def _shown(found: Mapping[str, Any], explain: bool) -> Iterator[RenderableType]:
    currency = found["currency"]
    period = found["period"]
    yield Text(f"{period['from']} to {period['to']}, {currency}", style="bold")
    columns = ("", "charge", "description", ">quantity", "unit", ">price", ">net", ">tax %")
    lines = found["lines"]
    if explain:
        for line in lines:
            yield show.table(columns, [_row(line, currency)])
            yield show.table(TOLD, list(_told(line, currency)))
    else:
        yield show.table(columns, [_row(line, currency) for line in lines])
    yield show.table(("tax", ">rate %", ">base", ">tax", "reason"), [
        (one["category"], f"{one['rate_percent']:f}", *(show.amount(one[name], currency) for name in ("base", "tax")),
         one["reason"]) for one in found["tax_lines"]])
    if found["credits"]:
        yield show.table(("drawn of credit", f">{currency}", ""), [
            (one["name"], show.amount(one["drawn"], currency), "after tax" if one["untaxed"] else "before tax")
            for one in found["credits"]])
    totals: Mapping[str, Decimal] = found["totals"]
    yield show.table(("total", f">{currency}"), [
        (title, show.amount(totals[name], currency)) for name, title in TOTALS.items()
        if totals.get(name) or name in ("net", "tax", "total", "payable")])


def _row(line: Mapping[str, Any], currency: str) -> tuple[Any, ...]:
    return (line["position"], line["charge"], line["description"], f"{line['quantity']:f}", line["unit"],
            f"{line['unit_price']:f}", show.amount(line["net"], currency), f"{line['tax_percent']:f}")


def _told(line: Mapping[str, Any], currency: str) -> Iterator[tuple[str, ...]]:
    """How the line came to its amount: the same rows as on its document."""
    figures = Figures("en", "GB", currency, exponent(currency))
    for told in table(read(line["explanation"]), Phrases(figures, line["kind"], line["unit"])):
        yield f"  {told.label}", told.quantity, told.factor, told.amount, told.note
