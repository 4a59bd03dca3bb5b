"""The document: everything that is drawn, sent and exported, frozen at issue.

One shape serves the typeset page, the e-invoice, the portal and the export. It holds copies, never references: seller,
buyer, tax and terms as they were on the day. Terms follow EN 16931 (fields that have a BT number stand beside it).

Amounts are exact decimals in the document's currency, whole minor units wherever they are posted; rates
are fractions (`Decimal("0.19")` is 19 %); time is whole seconds; periods name their first and last day.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, Literal, get_args

from duly.engine import document_json
from duly.engine.prepayment import Prepayment

Kind = Literal["invoice", "credit_note", "proforma", "deposit", "receipt"]
Language = Literal["en", "de", "fr"]
LogoType = Literal["image/svg+xml", "image/png"]
Scalar = str | int | bool | None

ZERO = Decimal(0)


class Row(Mapping[str, Scalar]):
    """One row of a computation's explanation: named plain values, frozen, hashable, picklable.

    A `Decimal` becomes its plain text; a float or a nested value raises `TypeError`.
    """

    __slots__ = ("_values",)

    def __init__(self, values: Mapping[str, Any]) -> None:
        self._values: dict[str, Scalar] = {str(key): _scalar(value) for key, value in values.items()}

    def __getitem__(self, key: str) -> Scalar:
        return self._values[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __hash__(self) -> int:
        return hash(frozenset(self._values.items()))

    def __repr__(self) -> str:
        return f"Row({self._values!r})"


def _scalar(value: object) -> Scalar:
    if isinstance(value, Decimal):
        return document_json.plain(value)
    if value is None or isinstance(value, str | int):
        return value
    raise TypeError(f"an explanation row holds text, whole numbers and decimals, not {value!r}")


@dataclass(frozen=True, slots=True)
class TaxRegistration:
    """`scheme` is "VAT" for a VAT identification number (BT-31, BT-48), "TAX" for a national tax number (BT-32),
    or the register's own short name, printed as it is."""

    scheme: str
    number: str
    country: str = ""


@dataclass(frozen=True, slots=True)
class Party:
    """Seller (BG-4) or buyer (BG-7) as copied at issue; `country` is ISO 3166-1 alpha-2."""

    name: str
    address: tuple[str, ...]
    country: str
    registrations: tuple[TaxRegistration, ...] = ()
    email: str = ""
    phone: str = ""
    website: str = ""
    legal_text: str = ""
    account_number: str = ""
    contact_name: str = ""


@dataclass(frozen=True, slots=True)
class BankAccount:
    """Where to pay (BG-17): account holder (BT-85), IBAN (BT-84), BIC (BT-86)."""

    holder: str
    iban: str
    bic: str = ""
    bank: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """An invoice line (BG-25). A time line carries `seconds`, and its `quantity` is those seconds; elsewhere
    `seconds` is None and `quantity` counts `unit`s. `explanation` is the computation's own rows. `amount` is net
    (BT-131); where prices include tax, `gross` is the amount with it."""

    position: int
    description: str
    quantity: Decimal
    unit: str
    unit_price: Decimal
    amount: Decimal
    tax_category: str
    tax_rate: Decimal
    section: str = ""
    detail: str = ""
    seconds: int | None = None
    service_from: date | None = None
    service_to: date | None = None
    explanation: tuple[Row, ...] = ()
    gross: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Subtotal:
    """The sum of a section's lines, with tax where prices include it."""

    section: str
    amount: Decimal


@dataclass(frozen=True, slots=True)
class TaxLine:
    """One VAT breakdown (BG-23): category code, rate, taxable base, tax, and why where no tax is charged; one of
    several taxes on one base has a `name`."""

    category: str
    rate: Decimal
    base: Decimal
    tax: Decimal
    reason: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True)
class Withholding:
    """What the buyer keeps back for the tax office: `rate` of the net `base`."""

    name: str
    rate: Decimal
    base: Decimal
    amount: Decimal


@dataclass(frozen=True, slots=True)
class AnnexEntry:
    """One entry of the time record that stands behind the time lines."""

    date: date
    person: str
    project: str
    description: str
    seconds: int
    billed_seconds: int
    amount: Decimal
    task: str = ""


@dataclass(frozen=True, slots=True)
class Settlement:
    """What part of a receipt went to one document, and what that document still owes."""

    number: str
    amount: Decimal
    issued_on: date | None = None
    total: Decimal | None = None
    open_after: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Receipt:
    """The money that a receipt confirms; what is not settled stays on account."""

    received_on: date
    method: str
    amount: Decimal
    reference: str = ""
    settlements: tuple[Settlement, ...] = ()

    @property
    def on_account(self) -> Decimal:
        return self.amount - sum((part.amount for part in self.settlements), ZERO)


