"""A price document's bytes → `PriceDocument`, or every mistake in it at once."""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Final

from duly.engine.currencies import exponent
from duly.engine.periods import Period, parse_period
from duly.engine.pricing.balances import BALANCE
from duly.engine.pricing.percentages import TRANSACTION
from duly.engine.pricing.tiers import TIER
from duly.formats import FormatError
from duly.formats.identities import check_country, check_currency
from duly.formats.price_document import model
from duly.formats.price_document.charges import LONG_AGO, Rows, charge
from duly.formats.price_document.model import Party, PriceDocument, Row, frame
from duly.formats.price_document.table import Node
from duly.formats.price_document.text import parsed
from duly.formats.setup_file.table import Problem
from duly.formats.setup_file.words import ACCOUNT_KINDS, TAX_CLASSES

DEFAULT_PERIOD: Final = Period(date(2026, 1, 1), date(2026, 2, 1))


class PriceDocumentError(FormatError):
    """The price document has mistakes; `problems` names each by its path, with its remedy."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        count = len(self.problems)
        super().__init__(f"The price document has {count} mistake{'s' if count > 1 else ''}.",
                         "Correct it, then run it again.")


def read_price_document(data: bytes) -> PriceDocument:
    """The document that YAML or JSON describes. Raises `PriceDocumentError` with all its mistakes."""
    found = parsed(data)
    if isinstance(found, Problem):
        raise PriceDocumentError([found])
    problems: list[Problem] = []
    top = Node(found, "", problems)
    currency = top.text("currency", check=check_currency, example="EUR")
    period = _period(top)
    rows = Rows(currency if not problems else "EUR", period)
    charges = top.tables("charges")
    if not charges and not problems:
        top.note("charges", "There is nothing to price.", "Give at least one, for example "
                 "charges: [{model: per_unit, price: 2, quantity: 10}].")
    for one in charges:
        charge(one, rows)
    read = _document(top, rows)
    top.close()
    if problems:
        raise PriceDocumentError(problems)
    return read


def _period(top: Node) -> Period:
    top.has("period")
    if isinstance(top.values.get("period"), int | date):
        top.values["period"] = str(top.values["period"])
    text = top.text("period", example="2026-10")
    try:
        return parse_period(text)
    except ValueError as error:
        if "period" in top.values:
            top.note("period", str(error), "")
        return DEFAULT_PERIOD


def _document(top: Node, rows: Rows) -> PriceDocument:
    seller = _party(top, "seller", Party("DE", "DE136695976"))
    buyer = _party(top, "buyer", Party(seller.country, None))
    return PriceDocument(
        currency=rows.currency, exponent=exponent(rows.currency), period=rows.period,
        issued_on=top.day("issued_on", rows.period.end),
        inclusive=top.choice("prices", ("exclusive", "inclusive"), "exclusive") == "inclusive",
        seller=seller, buyer=buyer, charges=rows.codes, work=frame(model.WORK, rows.work),
        rates=frame(model.RATES, rows.rates), fixed=frame(model.FIXED, rows.fixed),
        metered=frame(model.METERED, rows.metered), tiers=frame(TIER, rows.tiers),
        transactions=frame(TRANSACTION, rows.transactions), balances=frame(BALANCE, rows.balances),
        tax_rates=frame(model.TAX_RATES, _tax_rates(top, seller)),
        withheld=top.percent("withholding_percent") or Decimal(0),
    )


def _party(top: Node, key: str, otherwise: Party) -> Party:
    table = top.table(key)
    if table is None:
        return otherwise
    read = Party(country=table.text("country", check=check_country, example="DE"), tax_id=table.maybe("tax_id"),
                 kind=table.choice("kind", ACCOUNT_KINDS, "business"))
    table.close()
    return read


def _tax_rates(top: Node, seller: Party) -> list[Row]:
    found = []
    for one in top.tables("tax_rates"):
        rate = one.percent("percent")
        if rate is None:
            one.need("percent", "19")
        found.append({
            "country": one.text("country", seller.country, check=check_country),
            "tax_class": one.choice("class", TAX_CLASSES, "standard"), "rate": rate or Decimal(0),
            "valid_from": one.day("from", LONG_AGO), "valid_to": one.maybe_day("to")})
        one.close()
    return found
