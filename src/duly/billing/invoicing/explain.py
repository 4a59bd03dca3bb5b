"""Everything that invoicing knows of one draft or document, down to the evidence, in a fixed number of queries."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from duly.billing.accounts.queries import unseen
from duly.billing.invoicing import left_out
from duly.billing.invoicing.explain_sql import (
    EDITORS,
    EVENTS,
    EVIDENCE,
    FINDINGS,
    HEAD,
    LINES,
    MOVEMENTS,
    PREPAID,
    RATES,
    SPANS,
    STEPS,
    TAXES,
    WITHHELD,
)
from duly.billing.invoicing.left_out import LeftOut
from duly.billing.kernel import frames
from duly.billing.kernel.authority import Actor

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Head:
    """The document itself. `version` is what the verbs of editing ask for; `seller` and `buyer` are frozen copies."""

    id: int
    number: str | None
    kind: str
    state: str
    version: str
    entity: str
    account: str
    account_name: str
    manager: str | None
    created_by: str
    run: int | None
    review: str
    currency: str
    exponent: int
    language: str
    purchase_order: str
    payment_days: int
    time_annex: bool
    service_from: date
    service_to: date
    tax_point: date
    issued_on: date | None
    booked_on: date | None
    due_on: date | None
    base_rate: Decimal | None
    net: Decimal
    tax: Decimal
    total: Decimal
    withheld: Decimal
    prepaid: Decimal
    rounding: Decimal
    prices_include_tax: bool
    open_item: int | None
    balance: Decimal | None
    seller: Row
    buyer: Row


@dataclass(frozen=True, slots=True)
class Evidence:
    """A work item on a line, with its share of the line's amount. Quantities of time are seconds."""

    line_id: int
    work_id: int
    kind: str
    worked_on: date
    started_at: time | None
    person: str
    project: str
    role: str
    task: str
    description: str
    quantity: Decimal
    billed_quantity: Decimal
    amount: Decimal
    cost: Decimal | None
    cost_currency: str
    receipts: int
    approved_by: str | None


@dataclass(frozen=True, slots=True)
class RateSource:
    """The rate that priced a line of time: its card, whom and what it is for (null: everyone, all), since when."""

    rate_id: int
    card: str
    card_name: str
    person: str | None
    project: str | None
    role: str
    task: str
    price: Decimal | None
    valid_from: date


@dataclass(frozen=True, slots=True)
class Line:
    """A line, the rows that lead to its amount, and what it rests on: work, or the days of a charge (`spans`, each
    [from, to)). `amount` is with tax where prices include it. `rate` is null where several rates of equal price or none
    priced it."""

    id: int
    position: int
    agreement: str
    agreement_name: str
    charge: str
    kind: str
    terms_id: int
    terms_from: date
    description: str
    unit: str
    quantity: Decimal
    unit_price: Decimal
    numerator: Decimal
    denominator: int
    amount: Decimal
    tax_class: str
    tax_category: str
    tax_rate: Decimal
    tax: Decimal
    override_category: str | None
    override_reason: str | None
    service_from: date
    service_to: date
    explanation: tuple[Row, ...]
    spans: tuple[tuple[date, date], ...]
    evidence: tuple[Evidence, ...]
    rate: RateSource | None


@dataclass(frozen=True, slots=True)
class Tax:
    """A tax line; one of several taxes on one base has a `name`."""

    name: str
    category: str
    rate: Decimal
    base: Decimal
    tax: Decimal
    reason: str


@dataclass(frozen=True, slots=True)
class Withheld:
    """What the buyer keeps back for the tax office, `rate` of the `base`."""

    name: str
    rate: Decimal
    base: Decimal
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Voucher:
    """What a voucher pays of the document, and the document that sold it."""

    sold_by: int
    number: str
    issued_on: date
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Found:
    """A finding, and who waived it and why; `path` names the place, such as `lines[2].unit_price`."""

    check: str
    severity: str
    path: str
    text: str
    waived_by: str | None
    waived_at: datetime | None
    waived_because: str | None


