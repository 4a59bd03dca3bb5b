"""Who sells, who buys, who works: the set-up file's entities, accounts, users and people."""

import re
from collections.abc import Sequence

from duly.formats import FormatError
from duly.formats.identities import (
    check_country,
    check_currency,
    check_email,
    check_iban,
    check_time_zone,
    check_vat_id,
)
from duly.formats.setup_file import taxes, words
from duly.formats.setup_file.model import (
    Account,
    Address,
    Bank,
    Contact,
    Cover,
    Entity,
    NewAgreements,
    Order,
    PayableStep,
    Person,
    TaxNumber,
    User,
)
from duly.formats.setup_file.table import Table

COLOUR = re.compile(r"#[0-9a-f]{6}")


def user(table: Table) -> User:
    return User(
        path=table.path, login=table.text("login", longest=80), name=table.text("name"),
        email=table.text("email", check=check_email), roles=_roles(table), rights=table.words("rights", words.RIGHTS),
        active=table.flag("active", True),
    )


def _roles(table: Table) -> tuple[tuple[str, str], ...]:
    """A list of roles for all accounts, or a table of roles with their scope."""
    if not isinstance(table.values.get("roles"), dict):
        return tuple((role, "all") for role in table.words("roles", words.ROLES))
    scopes = table.table("roles")
    assert scopes is not None
    return tuple(
        (role, scopes.choice(role, words.SCOPES)) for role in scopes.values if scopes.known(role, role, words.ROLES)
    )


def person(table: Table) -> Person:
    return Person(
        path=table.path, code=table.text("code", longest=40), name=table.text("name"),
        email=table.maybe("email", check=check_email), role=table.text("role", "", longest=60),
        user=table.maybe("user", longest=80),
    )


def address(table: Table) -> Address:
    return Address(
        street=table.text("street"), street_2=table.text("street_2", ""), city=table.text("city", longest=100),
        postcode=table.text("postcode", "", longest=20), region=table.text("region", "", longest=100),
        country=table.text("country", check=check_country, example='"DE"'),
    )


def entity(table: Table) -> Entity:
    where = address(table)
    name, currency = table.text("name"), table.text("currency", check=check_currency, example='"EUR"')
    return Entity(
        path=table.path, code=table.text("code", longest=20), name=name, address=where, currency=currency,
        time_zone=table.text("time_zone", check=check_time_zone, example='"Europe/Berlin"'),
        fiscal_year_start=table.whole("fiscal_year_start", 1, low=1, high=12), lock_date=table.maybe_day("lock_date"),
        email=table.text("email", check=check_email), phone=table.text("phone", "", longest=40),
        website=table.text("website", ""), legal_notice=table.text("legal_notice", "", longest=2000),
        language=table.choice("language", words.LANGUAGES, "en"),
        colour=table.text("colour", "#0f766e", check=_colour), logo=table.maybe("logo"),
        tax_numbers=_tax_numbers(table, where.country), banks=_banks(table, name, currency),
        series=_series(table), chart=_chart(table), new_agreements=_new_agreements(table), checks=_checks(table),
        one_stop_shop=table.flag("one_stop_shop", False), payable_steps=_payable_steps(table, currency),
    )


def _colour(text: str) -> str:
    if not COLOUR.fullmatch(text.lower()):
        raise FormatError(f"“{text}” is not a colour.", "Write it as #0f766e.")
    return text.lower()


def _tax_numbers(table: Table, home: str) -> tuple[TaxNumber, ...]:
    """`vat_id` is the VAT id at home; `tax_numbers` are any others, by country and scheme."""
    found = []
    if (number := table.maybe("vat_id", check=lambda text: check_vat_id(home, text))) is not None:
        found.append(TaxNumber(table.place("vat_id"), home, "vat", number))
    for one in table.tables("tax_numbers"):
        country = one.text("country", home, check=check_country)
        scheme = one.text("scheme", "vat", longest=20)
        check = (lambda text, country=country: check_vat_id(country, text)) if scheme == "vat" else None
        found.append(TaxNumber(one.path, country, scheme, one.text("number", check=check, longest=30)))
        one.close()
    return tuple(found)


def _banks(table: Table, holder: str, currency: str) -> tuple[Bank, ...]:
    found = []
    for one in table.tables("bank_accounts"):
        iban = one.text("iban", check=lambda text: check_iban(text).iban, example='"DE89 3704 0044 0532 0130 00"')
        try:
            known = check_iban(iban)
        except FormatError:
            known = None
        found.append(Bank(
            path=one.path, iban=iban, bic=one.text("bic", (known and known.bic) or "", longest=11),
            bank=one.text("bank", (known and known.bank_name) or "", longest=140),
            holder=one.text("holder", holder[:140], longest=140),
            currency=one.text("currency", currency, check=check_currency),
        ))
        one.close()
    return tuple(found)


