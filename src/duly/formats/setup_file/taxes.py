"""What the set-up file says of taxes: dated rates, several taxes on one base, and the rules of an account."""

from decimal import Decimal

from duly.formats.identities import check_country
from duly.formats.setup_file import words
from duly.formats.setup_file.model import TaxComponent, TaxRate, Treatment, Withholding
from duly.formats.setup_file.table import Table


def tax_rate(table: Table) -> TaxRate:
    table.need("percent", "19")
    return TaxRate(
        path=table.path, country=table.text("country", check=check_country, example='"DE"'),
        tax_class=table.choice("class", words.TAX_CLASSES, "standard"), rate=_share(table) or Decimal(0),
        valid_from=table.day("from"), source=table.text("source", "set-up file"),
    )


def tax_component(table: Table) -> TaxComponent:
    return TaxComponent(
        path=table.path, country=table.text("country", check=check_country, example='"CA"'),
        region=table.text("region", "", longest=100), tax_class=table.choice("class", words.TAX_CLASSES, "standard"),
        name=table.text("name", longest=40), position=table.whole("position", 1, low=1, high=99),
        rate=_share_or_end(table), compound=table.flag("compound", False), valid_from=table.day("from"),
        source=table.text("source", "set-up file"),
    )


def treatments(table: Table) -> tuple[Treatment, ...]:
    """How an account is taxed by its own papers."""
    found = []
    for one in table.tables("tax_treatments"):
        ends = one.flag("ends", False)
        if ends == one.has("category"):
            one.note("category", "A treatment has a category, or it ends.", 'Give category = "E", or ends = true.')
        found.append(Treatment(
            one.path, one.choice("category", words.TAX_CATEGORIES) if one.has("category") else None,
            one.text("reason"), one.text("certificate", "", longest=60), one.day("from")))
        one.close()
    return tuple(found)


def withholdings(table: Table) -> tuple[Withholding, ...]:
    """What an account keeps back for the tax office."""
    found = []
    for one in table.tables("withholdings"):
        found.append(Withholding(one.path, one.text("name", longest=60), _share_or_end(one), one.text("reason"),
                                 one.day("from")))
        one.close()
    return tuple(found)


def _share_or_end(table: Table) -> Decimal | None:
    ends = table.flag("ends", False)
    if ends == table.has("percent"):
        table.note("percent", "A tax has a rate, or it ends.", "Give percent = 5, or ends = true.")
    return None if ends else _share(table)


def _share(table: Table) -> Decimal | None:
    percent = table.number("percent")
    if percent is not None and not 0 <= percent < 100:
        table.note("percent", f"{percent} is no rate.", "Give a percentage from 0 to below 100.")
    return None if percent is None else percent / 100
