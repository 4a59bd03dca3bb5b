"""VAT rates of the European Union to start from: the package eu-vat-rates-data, with its source and date.

The package tells the rates in force on its day, not since when. The days from which the standard rates hold are
from the European Commission's “VAT rates applied in the Member States of the European Union” (chapter on the
evolution of the rates) and, after 2021, its database TEDB; a rate that this table does not know holds from the
package's day. A reduced rate is taken where a country has exactly one: among several nobody may guess.
"""

import json
from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from importlib.resources import files
from typing import Any, Final

from duly.billing.reference.actions import TaxRateInput

STANDARD_SINCE: Final = {
    "AT": ("20", date(1984, 1, 1)), "BE": ("21", date(1996, 1, 1)), "BG": ("20", date(1999, 1, 1)),
    "CY": ("19", date(2014, 1, 13)), "CZ": ("21", date(2013, 1, 1)), "DE": ("19", date(2021, 1, 1)),
    "DK": ("25", date(1992, 1, 1)), "EE": ("24", date(2025, 7, 1)), "ES": ("21", date(2012, 9, 1)),
    "FI": ("25.5", date(2024, 9, 1)), "FR": ("20", date(2014, 1, 1)), "GR": ("24", date(2016, 6, 1)),
    "HR": ("25", date(2012, 3, 1)), "HU": ("27", date(2012, 1, 1)), "IE": ("23", date(2021, 3, 1)),
    "IT": ("22", date(2013, 10, 1)), "LT": ("21", date(2009, 9, 1)), "LU": ("17", date(2024, 1, 1)),
    "LV": ("21", date(2012, 7, 1)), "MT": ("18", date(2004, 1, 1)), "NL": ("21", date(2012, 10, 1)),
    "PL": ("23", date(2011, 1, 1)), "PT": ("23", date(2011, 1, 1)), "RO": ("21", date(2025, 8, 1)),
    "SE": ("25", date(1990, 7, 1)), "SI": ("22", date(2013, 7, 1)), "SK": ("23", date(2025, 1, 1)),
}


def seed_rates(countries: Iterable[str]) -> list[TaxRateInput]:
    """The standard, zero and exempt rates, and the only reduced one, of the EU countries among `countries`."""
    data = _data()
    day = date.fromisoformat(data["version"])
    source = f"eu-vat-rates-data {data['version']} ({data['source']})"
    found = []
    for country in sorted(set(countries)):
        entry = data["rates"].get(country)
        if entry is None or not entry["eu_member"]:
            continue
        percent, since = STANDARD_SINCE[country]
        begins = since if Decimal(percent) == entry["standard"] else day
        rates = {"standard": entry["standard"], "zero": Decimal(0), "exempt": Decimal(0)}
        found += [TaxRateInput(country, name, rate / 100, begins, source) for name, rate in rates.items()]
        if len(entry["reduced"]) == 1:
            found.append(TaxRateInput(country, "reduced", entry["reduced"][0] / 100, day, source))
    return found


def _data() -> dict[str, Any]:
    text = (files("eu_vat_rates_data") / "eu_vat_rates_data.json").read_text(encoding="utf-8")
    data: dict[str, Any] = json.loads(text, parse_float=Decimal, parse_int=Decimal)
    return data
