"""Everything that invoicing knows of one draft or document, down to the evidence, in a fixed number of queries."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any, Final

from duly.billing.accounts.queries import IN_BOOK, unseen
from duly.billing.invoicing import left_out
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
    [from, to)). `rate` is null where several rates of equal price or none priced it."""

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
    service_from: date
    service_to: date
    explanation: tuple[Row, ...]
    spans: tuple[tuple[date, date], ...]
    evidence: tuple[Evidence, ...]
    rate: RateSource | None


@dataclass(frozen=True, slots=True)
class Tax:
    category: str
    rate: Decimal
    base: Decimal
    tax: Decimal
    reason: str


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
    findings: tuple[Found, ...]
    steps: tuple[Step, ...]
    editors: tuple[str, ...]
    events: tuple[Happened, ...]
    movements: tuple[Movement, ...]
    left_out: tuple[LeftOut, ...]


HEAD: Final = f"""select i.id, i.number, i.kind, i.state, draft_digest(i.id), e.code, a.number, a.name, m.name,
        coalesce(author.name, i.created_by), p.run_id, i.review, i.currency, currency_exponent(i.currency), i.language,
        i.purchase_order, i.payment_days, i.time_annex, i.service_from, i.service_to, i.tax_point, i.issued_on,
        i.booked_on, i.due_on, i.base_rate, i.net, i.tax, i.total, o.id, o.balance, s.data::text, b.data::text
    from invoice i join account a on a.id = i.account_id join legal_entity e on e.id = i.entity_id
    join party_copy s on s.id = i.seller_id join party_copy b on b.id = i.buyer_id
    left join app_user m on m.id = a.manager_id left join app_user author on author.login = i.created_by
    left join bill_run_partition p on p.id = i.run_partition_id left join open_item o on o.id = i.open_item_id
    where i.id = %(document)s and (%(everywhere)s or {IN_BOOK})"""

LINES: Final = """select l.id, l.position, g.number, g.name, t.name, l.kind, l.terms_id, v.valid_from, l.description,
        l.unit, l.quantity, l.unit_price, l.numerator, l.denominator, l.amount, l.tax_class, l.tax_category, l.tax_rate,
        l.tax, l.service_from, l.service_to, l.explanation::text
    from invoice_line l join agreement g on g.id = l.agreement_id join charge_terms t on t.id = l.terms_id
    join agreement_version v on v.id = t.version_id where l.invoice_id = %s order by l.position"""

EVIDENCE: Final = """select l.id, w.id, w.kind, w.worked_on, w.started_at, w.person_name, w.project_name, w.role,
        w.task, w.description, a.quantity, a.billed_quantity, a.amount, w.cost, w.cost_currency,
        (select count(*) from work_receipt r where r.work_item_id = w.id), u.name
    from invoice_line l join work_allocation a on a.line_id = l.id join work_item w on w.id = a.work_item_id
    left join app_user u on u.id = w.approved_by_id
    where l.invoice_id = %s order by l.position, w.worked_on, w.started_at, w.id"""

SPANS: Final = """select s.line_id, s.span_from, s.span_to from charge_span s join invoice_line l on l.id = s.line_id
    where l.invoice_id = %s order by s.span_from"""

RATES: Final = """select r.id, c.code, c.name, p.name, j.name, r.role, r.task, r.price, r.valid_from
    from rate r join rate_card c on c.id = r.card_id left join person p on p.id = r.person_id
    left join project j on j.id = r.project_id where r.id = any(%s)"""

TAXES: Final = """select category, rate, base, tax, reason from tax_line where invoice_id = %s
    order by rate desc, category"""

FINDINGS: Final = """select f.check_name, f.severity, f.path, f.text, u.name, w.waived_at, w.reason from finding f
    left join waiver w on (w.invoice_id, w.check_name, w.path, w.text) = (f.invoice_id, f.check_name, f.path, f.text)
    left join app_user u on u.id = w.waived_by_id where f.invoice_id = %s
    order by array_position(array['blocks', 'warns', 'notes'], f.severity::text), f.path, f.text"""

STEPS: Final = """select s.step, s.digest = draft_digest(s.invoice_id), u.name, s.submitted_at, d.verdict,
        coalesce(by.name, d.decided_by), d.on_behalf_of, d.decided_at, d.reason
    from review_step s join app_user u on u.id = s.submitted_by_id left join decision d on d.review_step_id = s.id
    left join app_user by on by.login = d.decided_by where s.invoice_id = %s order by s.id, d.id"""

EDITORS: Final = """select distinct coalesce(u.name, d.editor) from draft_edit d
    left join app_user u on u.login = d.editor where d.invoice_id = %s order by 1"""

EVENTS: Final = """select e.id, e.at, e.verb, coalesce(u.name, e.actor), e.on_behalf_of, e.data::text from event e
    left join app_user u on u.login = e.actor
    where e.subject_type = 'invoice' and e.subject_id = %s order by e.id"""

MOVEMENTS: Final = """select m.booked_on, n.kind, n.source, m.amount from open_item_movement m
    join entry n on n.id = m.entry_id
    where m.open_item_id = %s and n.kind <> 'exchange_difference' order by m.booked_on, m.id"""


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
