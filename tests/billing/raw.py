"""The firm's acts by raw SQL, as the application's role would do them behind the verbs' back.

The laws are the database's own: their tests must not lean on the verbs that also keep them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

OCTOBER = (date(2026, 10, 1), date(2026, 10, 31))
ISSUED = date(2026, 11, 2)


@dataclass(frozen=True, slots=True)
class Sql:
    """A cursor, called with a statement and its values."""

    cursor: Any

    def __call__(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        self.cursor.execute(statement, values)
        return self.cursor.fetchall() if self.cursor.description else []

    def one(self, statement: str, *values: Any) -> Any:
        return self(statement, *values)[0][0]


def act(sql: Sql, login: str) -> None:
    """Act as a person from here on, in a command of its own that leaves an event."""
    sql("select set_config('duly.actor', %s, false), set_config('duly.command', gen_random_uuid()::text, false)", login)
    sql("""insert into event (command_id, verb, actor, at, subject_type, subject_id, data)
           values (current_setting('duly.command')::uuid, 'raw.act', %s, now(), 'test', 0, '{}')""", login)


def entity(sql: Sql) -> int:
    return sql.one("select id from legal_entity where code = 'HALDEN'")


def user(sql: Sql, login: str) -> int:
    return sql.one("select id from app_user where login = %s", login)


def time(sql: Sql, seconds: int = 3600, *, approved: bool = True) -> int:
    """Ada's time on Acme's website project; the work item's id."""
    return sql.one("""
        insert into work_item (kind, agreement_id, project_id, project_name, person_id, person_name, role, task,
               description, worked_on, quantity, cost_currency, billable, source_key, approved_by_id, approved_at,
               approved_in)
        select 'time', p.agreement_id, p.id, p.name, w.id, w.name, w.role, 'Development', 'Work', '2026-10-05', %s,
               '', true, 'raw:' || gen_random_uuid(), u.id, case when u.id is not null then now() end,
               case when u.id is not null then pg_current_xact_id() end
          from project p join person w on w.code = 'ada'
          left join app_user u on u.login = 'mara' and %s where p.code = 'ACME-WEB' returning id""",
                   seconds, approved)


def draft(sql: Sql, *, agreement: str = "ACME-TM", charge: str = "hours", by: str = "ben", net: str = "100.00",
          tax: str = "19.00", work: Sequence[int] = (), span: tuple[date, date] | None = None,
          review: str | None = None) -> int:
    """A draft of one line at 19 %, billing whole work items or the days of a charge; its id."""
    act(sql, by)
    copy = party_copy(sql)
    invoice = sql.one("""
        insert into invoice (kind, state, entity_id, account_id, created_by, review, currency, language,
               purchase_order, payment_days, time_annex, service_from, service_to, tax_point, seller_id, buyer_id,
               net, tax, total)
        select 'invoice', 'draft', a.entity_id, a.account_id, %s, coalesce(%s, v.review), 'EUR', 'en', '', 30, false,
               %s, %s, %s, %s, %s, %s::numeric, %s::numeric, %s::numeric + %s::numeric
          from agreement a join agreement_version v on v.agreement_id = a.id where a.number = %s returning id""",
                      by, review, *OCTOBER, OCTOBER[1], copy, copy, net, tax, net, tax, agreement)
    added = line(sql, invoice, agreement=agreement, charge=charge, net=net, tax=tax)
    sql("""insert into tax_line (invoice_id, category, rate, base, tax, reason)
           values (%s, 'S', 0.19, %s, %s, '')""", invoice, net, tax)
    for item in work:
        allocate_work(sql, item, added)
    if span:
        add_span(sql, added, *span)
    return invoice


def party_copy(sql: Sql) -> int:
    sql("insert into party_copy (digest, data) values ('raw', '{}') on conflict (digest) do nothing")
    return sql.one("select id from party_copy where digest = 'raw'")


