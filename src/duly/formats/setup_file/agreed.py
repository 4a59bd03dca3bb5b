"""What was agreed: the set-up file's rate cards and agreements with their versions and charges."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from duly.formats.identities import check_currency
from duly.formats.setup_file import words
from duly.formats.setup_file.charges import charge, not_negative, percent
from duly.formats.setup_file.model import Account, Entity
from duly.formats.setup_file.table import Table
from duly.formats.setup_file.terms import (
    Agreement,
    Discount,
    Filter,
    Metric,
    Rate,
    RateCard,
    Runtime,
    Version,
)

OLDEST = date(2000, 1, 1)


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
        path=table.path, price=None if ends else not_negative(table, "price"), valid_from=table.day("from", begins),
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
        ends_on=table.maybe_day("ends_on"), runtime=_runtime(table), projects=tuple(projects),
        versions=(first, *_later(table, first, known)),
    )


def _runtime(table: Table) -> Runtime | None:
    """The term, where the agreement has one: it renews and ends by notice, or ends with it."""
    if not table.has("term_months"):
        for name in ("renews_months", "notice_months", "notice_days"):
            if table.has(name):
                table.note(name, "There is no term that could renew or be ended.", "Give term_months = 12 with it.")
        return None
    if table.has("ends_on"):
        table.note("ends_on", "The end follows from the term and from notice.", "Leave ends_on or term_months out.")
    renews = table.whole("renews_months", 0, low=1, high=240) if table.has("renews_months") else None
    return Runtime(table.whole("term_months", 12, low=1, high=240), renews,
                   table.whole("notice_months", 0, high=60), table.whole("notice_days", 0, high=1000))


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
    given = before or Version(table.path, begins)
    charges = tuple(charge(one, known.card) for one in table.tables("charges"))
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
        cap=not_negative(table, "cap") if table.has("cap") else given.cap,
        cap_behaviour=table.choice("cap_behaviour", words.CAP_BEHAVIOURS, given.cap_behaviour),
        discounts=tuple(map(_discount, table.tables("discounts"))) if table.has("discounts") else given.discounts,
        change_at_once=table.flag("change_at_once", False) if table.has("change_at_once") else given.change_at_once,
        progressive_thresholds=table.amounts("progressive_thresholds")
        if table.has("progressive_thresholds") else given.progressive_thresholds,
        progressive_every=not_negative(table, "progressive_every")
        if table.has("progressive_every") else given.progressive_every,
    )


def _discount(table: Table) -> Discount:
    """A percentage or an amount; of the charges it names, otherwise of the agreement unless it says the invoice."""
    charges = table.texts("charges")
    if table.has("percent") == table.has("amount"):
        table.note("percent", "A discount is a percentage or an amount.", "Give percent = 10, or amount = 50.")
    found = Discount(
        path=table.path, name=table.text("name", longest=100), rate=percent(table, "percent"),
        off=not_negative(table, "amount"), charges=charges,
        scope=table.choice("scope", words.DISCOUNT_SCOPES, "charge" if charges else "agreement"))
    table.close()
    return found
