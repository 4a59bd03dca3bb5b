"""The payment QR code of a SEPA credit transfer: EPC069-12, "Quick Response Code: Guidelines to Enable Data
Capture for the Initiation of a SEPA Credit Transfer", version 002, in UTF-8.

A banking app that scans it fills in holder, account, amount and reference.
"""

from __future__ import annotations

import io
import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

import segno

SMALLEST: Final = Decimal("0.01")
LARGEST: Final = Decimal("999999999.99")
LONGEST_NAME: Final = 70
LONGEST_REMITTANCE: Final = 140
LARGEST_PAYLOAD: Final = 331

# Where a SEPA credit transfer reaches (EPC409-09); only inside the EEA may the BIC be left out (EPC069-12, 3.1).
EEA: Final = frozenset((
    "AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU", "IE", "IS", "IT", "LI", "LT",
    "LU", "LV", "MT", "NL", "NO", "PL", "PT", "RO", "SE", "SI", "SK",
))
SEPA: Final = EEA | {"AD", "AL", "CH", "GB", "GI", "MC", "MD", "ME", "MK", "RS", "SM", "VA"}


@dataclass(frozen=True, slots=True)
class PaymentCode:
    """The code's text, or None with the `reason` why there is none, in English for a log or a settings page."""

    text: str | None
    reason: str = ""

    def svg(self) -> bytes | None:
        """The code as SVG, one user unit per module, without quiet zone: the page around it must leave 4 modules.

        Error correction M, at most version 13, as the guidelines ask. The mask is fixed: every mask is readable,
        and weighing all eight takes longer than typesetting the page.
        """
        if self.text is None:
            return None
        code = segno.make_qr(self.text, error="m", encoding="utf-8", mask=3, boost_error=False)
        out = io.BytesIO()
        code.save(out, kind="svg", border=0, xmldecl=False, svgclass=None, lineclass=None)
        return out.getvalue()


def epc_code(
    *, holder: str, iban: str, amount: Decimal, currency: str, remittance: str = "", bic: str = ""
) -> PaymentCode:
    """The code for paying `amount` to the account; no code, with the reason, where the guidelines allow none."""
    account, bank = iban.replace(" ", "").upper(), bic.replace(" ", "").upper()
    name, text = _one_line(holder), _one_line(remittance)
    reason = (
        _amount_fault(amount, currency)
        or _account_fault(account, bank)
        or _length_fault("account holder", name, LONGEST_NAME)
        or _length_fault("remittance text", text, LONGEST_REMITTANCE)
        or ("the account holder is empty" if not name else "")
    )
    if reason:
        return PaymentCode(None, reason)
    lines = ("BCD", "002", "1", "SCT", bank, name, account, f"EUR{amount:.2f}", "", "", text)
    payload = "\n".join(lines).rstrip("\n")
    if len(payload.encode()) > LARGEST_PAYLOAD:
        return PaymentCode(None, f"the code would hold more than {LARGEST_PAYLOAD} bytes; shorten the reference")
    return PaymentCode(payload)


def _amount_fault(amount: Decimal, currency: str) -> str:
    if currency != "EUR":
        return f"the currency is {currency}; the code exists for EUR only"
    if not SMALLEST <= amount <= LARGEST:
        return f"the amount {amount} is outside {SMALLEST} to {LARGEST}"
    if amount != round(amount, 2):
        return f"the amount {amount} is finer than a cent"
    return ""


def _account_fault(iban: str, bic: str) -> str:
    if not re.fullmatch(r"[A-Z]{2}\d{2}[A-Z0-9]{11,30}", iban) or _remainder(iban) != 1:
        return f"the IBAN {iban!r} is not valid"
    if iban[:2] not in SEPA:
        return f"a SEPA credit transfer does not reach an account in {iban[:2]}"
    if bic and not re.fullmatch(r"[A-Z0-9]{4}[A-Z]{2}[A-Z0-9]{2}([A-Z0-9]{3})?", bic):
        return f"the BIC {bic!r} is not valid"
    if not bic and iban[:2] not in EEA:
        return f"an account in {iban[:2]} needs its BIC"
    return ""


def _remainder(iban: str) -> int:
    """ISO 7064 mod 97-10 of the IBAN with its first four characters moved to the end; 1 when they fit."""
    return int("".join(str(int(character, 36)) for character in iban[4:] + iban[:4])) % 97


def _length_fault(what: str, text: str, longest: int) -> str:
    return f"the {what} has {len(text)} characters, {longest} are allowed" if len(text) > longest else ""


def _one_line(text: str) -> str:
    """A line break would start the next element of the code; control characters are not allowed in any."""
    return " ".join("".join(" " if ord(character) < 32 else character for character in text).split())