@dataclass(frozen=True, slots=True)
class Logo:
    content: bytes
    media_type: LogoType


@dataclass(frozen=True, slots=True)
class Document:
    """A document that adds up.

    Raises `ValueError`, naming the field and both figures, when the lines do not sum to net, the tax lines to tax and,
    but for several taxes on one base, to net, net and tax to total, total less prepaid and withheld plus rounding to
    payable (law 9); when a posted amount is no whole number of minor units; when what is no draft lacks number or date.
    """

    kind: Kind
    language: Language
    currency: str
    exponent: int
    seller: Party
    buyer: Party
    number: str = ""
    issued_on: date | None = None
    tax_point: date | None = None
    due_on: date | None = None
    service_from: date | None = None
    service_to: date | None = None
    buyer_reference: str = ""
    purchase_order: str = ""
    agreements: tuple[str, ...] = ()
    payment_days: int | None = None
    payment_reference: str = ""
    bank_accounts: tuple[BankAccount, ...] = ()
    lines: tuple[Line, ...] = ()
    subtotals: tuple[Subtotal, ...] = ()
    tax_lines: tuple[TaxLine, ...] = ()
    net: Decimal = ZERO
    tax: Decimal = ZERO
    total: Decimal = ZERO
    prepaid: Decimal = ZERO
    prepayments: tuple[Prepayment, ...] = field(default=(), metadata=document_json.UNSAID)
    withholdings: tuple[Withholding, ...] = ()
    rounding: Decimal = field(default=ZERO, metadata=document_json.UNSAID)
    payable: Decimal = ZERO
    prices_include_tax: bool = False
    notes: tuple[str, ...] = ()
    annex: tuple[AnnexEntry, ...] = ()
    corrects: str = ""
    corrects_issued_on: date | None = None
    receipt: Receipt | None = None
    colour: str = "#0f766e"
    logo: Logo | None = None
    draft: bool = False

    def __post_init__(self) -> None:
        for name, value, known in (("kind", self.kind, Kind), ("language", self.language, Language)):
            if value not in get_args(known):
                raise ValueError(f"document {name} {value!r} is unknown; use one of {', '.join(get_args(known))}")
        if not self.draft and not (self.number and self.issued_on):
            raise ValueError(f"{self.kind} {self.number!r} needs a number and an issue date, or must be a draft")
        if (self.kind == "receipt") != (self.receipt is not None):
            raise ValueError(f"{self.kind} {self.number!r}: a receipt, and only a receipt, carries the money received")
        for name, stated, computed in self._sums():
            if stated != computed:
                raise ValueError(f"{self.kind} {self.number!r}: {name} is {stated}, but its parts give {computed}")
        for name, amount in self._posted():
            if amount != round(amount, self.exponent):
                raise ValueError(f"{self.kind} {self.number!r}: {name} {amount} is finer than {self.currency} allows")

    def _sums(self) -> Iterator[tuple[str, Decimal, Decimal]]:
        yield "net", self.net, sum((line.amount for line in self.lines), ZERO)
        if not any(line.name for line in self.tax_lines):
            yield "net", self.net, sum((line.base for line in self.tax_lines), ZERO)
        if self.prices_include_tax:
            yield "total", self.total, sum((line.gross or ZERO for line in self.lines), ZERO)
        yield "tax", self.tax, sum((line.tax for line in self.tax_lines), ZERO)
        yield "total", self.total, self.net + self.tax
        if self.prepayments:
            yield "prepaid", self.prepaid, sum((one.amount for one in self.prepayments), ZERO)
        less = self.prepaid + sum(one.amount for one in self.withholdings)
        yield "payable", self.payable, self.total - less + self.rounding
        if self.subtotals:
            whole = ("total", self.total) if self.prices_include_tax else ("net", self.net)
            yield *whole, sum((part.amount for part in self.subtotals), ZERO)

    def _posted(self) -> Iterator[tuple[str, Decimal]]:
        yield from ((name, getattr(self, name)) for name in ("net", "tax", "total", "prepaid", "rounding"))
        yield from ((f"line {line.position} amount", line.amount) for line in self.lines)
        yield from ((f"tax at {line.rate}", line.tax) for line in self.tax_lines)
        yield from ((f"{one.name} withheld", one.amount) for one in self.withholdings)
        yield from (("amount received", one.amount) for one in (self.receipt,) if one)

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values that `from_json` turns back into an equal document; decimals and dates as text."""
        return document_json.encode(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Document:
        """The document that `to_json` wrote. Raises `ValueError` that names the path of what does not fit."""
        return document_json.decode(cls, data, "document")

    def digest(self) -> str:
        """SHA-256 (hex) of the canonical JSON: sorted keys, no spaces, decimals without trailing zeros."""
        text = json.dumps(self.to_json(), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        return hashlib.sha256(text.encode()).hexdigest()