def line(sql: Sql, invoice: int, *, agreement: str = "ACME-TM", charge: str = "hours", net: str = "100.00",
         tax: str = "19.00", position: int = 1) -> int:
    """A line of that charge; its id."""
    return sql.one("""
        insert into invoice_line (invoice_id, position, agreement_id, charge_id, terms_id, kind, description, unit,
               quantity, unit_price, numerator, denominator, amount, tax_class, tax_category, tax_rate, tax,
               service_from, service_to, explanation)
        select %s, %s, a.id, c.id, t.id, c.kind, t.name, t.unit, 1, %s, %s, 1, %s, 'standard', 'S', 0.19, %s, %s, %s,
               '[]'
          from agreement a join charge c on c.agreement_id = a.id join charge_terms t on t.charge_id = c.id
         where a.number = %s and c.code = %s returning id""",
                   invoice, position, net, net, net, tax, *OCTOBER, agreement, charge)


def first_line(sql: Sql, invoice: int) -> int:
    return sql.one("select min(id) from invoice_line where invoice_id = %s", invoice)


def allocate_work(sql: Sql, item: int, line_id: int, quantity: int | None = None) -> None:
    sql("""insert into work_allocation (work_item_id, line_id, quantity, billed_quantity, amount)
           select id, %s, coalesce(%s, quantity), coalesce(%s, quantity), 0 from work_item where id = %s""",
        line_id, quantity, quantity, item)


def add_span(sql: Sql, line_id: int, span_from: date, span_to: date, kind: str = "regular",
             cause: int | None = None) -> None:
    sql("""insert into charge_span (line_id, charge_id, kind, span_from, span_to, cause_id)
           select id, charge_id, %s, %s, %s, %s from invoice_line where id = %s""",
        kind, span_from, span_to, cause, line_id)


def subscription(sql: Sql, *, month: int = 10, by: str = "ben") -> int:
    """A draft for a month of Zed's support plan; its id."""
    days = (date(2026, month, 1), date(2026, month + 1, 1))
    return draft(sql, agreement="ZED-SUB", charge="support", by=by, span=days)


def submit(sql: Sql, invoice: int, by: str) -> int:
    """Submit a draft for peer review; the id of its step."""
    act(sql, by)
    step = sql.one("""insert into review_step (invoice_id, step, digest, submitted_by_id, submitted_at)
                      values (%s, 'peer', draft_digest(%s), %s, now()) returning id""", invoice, invoice, user(sql, by))
    sql("update invoice set state = 'in_review' where id = %s", invoice)
    return step


def decide(sql: Sql, step: int, by: str, verdict: str = "approved", *, on_behalf_of: str | None = None) -> None:
    """Decide on a step; the draft is then ready, or back with its author."""
    act(sql, by)
    sql("""insert into decision (review_step_id, invoice_id, verdict, digest, reason, decided_by, on_behalf_of,
                                 decided_at)
           select s.id, s.invoice_id, %s, s.digest, 'Because', %s, %s, now() from review_step s where s.id = %s""",
        verdict, by, on_behalf_of, step)
    state = "ready" if verdict == "approved" else "draft"
    sql("update invoice set state = %s where id = (select invoice_id from review_step where id = %s)", state, step)


def entry(sql: Sql, kind: str, on: date = ISSUED) -> int:
    return sql.one("""insert into entry (entity_id, kind, booked_on, source, command_id)
                      values (%s, %s, %s, 'raw', current_setting('duly.command')::uuid) returning id""",
                   entity(sql), kind, on)


def transfer(sql: Sql, entry_id: int, debit: str, credit: str, amount: Any, *, currency: str = "EUR",
             base: Any = None) -> None:
    sql("""insert into transfer (entry_id, debit_id, credit_id, currency, amount, base_amount)
           select %s, d.id, c.id, %s, %s, %s from chart_account d join chart_account c on c.entity_id = d.entity_id
            where d.role = %s and c.role = %s and d.entity_id = (select entity_id from entry where id = %s)""",
        entry_id, currency, amount, amount if base is None else base, debit, credit, entry_id)


