"""A large firm for the benchmarks, made by COPY: accounts with one agreement each and a month of work."""

from datetime import date
from decimal import Decimal
from typing import Final

import polars as pl

from duly.billing import models as m
from duly.billing.kernel import frames

START: Final = date(2026, 1, 1)
MONTH: Final = (date(2026, 10, 1), date(2026, 11, 1))
PEOPLE: Final = 500
TIME_ENTRIES: Final = 8
"""Beside an expense and a monthly fee: ten lines for each account, one for each entry."""


def build(accounts: int) -> None:
    """The firm's rows; call it in one transaction. Every account gets ten lines for October."""
    entity = _seller()
    card = _people_and_rates()
    ids = _accounts(entity, accounts)
    _agreements(entity.pk, card, ids)
    _work(ids)


def _seller() -> m.LegalEntity:
    user = m.User.objects.create(login="bench", name="Bench", email="bench@firm.example", password="!")
    m.RoleGrant.objects.create(user=user, role="finance_lead")
    m.RightGrant.objects.create(user=user, right="issue")
    entity = m.LegalEntity.objects.create(
        code="FIRM", name="Large Firm AG", street="Ring 1", postcode="1010", city="Wien", country="AT",
        base_currency="EUR", time_zone="Europe/Vienna", email="billing@firm.example",
    )
    m.TaxRegistration.objects.create(entity=entity, country="AT", number="ATU13585627")
    m.BankAccount.objects.create(entity=entity, holder="Large Firm AG", iban="AT611904300234573201", currency="EUR")
    m.NumberSeries.objects.create(entity=entity, kind="invoice", pattern="F{year}-{number:07}")
    for number, role in enumerate(("receivable", "on_account", "revenue", "tax", "bank")):
        m.ChartAccount.objects.create(entity=entity, role=role, code=str(1000 + number), name=role)
    m.TaxRate.objects.create(country="AT", tax_class="standard", rate=Decimal("0.2"), valid_from=START, source="bench")
    return entity


def _people_and_rates() -> int:
    card = m.RateCard.objects.create(code="STD", name="Standard", currency="EUR")
    for number in range(1, PEOPLE + 1):
        person = m.Person.objects.create(code=f"p{number}", name=f"Person {number}", role="Consultant")
        m.Rate.objects.create(card=card, person=person, price=Decimal(80 + number) + Decimal("0.5"), valid_from=START)
    return card.pk


def _accounts(entity: m.LegalEntity, count: int) -> pl.DataFrame:
    numbers = pl.DataFrame({"n": range(1, count + 1)}).with_columns(
        frames.next_ids("account", count).alias("account_id"),
        frames.next_ids("agreement", count).alias("agreement_id"),
        frames.next_ids("project", count).alias("project_id"),
        frames.next_ids("agreement_version", count).alias("version_id"),
    )
    frames.write("account", numbers.select(
        pl.col("account_id").alias("id"), pl.format("A{}", "n").alias("number"),
        pl.format("Account number {} GmbH", "n").alias("name"), pl.format("account number {}", "n").alias("sort_name"),
        pl.lit("business").alias("kind"), pl.lit("en").alias("language"), pl.lit("EUR").alias("currency"),
        pl.lit(30).alias("payment_days"), pl.lit(False).alias("requires_purchase_order"),
        pl.format("Street {}", "n").alias("street"), pl.lit("").alias("street_2"), pl.lit("1020").alias("postcode"),
        pl.lit("Wien").alias("city"), pl.lit("").alias("region"), pl.lit("AT").alias("country")))
    frames.write("contact", numbers.select(
        "account_id", pl.lit("Accounts Payable").alias("name"), pl.format("ap{}@a.example", "n").alias("email"),
        pl.lit("").alias("phone"), pl.lit('["billing"]').alias("roles")))
    frames.write("agreement", numbers.select(
        pl.col("agreement_id").alias("id"), pl.format("G{}", "n").alias("number"),
        pl.format("Agreement {}", "n").alias("name"), pl.lit(entity.pk).alias("entity_id"), "account_id",
        pl.lit("EUR").alias("currency"), pl.lit(START).alias("starts_on")))
    frames.write("project", numbers.select(
        pl.col("project_id").alias("id"), pl.format("P{}", "n").alias("code"),
        pl.format("Project {}", "n").alias("name"), "agreement_id"))
    return numbers