@dataclass(frozen=True, slots=True)
class Step:
    """A review step and its decision, null where it has none. `current`: it is for the content as it stands."""

    step: str
    current: bool
    submitted_by: str
    submitted_at: datetime
    verdict: str | None
    decided_by: str | None
    on_behalf_of: str | None
    decided_at: datetime | None
    reason: str | None


@dataclass(frozen=True, slots=True)
class Happened:
    """An event of the document's timeline: which verb, by whom (and for whom), when, with its data."""

    id: int
    at: datetime
    verb: str
    by: str
    on_behalf_of: str | None
    data: Row


@dataclass(frozen=True, slots=True)
class Movement:
    """What changed the open item: `kind` of entry and its `source`, such as the number of a receipt."""

    booked_on: date
    kind: str
    source: str
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Explained:
    """All of it; `editors` are the names of those who touched the draft that they did not make."""

    head: Head
    lines: tuple[Line, ...]
    taxes: tuple[Tax, ...]
    withheld: tuple[Withheld, ...]
    vouchers: tuple[Voucher, ...]
    findings: tuple[Found, ...]
    steps: tuple[Step, ...]
    editors: tuple[str, ...]
    events: tuple[Happened, ...]
    movements: tuple[Movement, ...]
    left_out: tuple[LeftOut, ...]


def explained(*, actor: Actor, on: date, document: int) -> Explained:
    """The draft or document with its lines and their evidence, checks, reviews, events and open item.

    Raises `NotFound` alike for one that is not there and one outside the actor's book.
    """
    book = {"everywhere": actor.may_everywhere("read"), "user": actor.user_id if actor.may("read") else None, "on": on}
    found = frames.rows(HEAD, {"document": document, **book})
    if not found:
        raise unseen(actor, "read", f"document {document}")
    *values, seller, buyer = found[0]
    head = Head(*[*values, json.loads(seller), json.loads(buyer)])
    lines = _lines(document)
    return Explained(
        head, lines,
        taxes=tuple(Tax(*row) for row in frames.rows(TAXES, [document])),
        withheld=tuple(Withheld(*row) for row in frames.rows(WITHHELD, [document])),
        vouchers=tuple(Voucher(*row) for row in frames.rows(PREPAID, [document])),
        findings=tuple(Found(*row) for row in frames.rows(FINDINGS, [document])),
        steps=tuple(Step(*row) for row in frames.rows(STEPS, [document])),
        editors=tuple(name for (name,) in frames.rows(EDITORS, [document])),
        events=tuple(Happened(*[*row, json.loads(data)]) for *row, data in frames.rows(EVENTS, [document])),
        movements=tuple(Movement(*row) for row in frames.rows(MOVEMENTS, [head.open_item])),
        left_out=left_out.of_document(document),
    )


def _lines(document: int) -> tuple[Line, ...]:
    """The lines with what each rests on; four queries."""
    rows = [(*row, json.loads(explanation)) for *row, explanation in frames.rows(LINES, [document])]
    used = [_rate(row[-1]) for row in rows]
    rates = {row[0]: RateSource(*row) for row in frames.rows(RATES, [[rate for rate in used if rate]])}
    evidence: dict[int, list[Evidence]] = {}
    for one in (Evidence(*row) for row in frames.rows(EVIDENCE, [document])):
        evidence.setdefault(one.line_id, []).append(one)
    spans: dict[int, list[tuple[date, date]]] = {}
    for line, begins, ends in frames.rows(SPANS, [document]):
        spans.setdefault(line, []).append((begins, ends))
    return tuple(
        Line(*[*row[:-1], tuple(row[-1]), tuple(spans.get(row[0], ())), tuple(evidence.get(row[0], ())),
               rates.get(rate or 0)])
        for row, rate in zip(rows, used, strict=True))


def _rate(explanation: Sequence[Row]) -> int | None:
    return next((row.get("rate_id") for row in explanation if row["step"] == "rate"), None)
