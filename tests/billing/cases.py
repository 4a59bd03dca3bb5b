"""How each verb of the product is called on a side: an account and what it has. The table of the matrix."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from duly.billing.agreements.actions.rates import RateInput
from duly.billing.agreements.terms import ChargeInput, VersionInput
from duly.billing.kernel import frames
from duly.billing.payments.receiving import Incoming
from duly.billing.reference.actions import ExchangeRateInput, TaxRateInput
from duly.billing.reference.tax_actions import TaxComponentInput
from tests.billing.sides import Side
from tests.billing.test_work_imports import entry, expense
from tests.billing.usage import events
from tests.world import OCTOBER, TODAY

Arguments = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Case:
    """How a verb is called. `everywhere`: it touches the whole firm, so the right must hold for all accounts; `alone`:
    it touches nobody but the actor."""

    right: str
    arguments: Callable[[Side], Arguments]
    everywhere: bool = False
    events: bool = True
    alone: bool = False


def settings(right: str, *, events: bool = True, **arguments: Any) -> Case:
    return Case(right, lambda _: arguments, everywhere=True, events=events)


def edit(**change: Any) -> Case:
    """A change of a draft as its editor sees it: of the version that stands."""
    return Case("bill", lambda s: {
        "on": TODAY, "draft": s.free, "version": frames.rows("select draft_digest(%s)", [s.free])[0][0], **change})


def of_drafts(right: str, of: Callable[[Side], int], **more: Any) -> Case:
    return Case(right, lambda s: {"on": TODAY, "drafts": [of(s)], **more})


ADDRESS = {"street": "Ring 1", "city": "Berlin", "country": "DE"}
TERMS = VersionInput(date(2026, 12, 1), cap=Decimal(900), charges=(
    ChargeInput("hours", "time", "Consulting", rate_card="STD"),
    ChargeInput("fee", "one_off", "Fee", price=Decimal(5), due_on=date(2026, 12, 1))))
FILE = {"file_name": "october.csv", "content": b"october", "period": OCTOBER}

CASES: dict[str, Case] = {
    "accounts.put_entity": settings("settings", code="HALDEN", name="Halden SE", base_currency="EUR", **ADDRESS,
                                    time_zone="Europe/Berlin", email="billing@halden.example"),
    "accounts.put_logo": settings("settings", entity="HALDEN", name="l.png", media_type="image/png", content=b"l"),
    "accounts.put_entity_tax_registration": settings("settings", entity="HALDEN", country="FR",
                                                     number="FR40303265045"),
    "accounts.put_bank_account": settings("bank_details", entity="HALDEN", iban="DE02120300000000202051",
                                          holder="Halden", currency="EUR"),
    "accounts.put_number_series": settings("settings", entity="HALDEN", kind="proforma",
                                           pattern="P{year}-{number:05}"),
    "accounts.put_payable_step": settings("settings", entity="HALDEN", currency="CHF", step=Decimal("0.05")),
    "accounts.remove_payable_step": settings("settings", entity="HALDEN", currency="CHF", events=False),
    "accounts.set_lock_date": settings("close", entity="HALDEN", lock_date=date(2026, 9, 30)),
    "accounts.put_user": settings("people", login="eve", name="Eve", email="eve@halden.example"),
    "accounts.set_password": settings("people", login="otto", password="seven green bicycles"),
    "accounts.change_own_password": Case("read", lambda _: {"password": "seven green bicycles"}, alone=True),
    "accounts.add_token": settings("people", name="Meters", user="ben"),
    "accounts.revoke_token": Case("people", lambda s: {"token": s.token}, everywhere=True),
    "accounts.put_person": settings("people", code="eve", name="Eve"),
    "accounts.demand_second_factor": settings("policies", of=["issue"]),
    "agreements.put_policy": settings("policies", entity="HALDEN", review="none", payment_days=14, grouping="rate",
                                      time_annex=False),
    "invoicing.choose_severities": settings("policies", entity="HALDEN", severities={"total_zero": "blocks"}),
    "ledger.map_role": settings("settings", entity="HALDEN", role="bank", code="1810", name="Bank"),
    "invoicing.expire_credit": Case("close", lambda s: {"on": TODAY, "entity": "HALDEN"}, everywhere=True,
                                    events=False),
    "ledger.release_revenue": Case("close", lambda s: {"on": TODAY, "entity": "HALDEN", "through": TODAY},
                                   everywhere=True, events=False),
    "reference.add_tax_rates": settings("reference", rates=[
        TaxRateInput("AT", "standard", Decimal("0.2"), date(2026, 1, 1), "test")]),
    "reference.add_exchange_rates": settings("reference", rates=[
        ExchangeRateInput("USD", "EUR", Decimal("0.9"), date(2026, 1, 1), "test")]),
    "reference.add_tax_components": settings("reference", taxes=[
        TaxComponentInput("CA", "GST", Decimal("0.05"), date(2026, 1, 1), "test")]),
    "reference.seed_tax_rates": settings("reference", countries=["IT"]),
    "agreements.put_rate_card": settings("agree", code="NEW", name="New rates", currency="EUR"),
    "agreements.add_rates": settings("agree", card="STD", rates=[
        RateInput(Decimal(120), date(2027, 1, 1), person="ada")]),
    "audit.seal": settings("audit", events=False),  # the seal is its own record
    "audit.export": settings("audit", on=TODAY, place="here", write=lambda name, chunks: list(chunks)),
    "audit.erase_personal": Case("people", lambda s: {"subject_type": "contact", "subject_id": s.contact,
                                                      "reason": "asked"}, everywhere=True),

    "accounts.put_account": Case("accounts", lambda s: {"on": TODAY, "number": s.account, "name": "Renamed",
                                                        "currency": "EUR", **ADDRESS}),
    "accounts.assign_manager": Case("accounts", lambda s: {"on": TODAY, "account": s.account, "manager": "ben"}),
    "accounts.put_account_tax_registration": Case("accounts", lambda s: {
        "on": TODAY, "account": s.account, "country": "IT", "number": "IT00743110157"}),
    "accounts.add_treatment": Case("accounts", lambda s: {
        "on": TODAY, "account": s.account, "category": "E", "reason": "Certificate", "valid_from": TODAY}),
    "accounts.add_withholding": Case("accounts", lambda s: {
        "on": TODAY, "account": s.account, "name": "Withholding tax", "rate": Decimal("0.05"), "reason": "Treaty",
        "valid_from": TODAY}),
    "accounts.put_contact": Case("accounts", lambda s: {"on": TODAY, "account": s.account, "name": "New",
                                                        "email": "new@example.com"}),
    "accounts.put_purchase_order": Case("accounts", lambda s: {"on": TODAY, "account": s.account, "number": "PO-1",
                                                               "currency": "EUR", "amount": Decimal(9)}),
    "agreements.agree": Case("agree", lambda s: {
        "on": TODAY, "number": "NEW", "name": "New", "entity": "HALDEN", "account": s.account, "currency": "EUR",
        "terms": TERMS}),
    "agreements.amend": Case("agree", lambda s: {"on": TODAY, "agreement": s.agreement, "terms": TERMS}),
    "agreements.end_agreement": Case("agree", lambda s: {"on": TODAY, "agreement": s.agreement,
                                                         "ends_on": date(2026, 12, 31)}),
    "agreements.put_runtime": Case("agree", lambda s: {"on": TODAY, "agreement": s.agreement, "months": 24,
                                                       "renews_months": 12}),
    "agreements.give_notice": Case("agree", lambda s: {"on": TODAY, "agreement": s.agreement, "noticed_on": TODAY}),
    "agreements.change_charge": Case("agree", lambda s: {"on": TODAY, "agreement": s.agreement, "charge": "care",
                                                         "wanted_on": date(2026, 11, 10), "price": Decimal(40)}),
    "agreements.pause": Case("agree", lambda s: {"on": TODAY, "agreement": s.agreement, "charge": "care",
                                                 "paused_from": date(2026, 11, 10)}),
    "agreements.resume": Case("agree", lambda s: {"on": TODAY, "agreement": s.agreement,
                                                  "resumed_on": date(2026, 12, 1)}),
    "agreements.put_project": Case("agree", lambda s: {"on": TODAY, "agreement": s.agreement, "code": "N",
                                                       "name": "New"}),

    "agreements.put_metric": settings("agree", code="seats", name="Seats", aggregation="max"),
    "agreements.drop_metric": settings("agree", code="unused"),
    "usage.rate_in_background": Case("read", lambda _: {"folder": "october", "buckets": 1}, alone=True),
    "usage.ingest": Case("work", lambda s: {"events": events({
        "agreement": s.agreement, "event_id": f"new {s.account}"})}),
    "usage.decide": Case("work", lambda s: {"findings": [s.finding], "decision": "count", "reason": "A restart"}),
    "work.hand_in": Case("work", lambda _: {"kind": "timesheet", "name": "october.csv", "content": b"october"},
                         alone=True),
    "work.import_timesheet": Case("work", lambda s: {**FILE, "layout": "toggl", "rows": [
        entry(2, client=s.client, project="Work", source_key=f"new {s.account}")]}),
    "work.import_expenses": Case("work", lambda s: {**FILE, "layout": "expenses", "rows": [
        expense(2, client=s.client, project="Work", source_key=f"new {s.account}")]}),
    "work.map_names": Case("accounts", lambda s: {"people": {}, "clients": {"Old name": s.account}, "projects": {}}),
    "work.add_time": Case("work", lambda s: {"on": TODAY, "person": "ada", "project": s.project, "seconds": 60}),
    "work.add_expense": Case("work", lambda s: {"on": TODAY, "person": "ada", "project": s.project,
                                                "category": "Taxi", "cost": Decimal(9), "currency": "EUR"}),
    "work.accept_milestone": Case("approve_work", lambda s: {"on": TODAY, "agreement": s.agreement,
                                                             "charge": "go-live", "share": Decimal("0.5"),
                                                             "evidence": "Mail"}),
    "work.edit_entry": Case("work", lambda s: {"on": TODAY, "item": s.unapproved, "seconds": 60}),
    "work.withdraw": Case("work", lambda s: {"on": TODAY, "items": [s.unapproved], "reason": "Twice"}),
    "work.set_billable": Case("approve_work", lambda s: {"on": TODAY, "items": [s.unapproved], "billable": False,
                                                         "reason": "Goodwill"}),
    "work.unapprove": Case("approve_work", lambda s: {"on": TODAY, "items": [s.approved], "reason": "Wrong"}),
    "work.attach_receipt": Case("work", lambda s: {"on": TODAY, "item": s.expense, "name": "taxi.pdf",
                                                   "content": b"%PDF-1.7"}),
    "work.approve": Case("approve_work", lambda s: {"on": TODAY, "items": [s.unapproved]}),

    "invoicing.launch": Case("bill", lambda s: {
        "on": TODAY, "entity": "HALDEN", "period_from": OCTOBER[0],
        "period_to": OCTOBER[1], "accounts": [s.account_id]}),
    "invoicing.draft_partition": Case("bill", lambda s: {"partition": s.partition}),
    "invoicing.fail_partition": Case("bill", lambda s: {"partition": s.partition, "error": "No rate"}),
    "invoicing.stop": Case("bill", lambda s: {"on": TODAY, "run": s.run}),
    "invoicing.resume": Case("bill", lambda s: {"on": TODAY, "run": s.stopped}),
    "invoicing.check": of_drafts("bill", lambda s: s.free),
    "invoicing.waive": Case("waive", lambda s: {"on": TODAY, "draft": s.odd, "check_name": "total_zero",
                                                "reason": "Asked for"}),
    "invoicing.submit": of_drafts("bill", lambda s: s.free),
    "invoicing.plan_batch": Case("bill", lambda s: {"on": TODAY, "act": "discard", "drafts": [s.free]}, events=False),
    "invoicing.plan_approvals": Case("review", lambda s: {"on": TODAY, "drafts": [s.submitted]}, events=False),
    "invoicing.approve_many": of_drafts("review", lambda s: s.submitted),
    "invoicing.submit_many": of_drafts("bill", lambda s: s.free),
    "invoicing.discard_many": of_drafts("bill", lambda s: s.free),
    "invoicing.approve": of_drafts("review", lambda s: s.submitted),
    "invoicing.return": of_drafts("review", lambda s: s.submitted, reason="Wrong fee"),
    "invoicing.confirm": of_drafts("client_check", lambda s: s.at_client),
    "invoicing.question": of_drafts("client_check", lambda s: s.at_client, reason="Wrong fee"),
    "invoicing.reopen": of_drafts("bill", lambda s: s.submitted, reason="Wrong fee"),
    "invoicing.discard": of_drafts("bill", lambda s: s.free),
    "invoicing.write_down": edit(line=1, to=Decimal(9), reason="Goodwill"),
    "invoicing.reword": edit(line=1, description="Start"),
    "invoicing.restore": edit(line=2),
    "invoicing.reorder": edit(positions=(2, 1)),
    "invoicing.defer": edit(line=1, reason="Later"),
    "invoicing.override_tax": edit(line=1, category="E", reason="Certificate"),
    "invoicing.set_terms": edit(payment_days=9),
    "invoicing.issue": of_drafts("issue", lambda s: s.free),

    "payments.receive": Case("cash", lambda s: {
        "on": TODAY, "entity": "HALDEN", "account": s.account, "amount": Decimal(5), "currency": "EUR",
        "received_on": TODAY, "method": "cash", "allocate": [(s.unpaid_number, Decimal(5))]}),
    "payments.receive_many": Case("cash", lambda s: {"on": TODAY, "receipts": [
        Incoming("HALDEN", s.account, Decimal(5), "EUR", TODAY, TODAY, "cash", allocate=to)
        for to in ([(s.unpaid_number, Decimal(5))], "oldest")]}),
    "payments.allocate": Case("cash", lambda s: {"on": TODAY, "entity": "HALDEN", "receipt": s.receipt,
                                                 "to": [(s.unpaid_number, Decimal(5))]}),
    "payments.unallocate": Case("cash", lambda s: {"on": TODAY, "allocation": s.allocation, "reason": "Wrong"}),

    "desk.queue_message": Case("send", lambda s: {"on": TODAY, "invoices": [s.unpaid]}),
    "desk.send_again": Case("send", lambda s: {"on": TODAY, "messages": [s.message]}, events=False),
    "desk.deliver": Case("send", lambda s: {"on": TODAY, "message": s.message, "hand_over": lambda letter: "250 OK"}),
}
