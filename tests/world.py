"""A small named firm: one seller, three customers, one agreement of each kind, a person for each role.

Halden Software GmbH sells. Acme (Germany) buys hours and expenses, Big Company (France) milestones and a fee,
Zed (Switzerland) a subscription. Mara manages Acme and Big Company, Otto manages Zed.
"""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from duly.billing import models as m
from duly.billing.kernel.authority import ROLE_RIGHTS, Actor

NOW = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
TODAY = date(2026, 11, 2)
OCTOBER = (date(2026, 10, 1), date(2026, 11, 1))

USERS: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "anna": ("administrator", "all", ("bank_details",)),
    "mara": ("account_manager", "book", ()),
    "otto": ("account_manager", "book", ()),
    "ben": ("biller", "all", ("issue", "waive")),
    "rita": ("reviewer", "all", ()),
    "fin": ("finance_lead", "all", ("issue", "waive", "credit", "write_off", "refund", "override_cap")),
    "audra": ("auditor", "all", ()),
}


class World:
    """The world's rows by name: `world.account("ACME")`, `world.actor("ben")`."""

    at, today = NOW, TODAY

    def actor(self, login: str) -> Actor:
        user = m.User.objects.get(login=login)
        everywhere = set(user.right_grants.values_list("right", flat=True))
        in_book: set[str] = set()
        for grant in user.role_grants.all():
            (everywhere if grant.scope == "all" else in_book).update(ROLE_RIGHTS[grant.role])
        return Actor(login, user.id, frozenset(everywhere), frozenset(in_book))

    def entity(self, code: str = "HALDEN") -> m.LegalEntity:
        return m.LegalEntity.objects.get(code=code)

    def account(self, number: str) -> m.Account:
        return m.Account.objects.get(number=number)

    def agreement(self, number: str) -> m.Agreement:
        return m.Agreement.objects.get(number=number)

    def time(self, seconds: int, *, person: str = "ada", on: date = date(2026, 10, 5), approved: bool = True,
             **changes: Any) -> m.WorkItem:
        """A time entry on Acme's website project, approved by Mara unless told otherwise."""
        worker = m.Person.objects.get(code=person)
        project = m.Project.objects.get(code="ACME-WEB")
        values = {
            "kind": "time", "agreement": project.agreement, "project": project, "project_name": project.name,
            "person": worker, "person_name": worker.name, "role": worker.role, "task": "Development",
            "description": "Work", "worked_on": on, "quantity": Decimal(seconds), **changes,
        }
        values.setdefault("source_key", f"test:{m.WorkItem.objects.count()}")
        item = m.WorkItem.objects.create(**values)
        return approve(item) if approved else item

    def expense(self, cost: str, *, currency: str = "EUR", approved: bool = True, **changes: Any) -> m.WorkItem:
        """An expense of Acme's project in October."""
        project = m.Project.objects.get(code="ACME-WEB")
        item = m.WorkItem.objects.create(**{
            "kind": "expense", "agreement": project.agreement, "project": project, "project_name": project.name,
            "description": "Train to Berlin", "worked_on": date(2026, 10, 7), "quantity": Decimal(1),
            "cost": Decimal(cost), "cost_currency": currency,
            "source_key": f"test:{m.WorkItem.objects.count()}", **changes,
        })
        return approve(item) if approved else item


def approve(item: m.WorkItem) -> m.WorkItem:
    from duly.billing.kernel import frames

    query = """update work_item set approved_by_id = %s, approved_at = %s, approved_in = pg_current_xact_id()
               where id = %s"""
    frames.execute(query, [m.User.objects.get(login="mara").id, NOW, item.id])
    item.refresh_from_db()
    return item


def build() -> None:
    """Make the world's rows; run once for the template database."""
    for login, (role, scope, rights) in USERS.items():
        user = m.User.objects.create(login=login, name=login.title(), email=f"{login}@halden.example", password="!")
        m.RoleGrant.objects.create(user=user, role=role, scope=scope)
        for right in rights:
            m.RightGrant.objects.create(user=user, right=right)
    entity = _entity()
    _tax_rates()
    accounts = _accounts(entity)
    _people()
    _agreements(entity, accounts)