def _series(table: Table) -> tuple[tuple[str, str], ...]:
    given = table.table("series")
    if given is None:
        return tuple(words.SERIES.items())
    found = tuple((kind, given.text(kind, pattern, longest=60)) for kind, pattern in words.SERIES.items())
    given.close()
    return found


def _chart(table: Table) -> tuple[tuple[str, str, str], ...]:
    """Role by role the account's code, or its code and name; the default chart where it says nothing."""
    given = table.table("chart")
    if given is None:
        return tuple((role, *account) for role, account in words.CHART.items())
    found = []
    for role, (code, name) in words.CHART.items():
        if isinstance(given.values.get(role), dict) and (one := given.table(role)) is not None:
            found.append((role, one.text("code", code, longest=20), one.text("name", name, longest=100)))
            one.close()
        else:
            found.append((role, given.text(role, code, longest=20), name))
    given.close()
    return tuple(found)


def _new_agreements(table: Table) -> NewAgreements | None:
    one = table.table("new_agreements")
    if one is None:
        return None
    found = NewAgreements(
        path=one.path, review=one.choice("review", words.REVIEWS, "peer"),
        payment_days=one.whole("payment_days", 0, high=365) if one.has("payment_days") else None,
        grouping=one.choice("grouping", words.GROUPINGS, "person"), time_annex=one.flag("time_annex", True))
    one.close()
    return found


def _payable_steps(table: Table, currency: str) -> tuple[PayableStep, ...]:
    """To which step what is to pay is rounded, by currency."""
    found = []
    for one in table.tables("payable_steps"):
        ends = one.flag("ends", False)
        if ends == one.has("step"):
            one.note("step", "What is to pay has a step, or it ends.", 'Give step = "0.05", or ends = true.')
        found.append(PayableStep(one.path, one.text("currency", currency, check=check_currency),
                                 None if ends else one.number("step")))
        one.close()
    return tuple(found)


def _checks(table: Table) -> tuple[tuple[str, str | None], ...]:
    """How strict checks are, by their names; `usual` takes a choice back."""
    given = table.table("checks")
    if given is None:
        return ()
    chosen = [(name, given.choice(name, words.SEVERITIES[name])) for name in given.values
              if given.known(name, name, tuple(words.SEVERITIES))]
    return tuple((name, None if severity == words.USUAL else severity) for name, severity in chosen)


def account(table: Table, entities: Sequence[Entity]) -> Account:
    """`entities` give the defaults: an account is billed in the first one's currency and language."""
    where = address(table)
    home = entities[0] if entities else None
    currency = table.text("currency", home.currency if home else None, check=check_currency, example='"EUR"')
    return Account(
        path=table.path, number=table.text("number", longest=30), name=table.text("name"),
        kind=table.choice("kind", words.ACCOUNT_KINDS, "business"), address=where,
        parent=table.maybe("parent", longest=30), bill_to=table.maybe("bill_to", longest=30),
        manager=table.maybe("manager", longest=80), cover=_cover(table),
        language=table.choice("language", words.LANGUAGES, home.language if home else "en"), currency=currency,
        payment_days=table.whole("payment_days", 30, high=365),
        requires_purchase_order=table.flag("requires_purchase_order", False),
        tax_numbers=_tax_numbers(table, where.country), contacts=_contacts(table), orders=_orders(table, currency),
        treatments=taxes.treatments(table), withholdings=taxes.withholdings(table),
    )


def _cover(table: Table) -> Cover | None:
    one = table.table("cover")
    if one is None:
        return None
    cover = Cover(one.text("user", longest=80), one.day("from"), one.day("until"))
    if cover.last_day < cover.first_day:
        one.note("until", "It is before the first day.", "Give the last day of the cover.")
    one.close()
    return cover


def _contacts(table: Table) -> tuple[Contact, ...]:
    found = []
    for one in table.tables("contacts"):
        found.append(Contact(
            path=one.path, name=one.text("name"), email=one.text("email", check=check_email),
            phone=one.text("phone", "", longest=40), roles=one.words("roles", words.CONTACT_ROLES, ("billing",)),
        ))
        one.close()
    return tuple(found)


def _orders(table: Table, currency: str) -> tuple[Order, ...]:
    found = []
    for one in table.tables("purchase_orders"):
        found.append(Order(
            path=one.path, number=one.text("number", longest=60),
            currency=one.text("currency", currency, check=check_currency), amount=one.number("amount"),
            expires_on=one.maybe_day("expires_on"),
        ))
        one.close()
    return tuple(found)
