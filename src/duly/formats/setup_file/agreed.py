"""What was agreed: the set-up file's rate cards and agreements with their versions and charges."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from duly.formats.identities import check_currency
from duly.formats.setup_file import words
from duly.formats.setup_file.model import Account, Agreement, Charge, Entity, Filter, Metric, Rate, RateCard, Version
from duly.formats.setup_file.table import Table

OLDEST = date(2000, 1, 1)
NO_CHARGES: tuple[Charge, ...] = ()


@dataclass(frozen=True, slots=True)
class Known:
    """What the file says elsewhere, for what an agreement leaves open."""

    entities: Sequence[Entity]
    accounts: Sequence[Account]
    cards: Sequence[RateCard]

    @property
    def entity(self) -> str | None:
        """The entity, where there is only one."""
        return self.entities[0].code if len(self.entities) == 1 else None

    @property
    def card(self) -> str | None:
        """The rate card, where there is only one."""
        return self.cards[0].code if len(self.cards) == 1 else None

    def currency(self, account: str) -> str | None:
        return next((one.currency for one in self.accounts if one.number == account), None)


def rate_card(table: Table, entities: Sequence[Entity]) -> RateCard:
    code = table.text("code", longest=40)
    begins = table.maybe_day("from")
    return RateCard(
        path=table.path, code=code, name=table.text("name", code),
        currency=table.text("currency", entities[0].currency if entities else None, check=check_currency),
        rates=tuple(_rate(one, begins) for one in table.tables("rates")),
    )


def _rate(table: Table, begins: date | None) -> Rate:
    ends = table.flag("ends", False)
    if ends == table.has("price"):
        table.note("price", "A rate has a price, or it ends.", "Give price = 95, or ends = true.")
    rate = Rate(
        path=table.path, price=None if ends else _not_negative(table, "price"), valid_from=table.day("from", begins),
        person=table.maybe("person", longest=40), project=table.maybe("project", longest=40),
        role=table.text("role", "", longest=60), task=table.text("task", "", longest=100),
    )
    table.close()
    return rate


def metric(table: Table) -> Metric:
    code = table.text("code", longest=60)
    aggregation = table.choice("aggregation", words.AGGREGATIONS)
    if aggregation == "unique_count":
        table.need("property", '"user"')
    filters = []
    for one in table.tables("filters"):
        filters.append(Filter(one.text("property", longest=60), one.texts("values"), one.flag("excluded", False)))
        one.close()
    return Metric(
        path=table.path, code=code, name=table.text("name", code), unit=table.text("unit", "", longest=20),
        aggregation=aggregation, event=table.text("event", "", longest=60),
        property=table.text("property", "", longest=60), filters=tuple(filters), group_by=table.texts("group_by"),
    )


def _not_negative(table: Table, key: str) -> Decimal | None:
    number = table.number(key)
    if number is not None and number < 0:
        table.note(key, f"{number} is less than zero.", "Give zero or more.")
    return number


def agreement(table: Table, known: Known) -> Agreement:
    account = table.text("account", longest=30)
    projects = []
    for one in table.tables("projects"):
        projects.append((one.text("code", longest=40), one.text("name")))
        one.close()
    first = _version(table, table.day("starts_on"), None, known)
    return Agreement(
        path=table.path, number=table.text("number", longest=40), name=table.text("name"),
        entity=table.text("entity", known.entity, longest=20), account=account,
        currency=table.text("currency", known.currency(account), check=check_currency, example='"EUR"'),
        ends_on=table.maybe_day("ends_on"), projects=tuple(projects), versions=(first, *_later(table, first, known)),
    )


def _later(table: Table, first: Version, known: Known) -> list[Version]:
    """The later versions; each takes over from the one before whatever it leaves out."""
    found: list[Version] = []
    for one in table.tables("versions"):
        before = found[-1] if found else first
        begins = one.day("from")
        if begins <= before.valid_from:
            one.note("from", f"The version before holds from {before.valid_from}.", "Give a later day.")
        found.append(_version(one, begins, before, known))
        one.close()
    return found


def _version(table: Table, begins: date, before: Version | None, known: Known) -> Version:
    given = before or Version(table.path, begins, NO_CHARGES, None, None, None, None, False, None, False, None,
                              "block")
    charges = tuple(_charge(one, known) for one in table.tables("charges"))
    if not charges and (before is None or table.has("charges")):
        table.note("charges", "The agreement bills nothing.", "Give at least one charge with a code and a kind.")
    return replace(
        given, path=table.path, valid_from=begins, charges=charges or given.charges,
        payment_days=table.whole("payment_days", given.payment_days or 0, high=365)
        if table.has("payment_days") else given.payment_days,
        purchase_order=table.text("purchase_order", given.purchase_order or "", longest=60) or None,
        review=table.choice("review", words.REVIEWS) if table.has("review") else given.review,
        grouping=table.choice("grouping", words.GROUPINGS) if table.has("grouping") else given.grouping,
        consolidate=table.flag("consolidate", given.consolidate),
        time_annex=table.flag("time_annex", True) if table.has("time_annex") else given.time_annex,
        prices_include_tax=table.flag("prices_include_tax", given.prices_include_tax),
        cap=_not_negative(table, "cap") if table.has("cap") else given.cap,
        cap_behaviour=table.choice("cap_behaviour", words.CAP_BEHAVIOURS, given.cap_behaviour),
    )


def _charge(table: Table, known: Known) -> Charge:
    kind = table.choice("kind", words.CHARGE_KINDS)
    interval = table.choice("interval", words.INTERVALS) if table.has("interval") else None
    anchor = table.maybe_day("anchor")
    price, quantity, percent = (_not_negative(table, key) for key in ("price", "quantity", "markup_percent"))
    charge = Charge(
        path=table.path, code=table.text("code", longest=40), kind=kind, name=table.text("name"),
        tax_class=table.choice("tax_class", words.TAX_CLASSES, "standard"),
        supply=table.choice("supply", words.SUPPLIES, "services"),
        unit=table.text("unit", words.UNITS.get(kind, interval or ""), longest=20),
        project=table.maybe("project", longest=40),
        rate_card=table.maybe("rate_card", longest=40) or (known.card if kind == "time" else None),
        rounding=table.choice("rounding", words.ROUNDINGS, "exact"),
        increment_seconds=60 * table.whole("increment_minutes", 0, low=1, high=1440) or 1,
        minimum_seconds=60 * table.whole("minimum_minutes", 0, high=1440),
        markup=(percent or Decimal(0)) / 100, price=price, quantity=Decimal(1) if quantity is None else quantity,
        interval=interval, interval_count=table.whole("every", 1, low=1, high=120),
        alignment="anchored" if anchor else "calendar", anchor=anchor,
        timing=table.choice("timing", words.TIMINGS, "arrears"),
        proration=table.choice("proration", words.PRORATIONS, "by_day"), due_on=table.maybe_day("due_on"),
    )
    table.close()
    return charge