def _entity() -> m.LegalEntity:
    entity = m.LegalEntity.objects.create(
        code="HALDEN", name="Halden Software GmbH", street="Kastanienallee 12", postcode="10435", city="Berlin",
        country="DE", base_currency="EUR", time_zone="Europe/Berlin", email="billing@halden.example",
        phone="+49 30 901820", legal_notice="Amtsgericht Charlottenburg HRB 123456", language="de",
    )
    m.TaxRegistration.objects.create(entity=entity, country="DE", number="DE136695976")
    m.BankAccount.objects.create(
        entity=entity, holder="Halden Software GmbH", iban="DE89370400440532013000", bic="COBADEFFXXX",
        bank="Commerzbank", currency="EUR",
    )
    for kind, pattern in (("invoice", "R{year}-{number:05}"), ("credit_note", "G{year}-{number:05}"),
                          ("receipt", "Q{year}-{number:05}")):
        m.NumberSeries.objects.create(entity=entity, kind=kind, pattern=pattern)
    chart = {"receivable": "1200", "on_account": "1710", "deposits": "1718", "deferred_revenue": "1900",
             "revenue": "4400", "tax": "1776", "bank": "1800", "exchange_difference": "4840", "write_off": "6930",
             "fees": "6855", "interest": "7100", "withholding_tax": "1435", "rounding": "4830"}
    for role, code in chart.items():
        m.ChartAccount.objects.create(entity=entity, role=role, code=code, name=role.replace("_", " "))
    return entity


def _tax_rates() -> None:
    for country, standard, reduced in (("DE", "0.19", "0.07"), ("FR", "0.20", "0.055")):
        for tax_class, rate in (("standard", standard), ("reduced", reduced), ("zero", "0"), ("exempt", "0")):
            m.TaxRate.objects.create(country=country, tax_class=tax_class, rate=Decimal(rate),
                                     valid_from=date(2021, 1, 1), source="test")


def _accounts(entity: m.LegalEntity) -> dict[str, m.Account]:
    mara, otto = (m.User.objects.get(login=login) for login in ("mara", "otto"))
    made = {}
    for number, name, city, country, manager, language, vat_id in (
        ("ACME", "Acme GmbH", "Hamburg", "DE", mara, "de", "DE811569869"),
        ("BIG", "Big Company SARL", "Lyon", "FR", mara, "fr", "FR40303265045"),
        ("ZED", "Zed AG", "Zürich", "CH", otto, "en", ""),
    ):
        account = m.Account.objects.create(
            number=number, name=name, sort_name=name.casefold(), street="Hauptstraße 1", postcode="20095", city=city,
            country=country, manager=manager, language=language, currency="EUR",
        )
        m.Contact.objects.create(account=account, name=f"Accounts Payable {number}",
                                 email=f"ap@{number.lower()}.example", roles=["billing"])
        if vat_id:
            m.TaxRegistration.objects.create(account=account, country=country, number=vat_id)
        made[number] = account
    return made


def _people() -> None:
    m.Person.objects.create(code="ada", name="Ada Lovelace", email="ada@example.com", role="Developer")
    m.Person.objects.create(code="grace", name="Grace Hopper", email="grace@example.com", role="Designer")


def _agreements(entity: m.LegalEntity, accounts: dict[str, m.Account]) -> None:
    card = m.RateCard.objects.create(code="STD", name="Standard rates", currency="EUR")
    for person, price in (("ada", "95"), ("grace", "110")):
        m.Rate.objects.create(card=card, person=m.Person.objects.get(code=person), price=Decimal(price),
                              valid_from=date(2026, 1, 1))
    acme = _agreement("ACME-TM", "Website relaunch", entity, accounts["ACME"], "none")
    m.Project.objects.create(code="ACME-WEB", name="Website relaunch", agreement=acme.agreement)
    _charge(acme, "hours", "time", "Consulting", rate_card=card, unit="h")
    _charge(acme, "expenses", "expense", "Travel", markup=Decimal("0.05"))
    big = _agreement("BIG-MS", "Migration", entity, accounts["BIG"], "peer")
    m.Project.objects.create(code="BIG-MIG", name="Migration", agreement=big.agreement)
    _charge(big, "go-live", "milestone", "Go-live", price=Decimal("12000"))
    _charge(big, "set-up", "one_off", "Set-up fee", price=Decimal("1500"), due_on=date(2026, 10, 15))
    zed = _agreement("ZED-SUB", "Support plan", entity, accounts["ZED"], "none")
    _charge(zed, "support", "recurring", "Support plan", price=Decimal("250"), quantity=Decimal(3),
            interval="month", timing="arrears", unit="seat")


def _agreement(number: str, name: str, entity: m.LegalEntity, account: m.Account, review: str) -> m.AgreementVersion:
    agreement = m.Agreement.objects.create(number=number, name=name, entity=entity, account=account,
                                           currency="EUR", starts_on=date(2026, 1, 1))
    return m.AgreementVersion.objects.create(agreement=agreement, valid_from=date(2026, 1, 1), review=review)


def _charge(version: m.AgreementVersion, code: str, kind: str, name: str, **terms: Any) -> m.ChargeTerms:
    charge = m.Charge.objects.create(agreement=version.agreement, code=code, kind=kind)
    return m.ChargeTerms.objects.create(version=version, charge=charge, name=name, **terms)