def deferral(sql: Sql, amount: Any, *, base: Any = None, currency: str = "EUR", of: int | None = None) -> int:
    """A document that defers revenue over the 365 days from 1 October, with its posting; the deferral's id.

    Or what is deferred `of` the revenue of an open item that is there.
    """
    base = amount if base is None else base
    item, entry_id = of or open_item(sql, "receivable", amount, currency=currency), entry(sql, "invoice")
    transfer(sql, entry_id, "revenue" if of else "receivable", "deferred_revenue", amount, currency=currency, base=base)
    if not of:
        move(sql, item, entry_id, amount, base=base)
    return defer(sql, item, entry_id, amount, base=base, currency=currency)


def defer(sql: Sql, item: int, entry_id: int, amount: Any, *, base: Any = None, currency: str = "EUR") -> int:
    """The deferral alone, over these days; its id."""
    return sql.one("""
        insert into deferral (entity_id, open_item_id, entry_id, position, period_from, period_to, currency, amount,
                              base_amount)
        values (%s, %s, %s, 1, '2026-10-01', '2027-10-01', %s, %s, %s) returning id""",
                   entity(sql), item, entry_id, currency, amount, amount if base is None else base)


def release(sql: Sql, deferral_id: int, amount: Any, *, on: date = ISSUED, base: Any = None,
            posted: Any = None) -> None:
    """Revenue of a deferral, with its posting."""
    entry_id, base = entry(sql, "revenue_release", on), amount if base is None else base
    currency = sql.one("select currency from deferral where id = %s", deferral_id)
    transfer(sql, entry_id, "deferred_revenue", "revenue", posted or amount, currency=currency, base=posted or base)
    sql("""insert into revenue_release (deferral_id, entry_id, amount, base_amount, booked_on)
           values (%s, %s, %s, %s, %s)""", deferral_id, entry_id, amount, base, on)


def open_item(sql: Sql, control: str, amount: Any, *, account: str = "ACME", on: date = ISSUED,
              due: date = ISSUED, currency: str = "EUR") -> int:
    return sql.one("""insert into open_item (entity_id, account_id, control, label, currency, amount, booked_on, due_on)
                      select %s, id, %s, 'raw', %s, %s, %s, %s from account where number = %s returning id""",
                   entity(sql), control, currency, amount, on, due, account)


def move(sql: Sql, item: int, entry_id: int, amount: Any, *, base: Any = None) -> None:
    sql("""insert into open_item_movement (open_item_id, entry_id, amount, base_amount, booked_on)
           select %s, id, %s, %s, booked_on from entry where id = %s""",
        item, amount, amount if base is None else base, entry_id)


def take_number(sql: Sql, kind: str, on: date) -> tuple[int, int, int]:
    """(series, fiscal year, number) of the next document, its counter locked."""
    series = sql.one("select id from number_series where kind = %s and entity_id = %s", kind, entity(sql))
    sql("insert into number_counter (series_id, fiscal_year) values (%s, %s) on conflict do nothing", series, on.year)
    taken = sql.one("""update number_counter set last_number = last_number + 1, last_issued_on = %s
                        where series_id = %s and fiscal_year = %s returning last_number""", on, series, on.year)
    return series, on.year, taken


def posted(sql: Sql, invoice: int, on: date = ISSUED) -> int:
    """The open item of a draft about to be issued, with its posting; its id."""
    net, tax, paid, account = sql("""select i.net, i.tax, i.prepaid, a.number from invoice i
                                      join account a on a.id = i.account_id where i.id = %s""", invoice)[0]
    item = open_item(sql, "receivable", net + tax - paid, account=account, on=on)
    booked = entry(sql, "invoice", on)
    for amount, role in ((net, "revenue"), (tax, "tax")):
        if amount:
            transfer(sql, booked, "receivable", role, amount)
    if paid:
        transfer(sql, booked, "deposits", "receivable", paid)
    move(sql, item, booked, net + tax - paid)
    return item


