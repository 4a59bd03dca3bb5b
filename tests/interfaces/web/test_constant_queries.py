"""Every page of lists and sums asks the database as often for much as for little."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import date
from typing import Any, Final

import pytest
from django.conf import settings
from django.db import transaction
from django.test import Client
from django.urls import reverse

from duly.billing import models as m
from duly.billing.invoicing import actions
from duly.billing.kernel import frames
from tests.billing.cash import issued, receive
from tests.world import NOW, OCTOBER, TODAY, World

PAGES: Final = (
    "today", "today?kind=review", "today_unbilled", "dashboard", "dashboard_unbilled", "accounts",
    "accounts?sort=-open", "accounts?sort=-overdue&owes=overdue", "account A1", "account_history A1",
    "account_unbilled A1", "statement A1", "agreements", "agreement G1", "work?show=sums", "work_entries", "milestones",
    "runs", "drafts", "reviews", "invoices", "invoices?settled=overdue", "payments", "outbox", "search?text=acme",
)
"""Addresses by name, some with an account's or agreement's number, some with a query."""


@pytest.fixture(autouse=True)
def business_date(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "TODAY", TODAY)


def add(world: World, place: int) -> None:
    """Another customer with everything that pages list: terms, work, drafts, an invoice, money and a mail."""
    number = f"A{place}"
    with transaction.atomic():
        frames.rows("select set_config('duly.actor', 'fin', true)")
        account = world.account("ACME")
        account.pk, account.number = None, number
        account.name, account.sort_name = f"Acme {place}", f"acme {place}"
        account.save()
        m.Contact.objects.create(account=account, name="Pay", email=f"pay{place}@acme.example", roles=["billing"])
        agreement = m.Agreement.objects.create(number=f"G{place}", name=f"Works {place}", entity=world.entity(),
                                               account=account, currency="EUR", starts_on=date(2026, 1, 1))
        version = m.AgreementVersion.objects.create(agreement=agreement, valid_from=date(2026, 1, 1), review="peer")
        for kind, terms in (("time", {"rate_card": m.RateCard.objects.get(code="STD")}),
                            ("one_off", {"price": 100, "due_on": date(2026, 10, 15)}),
                            ("milestone", {"price": 500, "due_on": date(2026, 10, 20)})):
            charge = m.Charge.objects.create(agreement=agreement, code=kind, kind=kind)
            m.ChargeTerms.objects.create(version=version, charge=charge, name=kind, **terms)
    invoice = issued(world, number, "100.00", on=date(2026, 9, 1), days=10)
    receive(world, "30.00", account=number)
    m.Message.objects.create(
        entity=world.entity(), account=account, invoice=invoice, recipients=[], subject="Invoice", body="",
        message_id=f"<{place}@x>", state="failed", queued_at=NOW, queued_by="ben")
    world.time(3600, agreement=agreement)
    run = actions.launch(actor=world.actor("ben"), at=NOW, on=TODAY, entity="HALDEN", period_from=OCTOBER[0],
                         period_to=OCTOBER[1], accounts=[account.pk])
    actions.draft_partition(actor=world.actor("ben"), at=NOW, partition=run.partitions[0])
    if place % 2:
        drafts = [row[0] for row in frames.rows("select id from invoice where state = 'draft'")]
        actions.submit(actor=world.actor("ben"), at=NOW, on=TODAY, drafts=drafts)
    world.time(1800, agreement=agreement)
    world.time(1800, agreement=agreement, approved=False)


def address(page: str) -> str:
    path, _, query = page.partition("?")
    name, *arguments = path.split()
    return reverse(name, args=arguments) + (f"?{query}" if query else "")


def test_pages_ask_as_often_for_much_as_for_little(
        database: str, world: World, client_of: Callable[..., Client],
        count_queries: Callable[[], AbstractContextManager[Any]]) -> None:
    client = client_of("fin")

    def asked() -> dict[str, int]:
        counts = {}
        for page in PAGES:
            with count_queries() as queries:
                assert client.get(address(page)).status_code == 200, page
            counts[page] = len(queries)
        return counts

    for place in (1, 2):
        add(world, place)
    asked()  # the first time fills what a process keeps
    little = asked()
    for place in range(3, 7):
        add(world, place)
    assert asked() == little