USUAL: Final = {
    "supply": "services", "model": "per_unit", "included": 0, "fixed": 0, "free_count": 0, "free_amount": 0,
    "basis": "average", "day_count": "act_365", "grants_of": "time", "rollover": 0, "borrow": False, "priority": 0,
}
"""Terms of a charge that say nothing in particular."""


def _agreements(entity: int, card: int, ids: pl.DataFrame) -> None:
    frames.write("agreement_version", ids.select(
        pl.col("version_id").alias("id"), "agreement_id", pl.lit(START).alias("valid_from"),
        pl.lit("none").alias("review"), pl.lit("entry").alias("grouping"), pl.lit(False).alias("consolidate"),
        pl.lit(True).alias("time_annex"), pl.lit("block").alias("cap_behaviour"),
        pl.lit(False).alias("prices_include_tax")))
    kinds = pl.DataFrame({"code": ["hours", "expenses", "fee"], "kind": ["time", "expense", "recurring"]})
    charges = ids.join(kinds, how="cross").with_columns(frames.next_ids("charge", ids.height * 3).alias("charge_id"))
    frames.write("charge", charges.select(pl.col("charge_id").alias("id"), "agreement_id", "code", "kind"))
    time, recurring = pl.col("kind") == "time", pl.col("kind") == "recurring"
    frames.write("charge_terms", charges.select(
        "version_id", "charge_id", pl.col("code").alias("name"), pl.lit("standard").alias("tax_class"),
        pl.lit("").alias("unit"), pl.when(time).then(card).alias("rate_card_id"), pl.lit("exact").alias("rounding"),
        pl.lit(1).alias("increment_seconds"), pl.lit(0).alias("minimum_seconds"), pl.lit(0).alias("markup"),
        pl.when(recurring).then(pl.lit("99.90")).alias("price"), pl.lit(1).alias("quantity"),
        pl.when(recurring).then(pl.lit("month")).alias("interval"), pl.lit(1).alias("interval_count"),
        pl.lit("calendar").alias("alignment"), pl.lit("arrears").alias("timing"), pl.lit("by_day").alias("proration"),
        *(pl.lit(value).alias(name) for name, value in USUAL.items()),
    ))
    frames.execute("update agreement set starts_on = %s", [MONTH[0]])


def _work(ids: pl.DataFrame) -> None:
    entries = ids.join(pl.DataFrame({"k": range(TIME_ENTRIES + 1)}), how="cross")
    expense = pl.col("k") == TIME_ENTRIES
    person = (pl.col("n") * 7 + pl.col("k")) % PEOPLE + 1
    day = pl.lit(MONTH[0]) + pl.duration(days=(pl.col("n") + pl.col("k") * 3) % 28)
    [(first,)] = frames.rows("select min(id) from person")
    [(user,)] = frames.rows("select id from app_user where login = 'bench'")
    [(xid,)] = frames.rows("select pg_current_xact_id()::text")
    frames.write("work_item", entries.select(
        pl.when(expense).then(pl.lit("expense")).otherwise(pl.lit("time")).alias("kind"), "agreement_id", "project_id",
        pl.when(~expense).then(person - 1 + first).alias("person_id"),
        pl.format("Project {}", "n").alias("project_name"), pl.format("Person {}", person).alias("person_name"),
        pl.lit("Consultant").alias("role"), pl.lit("Development").alias("task"),
        pl.format("Work on item {} of the month", "k").alias("description"), day.cast(pl.Date).alias("worked_on"),
        pl.when(expense).then(1).otherwise(600 + (pl.col("n") * 13 + pl.col("k") * 101) % 1200).alias("quantity"),
        pl.when(expense).then(pl.format("{}.90", pl.col("n") % 300)).alias("cost"),
        pl.when(expense).then(pl.lit("EUR")).otherwise(pl.lit("")).alias("cost_currency"),
        pl.lit(True).alias("billable"), pl.format("bench:{}:{}", "n", "k").alias("source_key"),
        pl.lit(user).alias("approved_by_id"), pl.lit("2026-11-01T00:00:00+00:00").alias("approved_at"),
        pl.lit(xid).alias("approved_in")))
