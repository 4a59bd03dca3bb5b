"""A price document's bytes → `PriceDocument`, or every mistake in it at once."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Final

from duly.engine.bill import Sale
from duly.engine.currencies import exponent
from duly.engine.pricing.balances import BALANCE
from duly.engine.pricing.percentages import TRANSACTION
from duly.engine.pricing.tiers import TIER
from duly.engine.pricing.unused import PREPAID
from duly.engine.tax import CATEGORIES
from duly.engine.tax_rates import seeded_rates
from duly.formats import FormatError
from duly.formats.identities import check_country, check_currency
from duly.formats.price_document import model
from duly.formats.price_document.charges import charge
from duly.formats.price_document.covers import covers
from duly.formats.price_document.deductions import deductions
from duly.formats.price_document.model import PriceDocument, Row, frame
from duly.formats.price_document.rows import LONG_AGO, Rows, until_next
from duly.formats.price_document.table import Node
from duly.formats.price_document.text import parsed
from duly.formats.setup_file.table import Problem
from duly.formats.setup_file.words import ACCOUNT_KINDS

DEFAULT_TAX_ID: Final = "DE136695976"


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
    period = top.period("period")
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


def _document(top: Node, rows: Rows) -> PriceDocument:
    places = exponent(rows.currency)
    every = (*rows.work, *rows.fixed, *rows.metered, *rows.late)
    classes = {"standard", *(str(row["tax_class"]) for row in every)}
    return PriceDocument(
        currency=rows.currency, exponent=places, period=rows.period, issued_on=top.day("issued_on", rows.period.end),
        charges=rows.codes, places=rows.places, work=frame(model.WORK, rows.work), rates=frame(model.RATES, rows.rates),
        fixed=frame(model.FIXED, rows.fixed), metered=frame(model.METERED, rows.metered), tiers=frame(TIER, rows.tiers),
        transactions=frame(TRANSACTION, rows.transactions), balances=frame(BALANCE, rows.balances),
        trials=frame(model.TRIALS, rows.trials), pauses=frame(model.PAUSES, rows.pauses),
        before=frame(model.FIXED, rows.before), prepaid=frame(PREPAID, rows.prepaid), findings=rows.findings,
        late=frame(model.LATE, rows.late), covers=covers(top, rows),
        deductions=deductions(top, rows), sale=_sale(top, classes),
    )


def _sale(top: Node, classes: Iterable[str]) -> Sale:
    """The parties, by default a German firm that sells to another, and the rates: the seeded ones unless given."""
    seller, buyer = top.table("seller"), top.table("buyer")
    country = seller.text("country", check=check_country, example="DE") if seller else "DE"
    parties = {
        "seller_country": country, "seller_tax_id": (seller.maybe("tax_id") if seller else DEFAULT_TAX_ID),
        "one_stop_shop": seller.flag("one_stop_shop", False) if seller else False,
        "buyer_country": buyer.text("country", country, check=check_country) if buyer else country,
        "buyer_tax_id": buyer.maybe("tax_id") if buyer else None,
        "buyer_kind": buyer.choice("kind", ACCOUNT_KINDS, "business") if buyer else "business",
        "supply": top.choice("supply", ("services", "goods"), "services"),
    } | _override(top)
    for table in (seller, buyer):
        if table:
            table.close()
    tables = top.tables("tax_rates")
    given = [_tax_rate(one, country) for one in tables]
    until_next(tables, given, ("country", "tax_class"))
    rates = frame(model.TAX_RATES, given) if given else seeded_rates().select(*model.TAX_RATES)
    inclusive = top.choice("prices", ("exclusive", "inclusive"), "exclusive") == "inclusive"
    several = [_tax(one, place) for place, one in enumerate(top.tables("taxes"), start=1)]
    if not several:
        return Sale(parties, rates, inclusive=inclusive)
    if inclusive or given:
        top.note("taxes", "Several taxes are on prices without them, and bring their own rates.",
                 "Leave out prices: inclusive and tax_rates.")
    untaxed = [{"country": country, "tax_class": name, "rate": Decimal(0), "valid_from": LONG_AGO}
               for name in sorted({row["tax_class"] for row in several} | set(classes))]
    return Sale(parties, frame(model.TAX_RATES, untaxed), taxes=frame(model.TAXES, several))


def _override(top: Node) -> dict[str, str]:
    """A treatment that a person chose, with the reason."""
    table = top.table("tax_override")
    if table is None:
        return {}
    found = {"override_category": table.choice("category", CATEGORIES), "override_reason": table.text("reason")}
    table.close()
    return found


def _tax(table: Node, position: int) -> Row:
    """One of several taxes on a base; a compound one is on those before it too."""
    table.need("percent", "5")
    found = {
        "tax_class": table.text("class", "standard", longest=20), "position": position,
        "name": table.text("name", f"Tax {position}"), "category": "S", "rate": table.share("percent") or Decimal(0),
        "reason": "", "compound": table.flag("compound", False), "valid_from": table.day("from", LONG_AGO),
        "valid_to": table.maybe_day("to")}
    table.close()
    return found


def _tax_rate(table: Node, country: str) -> Row:
    table.need("percent", "19")
    found = {
        "country": table.text("country", country, check=check_country),
        "tax_class": table.text("class", "standard", longest=20), "rate": table.share("percent") or Decimal(0),
        "valid_from": table.day("from", LONG_AGO), "valid_to": table.maybe_day("to")}
    table.close()
    return found
