"""Lines that are taxed and whose tax nobody knows: no rate is ever assumed."""

from collections.abc import Iterator, Mapping
from typing import Any

import polars as pl

from duly.formats.price_document.model import PriceDocument
from duly.formats.setup_file.table import Problem


def untaxed(document: PriceDocument, lines: pl.DataFrame) -> Iterator[Problem]:
    """A mistake for each charge on whose taxed lines neither a rate nor one of several taxes is, on their last day.

    lines   as they are billed; those that answer what was billed before bring their tax with them
    """
    told = set()
    for line in lines.filter((pl.col("tax_category") == "S") & (pl.col("tax_rate") == 0)).to_dicts():
        answers = line["kind"] in ("credit", "deposit", "progressive") or line["priced"] < 0
        if not answers and line["charge_id"] not in told and not _known(document, line):
            told.add(line["charge_id"])
            yield _unknown(document, line)


def _known(document: PriceDocument, line: Mapping[str, Any]) -> bool:
    taxes, day = document.sale.taxes, pl.lit(line["service_to"])
    offered = document.sale.rates.filter(pl.col("country") == line["tax_country"]) if taxes is None else taxes
    in_force = (pl.col("valid_from") <= day) & (pl.col("valid_to").is_null() | (day < pl.col("valid_to")))
    return not offered.filter((pl.col("tax_class") == line["tax_class"]) & in_force).is_empty()


def _unknown(document: PriceDocument, line: Mapping[str, Any]) -> Problem:
    charge, name, several = line["charge_id"], line["tax_class"], document.sale.taxes is not None
    of_charge, place = charge in document.charges, charge - 1 - len(document.charges)
    path = f"charges[{charge - 1}]" if of_charge else f"commitments[{place}]"
    key, of = ("taxes", "") if several else ("tax_rates", f" of {line['tax_country']}")
    return Problem(f"{path}.tax_class", f"No tax rate{of} is known for the class {name} on {line['service_to']}.",
                   f"Give one under {key}, for example {key}: [{{class: {name}, percent: 19}}].")