ISSUE = """update invoice set state = 'issued', series_id = %s, fiscal_year = %s, sequence = %s, number = %s,
                  issued_on = %s, booked_on = %s, due_on = %s, base_rate = 1, open_item_id = %s where id = %s"""


def issue(sql: Sql, invoice: int, *, by: str = "ben", on: date = ISSUED) -> int:
    """Issue a draft wholly: number, posting, open item; the open item's id."""
    act(sql, by)
    item = posted(sql, invoice, on)
    series, year, number = take_number(sql, "invoice", on)
    sql(ISSUE, series, year, number, f"R{year}-{number:05}", on, on, on, item, invoice)
    return item


def issued(sql: Sql, **how: Any) -> tuple[int, int]:
    """An issued invoice for an hour of Ada's; (invoice, open item)."""
    invoice = draft(sql, **{"work": [time(sql)], **how})
    return invoice, issue(sql, invoice)


def receipt(sql: Sql, amount: str = "119.00", *, account: str = "ACME", on: date = ISSUED, by: str = "ben",
            counted_on: date | None = None, received: str | None = None, from_account: str | None = None) -> int:
    """Money received on account; its open item's id. The receipt may claim another sum, payer or day than is posted."""
    act(sql, by)
    series, year, number = take_number(sql, "receipt", counted_on or on)
    item = open_item(sql, "on_account", -Decimal(amount), account=account, on=on)
    booked = entry(sql, "receipt", on)
    transfer(sql, booked, "bank", "on_account", amount)
    move(sql, item, booked, -Decimal(amount))
    sql("""insert into receipt (entity_id, account_id, series_id, fiscal_year, sequence, number, received_on, booked_on,
                                currency, amount, method, reference, language, seller_id, buyer_id, open_item_id)
           select o.entity_id, a.id, %s, %s, %s, %s, %s, %s, 'EUR', %s, 'bank_transfer', '', 'en', %s, %s, o.id
             from open_item o join account a on a.number = %s where o.id = %s""",
        series, year, number, f"Q{year}-{number:05}", on, on, received or amount, party_copy(sql), party_copy(sql),
        from_account or account, item)
    return item


def pay(sql: Sql, source: int, target: int, amount: str, *, on: date = ISSUED, by: str = "ben",
        answers: int | None = None) -> int:
    """Move money on account to a receivable; the allocation's id. A negative amount answers an earlier one."""
    act(sql, by)
    value = Decimal(amount)
    return allocate(sql, source, target, value, moved(sql, source, target, value, on=on), on=on, answers=answers)


def moved(sql: Sql, source: int, target: int, amount: Decimal, *, on: date = ISSUED) -> int:
    """The entry that moves money on account to a receivable, with its posting."""
    booked = entry(sql, "allocation", on)
    sides = ("on_account", "receivable") if amount > 0 else ("receivable", "on_account")
    transfer(sql, booked, *sides, abs(amount))
    for item, part in sorted(((source, amount), (target, -amount))):
        move(sql, item, booked, part)
    return booked


def allocate(sql: Sql, source: int, target: int, amount: Decimal, entry_id: int, *,
             bases: tuple[int, int] | None = None, on: date = ISSUED, answers: int | None = None) -> int:
    """The allocation alone; `bases` are what it says that it moves of source and target in the base currency."""
    return sql.one("""
        insert into cash_allocation (source_id, target_id, amount, source_base, target_base, booked_on, entry_id,
                                     answers_id, reason)
        values (%s, %s, %s, %s, %s, %s, %s, %s, '') returning id""",
                   source, target, amount, *(bases or (amount, amount)), on, entry_id, answers)
