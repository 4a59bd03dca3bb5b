"""Identifiers from outside, checked in one place: each check returns the one way that Duly writes the value.

All raise FormatError with the remedy. A check proves form and check digits, never that the party exists.
"""

import re
from dataclasses import dataclass
from functools import cache
from zoneinfo import available_timezones

import pycountry
import schwifty
from iso4217 import Currency
from stdnum.eu import vat as eu_vat
from stdnum.exceptions import ValidationError
from stdnum.util import get_cc_module

from duly.formats import FormatError

_LOCAL_PART = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_DOMAIN = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]")


@dataclass(frozen=True, slots=True)
class BankAccount:
    iban: str  # without spaces
    bic: str | None  # None where no public register ties the bank code to one
    bank_name: str | None


def check_country(code: str) -> str:
    """The ISO 3166-1 alpha-2 code, in capitals.

    Read from pycountry, which is the ISO list itself; the territories of the CLDR also hold regions that are
    no country (EU, XK, QO) and would let them through.
    """
    wanted = code.strip().upper()
    if len(wanted) == 2 and pycountry.countries.get(alpha_2=wanted):
        return wanted
    try:
        meant = pycountry.countries.lookup(code.strip())
    except LookupError:
        remedy = "Write the ISO 3166 code of two letters, for example DE."
    else:
        remedy = f"Write {meant.alpha_2} ({meant.name})."
    raise FormatError(f"{code!r} is not a country code.", remedy)


def check_currency(code: str) -> str:
    """The ISO 4217 code, in capitals. Codes without a minor unit (metals, tests) are no money: refused."""
    wanted = code.strip().upper()
    if wanted in _minor_digits():
        return wanted
    raise FormatError(f"{code!r} is not a currency code.", "Write the ISO 4217 code, for example EUR.")


def minor_digits(currency: str) -> int:
    """How many decimals a checked currency's minor unit has by ISO 4217: EUR 2, JPY 0, KWD 3."""
    return _minor_digits()[currency]


@cache
def _minor_digits() -> dict[str, int]:
    return {currency.code: currency.exponent for currency in Currency if currency.exponent is not None}


def check_vat_id(country: str, number: str) -> str:
    """The VAT id without spaces, with its prefix: the country's code, EL for Greece (EN 16931, BR-CO-9).

    Northern Ireland's XI ids are taken for GB. Prefixes of another country are refused.
    """
    home = check_country(country)
    compact = re.sub(r"[\s.\-/]", "", number).upper()
    prefix = "EL" if home == "GR" else home
    example = "Correct it, or leave it out if the party has none."
    try:
        if home == "GB" and compact.startswith("XI"):
            return str(eu_vat.validate(compact))
        if home.lower() in eu_vat.MEMBER_STATES:
            return str(eu_vat.validate(prefix + compact.removeprefix(prefix).removeprefix(home)))
        national = get_cc_module(home, "vat")
        if national is None:
            raise FormatError(f"Duly knows no VAT ids of {home}, so {number!r} cannot be checked.", example)
        return prefix + str(national.validate(compact)).removeprefix(prefix)
    except ValidationError as error:
        raise FormatError(f"{number!r} is not a VAT id of {home}: {error}", example) from None


def check_iban(number: str) -> BankAccount:
    """The IBAN (ISO 13616: length, check digits, national structure), with bank and BIC where known."""
    try:
        iban = schwifty.IBAN(number)
    except ValueError as error:
        problem = str(error).strip()
        raise FormatError(f"{number!r} is not an IBAN: {problem}.", "Copy it anew from the bank's papers.") from None
    bic = str(iban.bic) if iban.bic else None
    return BankAccount(iban.compact, bic, iban.bank_name)


def check_email(address: str) -> str:
    """The address as mail servers take it (RFC 5321 without quoted names), its domain in small letters.

    Domains with other letters than a–z come back in their ASCII form (IDNA).
    """
    local, _, domain = address.strip().rpartition("@")
    try:
        ascii_domain = domain.encode("idna").decode().lower()
    except UnicodeError:
        ascii_domain = ""
    well_formed = _LOCAL_PART.fullmatch(local) and _DOMAIN.fullmatch(ascii_domain)
    if not well_formed or len(local) > 64 or len(local) + len(ascii_domain) > 253:
        raise FormatError(f"{address!r} is not an e-mail address.", "Write one address, as billing@example.com.")
    return f"{local}@{ascii_domain}"


def check_time_zone(name: str) -> str:
    """The name in the IANA database, for example Europe/Berlin, in its own spelling."""
    known = _time_zones().get(name.strip().casefold())
    if known is None:
        raise FormatError(f"{name!r} is not a time zone.", "Write an IANA name, for example Europe/Berlin.")
    return known


@cache
def _time_zones() -> dict[str, str]:
    return {name.casefold(): name for name in available_timezones() - {"localtime"}}  # which is the machine's own
