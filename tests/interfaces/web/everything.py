"""Every address of the staff app by what answers there, and a small firm in which all of them have something to show.

An address is a template: `{draft}` and its like are rows that `furnish` makes. Whoever adds a route adds it here.
"""

import re
from collections.abc import Callable, Iterator
from datetime import date
from typing import Any, Final

from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from duly.billing import models as m
from duly.billing.agreements.actions.change import pause
from duly.billing.agreements.actions.runtime import put_runtime
from duly.billing.desk.actions import deliver, queue_message
from duly.billing.invoicing import actions
from tests.billing.cash import issued, receive
from tests.billing.deferring import fee
from tests.billing.test_invoicing_run import bill
from tests.billing.usage import days_after, ingest, metric
from tests.interfaces.test_cli_imports import TOGGL
from tests.interfaces.web.acting import LONG, begun, text
from tests.world import NOW, TODAY, World

STRANGE: Final = TOGGL + "G. Hopper,,Unknown Ltd,Relaunch,,,Yes,2026-10-03,10:00:00,2026-10-03,12:00:00,02:00:00,,\n"
PDF: Final = b"%PDF-1.7 receipt"

PAGES: Final = (
    "/today/", "/today/?kind=overdue", "/dashboard/", "/dashboard/unbilled/", "/dashboard/deferred/",
    "/dashboard/deferred/?month=2026-11", "/search/?text=acme", "/search/?text=qqq",
    "/accounts/", "/accounts/new/", "/accounts/ACME/", "/accounts/ACME/edit/", "/accounts/ACME/manager/",
    "/accounts/ACME/contact/", "/accounts/ACME/tax-number/", "/accounts/ACME/purchase-order/",
    "/accounts/ACME/tax-treatment/", "/accounts/ACME/withholding/",
    "/accounts/ACME/unbilled/",
    "/agreements/", "/agreements/new/", "/agreements/ACME-TM/", "/agreements/ACME-TM/amend/", "/agreements/rates/",
    "/agreements/ACME-TM/end/", "/agreements/ACME-TM/change/", "/agreements/BIG-MS/", "/agreements/BIG-MS/term/",
    "/agreements/BIG-MS/notice/", "/agreements/ZED-SUB/change/", "/agreements/ZED-SUB/",
    "/agreements/ZED-SUB/pause/", "/agreements/ZED-SUB/resume/",
    "/agreements/rates/new/", "/agreements/rates/STD/",
    "/work/", "/work/?show=sums", "/work/time/", "/work/expense/", "/work/entries/", "/work/entries/?state=waiting",
    "/work/entries/{entry}/", "/work/entries/{billed}/", "/work/milestones/", "/work/milestones/{milestone}/",
    "/work/usage/", "/work/usage/events/", "/work/usage/events/?metric=calls",
    "/work/usage/findings/", "/work/usage/findings/?state=waiting", "/work/usage/of/calls/ACME-TM/",
    "/work/usage/of/calls/ACME-TM/?month=2026-10", "/work/usage/import/", "/work/usage/import/{events}/",
    "/work/imports/", "/work/imports/{batch}/", "/work/import/", "/work/import/{upload}/",
    "/runs/", "/runs/new/", "/runs/new/?entity=HALDEN&first=2026-10-01&last=2026-10-31", "/runs/{run}/",
    "/drafts/", "/drafts/batches/{acts}/", "/reviews/",
    "/invoices/", "/invoices/?state=nothing", "/invoices/{draft}/", "/invoices/{reviewed}/", "/invoices/{invoice}/",
    "/invoices/{deferred}/",
    "/invoices/{draft}/terms/", "/invoices/{draft}/issue/", "/invoices/{draft}/write-down/?line=1",
    "/invoices/{invoice}/send/",
    "/payments/", "/payments/new/", "/payments/new/?account=ACME", "/payments/{receipt}/",
    "/payments/statement/ACME/",
    "/outbox/", "/outbox/{message}/",
    "/settings/", "/settings/entities/new/", "/settings/entities/{entity}/", "/settings/entities/{entity}/edit/",
    "/settings/entities/{entity}/logo/", "/settings/entities/{entity}/tax-number/",
    "/settings/entities/{entity}/bank-account/", "/settings/entities/{entity}/series/invoice/",
    "/settings/entities/{entity}/chart/revenue/", "/settings/entities/{entity}/close/",
    "/settings/entities/{entity}/payable-step/",
    "/settings/taxes/", "/settings/taxes/new/", "/settings/taxes/known/", "/invoices/{draft}/tax/?line=1",
    "/settings/tax-rates/", "/settings/tax-rates/new/", "/settings/exchange-rates/", "/settings/exchange-rates/new/",
    "/settings/exchange-rates/import/", "/settings/users/", "/settings/users/new/",
    "/settings/users/{user}/", "/settings/users/{user}/password/",
    "/settings/people/", "/settings/people/new/", "/settings/people/{person}/",
    "/settings/metrics/", "/settings/metrics/new/", "/settings/metrics/calls/",
    "/settings/policies/", "/settings/policies/second-factor/", "/settings/policies/{entity}/",
    "/settings/policies/{entity}/new-agreements/", "/settings/policies/{entity}/checks/",
    "/your-account/", "/your-account/password/", "/your-account/app/activate/", "/your-account/confirm/", "/sign-out/",
    "/nothing-is-here/",
)
WITH_SECOND_FACTOR: Final = (
    "/your-account/", "/your-account/app/deactivate/", "/your-account/recovery-codes/",
    "/your-account/recovery-codes/generate/", "/your-account/confirm-code/",
)
"""Pages of somebody who signs in with a second factor."""

SIGNED_OUT: Final = ("/sign-in/", "/sign-in/not-active/", "/sign-in/code/")
"""Pages before signing in; the last one once the password was right."""

DOWNLOADS: Final = {
    "/invoices/{invoice}/file/": "application/pdf", "/payments/{receipt}/receipt.pdf": "application/pdf",
    "/outbox/{message}/attachment.pdf": "application/pdf", "/work/receipts/{file}/": "application/pdf",
    "/invoices/{draft}/pages/1/{picture}.svg": "image/svg+xml",
    "/your-account/recovery-codes/download/": "text/plain",
}
"""Files, by what they are."""

FRAGMENTS: Final = ("/today/unbilled/", "/accounts/names/?text=ac", "/accounts/ACME/history/", "/runs/{run}/progress/")
"""Parts of pages, which htmx asks for."""

ELSEWHERE: Final = ("/", "/drafts/chosen/")
"""What only leads to another page: to the start, or away from a question that was asked about nothing."""

POSTS: Final = {
    "/dashboard/deferred/": "close", "/accounts/new/": "accounts", "/accounts/ACME/edit/": "accounts",
    "/accounts/ACME/manager/": "accounts",
    "/accounts/ACME/contact/": "accounts", "/accounts/ACME/tax-number/": "accounts",
    "/accounts/ACME/purchase-order/": "accounts", "/accounts/ACME/tax-treatment/": "accounts",
    "/accounts/ACME/withholding/": "accounts",
    "/agreements/new/": "agree", "/agreements/new/try/": "agree", "/agreements/ACME-TM/amend/": "agree",
    "/agreements/ACME-TM/amend/try/": "agree", "/agreements/ACME-TM/end/": "agree",
    "/agreements/BIG-MS/term/": "agree", "/agreements/BIG-MS/notice/": "agree",
    "/agreements/ZED-SUB/change/": "agree", "/agreements/ZED-SUB/pause/": "agree",
    "/agreements/ZED-SUB/resume/": "agree", "/agreements/ACME-TM/project/": "agree",
    "/agreements/rates/new/": "agree", "/agreements/rates/STD/": "agree",
    "/work/time/": "work", "/work/expense/": "work", "/work/entries/approve/": "approve_work",
    "/work/entries/{entry}/": "work", "/work/entries/{entry}/receipt/": "work",
    "/work/entries/withdraw/": "work", "/work/milestones/{milestone}/": "approve_work", "/work/import/": "work",
    "/work/usage/findings/count/": "work", "/work/usage/findings/ignore/": "work", "/work/usage/import/": "work",
    "/work/usage/import/{events}/": "work", "/settings/metrics/new/": "agree", "/settings/metrics/calls/": "agree",
    "/settings/metrics/calls/drop/": "agree",
    "/work/import/{upload}/": "work", "/work/import/{upload}/map/": "accounts",
    "/today/submit/{draft}/": "bill", "/runs/new/": "bill", "/runs/{run}/stop/": "bill", "/runs/{run}/resume/": "bill",
    "/drafts/chosen/": "bill", "/drafts/batches/": "bill", "/drafts/batches/{acts}/next/": "bill or review",
    "/drafts/batches/{acts}/send/": "send",
    "/invoices/{reviewed}/approve/": "review", "/invoices/{draft}/submit/": "bill", "/invoices/{draft}/issue/": "issue",
    "/invoices/{invoice}/send/": "send", "/invoices/{draft}/discard/": "bill", "/invoices/{draft}/waive/": "waive",
    "/payments/new/": "cash", "/payments/{receipt}/": "cash", "/payments/{receipt}/send/": "send",
    "/payments/{receipt}/undo/{allocation}/": "cash", "/outbox/again/": "send",
    "/settings/entities/new/": "settings", "/settings/entities/{entity}/edit/": "settings",
    "/settings/entities/{entity}/logo/": "settings", "/settings/entities/{entity}/tax-number/": "settings",
    "/settings/entities/{entity}/bank-account/": "bank_details",
    "/settings/entities/{entity}/series/invoice/": "settings", "/settings/entities/{entity}/chart/revenue/": "settings",
    "/settings/entities/{entity}/payable-step/": "settings",
    "/settings/entities/{entity}/close/": "close", "/settings/tax-rates/new/": "reference",
    "/settings/taxes/new/": "reference", "/settings/taxes/known/": "reference",
    "/settings/exchange-rates/import/": "reference", "/settings/exchange-rates/new/": "reference",
    "/settings/users/new/": "people",
    "/settings/users/{user}/": "people", "/settings/users/{user}/password/": "people",
    "/settings/people/new/": "people", "/settings/people/{person}/": "people",
    "/settings/policies/second-factor/": "policies", "/settings/policies/{entity}/new-agreements/": "policies",
    "/settings/policies/{entity}/checks/": "policies",
}
"""Where something is sent to, and the right without which it is refused."""

OWN: Final = {
    "account_login", "account_logout", "account_reauthenticate", "mfa_authenticate", "mfa_reauthenticate",
    "mfa_activate_totp", "mfa_deactivate_totp", "mfa_download_recovery_codes", "mfa_generate_recovery_codes",
    "own_password", "theme",
}
"""Routes where everybody sends what concerns nobody else: signing in and out, one's own password, the theme."""


def routes() -> set[str]:
    """The name of each route that the application has."""
    return set(_names(get_resolver().url_patterns))


def _names(patterns: list[Any]) -> Iterator[str]:
    for one in patterns:
        if isinstance(one, URLResolver) and one.namespace == "api":
            continue  # no page: see tests/interfaces/api
        if isinstance(one, URLResolver):
            yield from _names(one.url_patterns)
        elif isinstance(one, URLPattern) and one.name:
            yield one.name


def furnish(world: World, client_of: Callable[..., Client]) -> dict[str, object]:
    """Give the world something for each page, and Fin every role; the rows that addresses name."""
    ben, fin = client_of("ben"), client_of("fin")
    world.time(7200)
    late = world.time(3600, on=date(2026, 10, 9), approved=False)
    expense = world.expense("119.90")
    fee(world, "1200")
    pause(actor=world.actor("fin"), at=NOW, on=TODAY, agreement="ZED-SUB", paused_from=TODAY, reason=LONG)
    put_runtime(actor=world.actor("fin"), at=NOW, on=TODAY, agreement="BIG-MS", months=12, renews_months=12)
    made = bill(world)
    deferred = next(one for one in made if one.lines.filter(terms__timing="advance").exists())
    drafts = {draft.account.number: draft for draft in made if draft != deferred}
    actions.submit(actor=world.actor("ben"), at=NOW, on=TODAY, drafts=[drafts["BIG"].pk])
    invoice = issued(world, "ACME", "123456789012.34", on=date(2026, 9, 1))
    actions.issue(actor=world.actor("ben"), at=NOW, on=TODAY, drafts=[deferred.pk])
    received = receive(world, "150000.00", allocate=[(invoice.number, None)])
    [message] = queue_message(actor=world.actor("ben"), at=NOW, on=TODAY, invoices=[invoice.pk]).messages
    deliver(actor=world.actor("ben"), at=NOW, on=TODAY, message=message, hand_over=lambda _: "250 OK")
    for role in ("administrator", "biller"):
        m.RoleGrant.objects.create(user=m.User.objects.get(login="fin"), role=role, scope="all")
    m.RightGrant.objects.create(user=m.User.objects.get(login="fin"), right="bank_details")
    ben.post("/work/import/", _file("october.csv", TOGGL.encode(), kind="timesheet"))
    ben.post(f"/work/import/{m.ImportUpload.objects.get().pk}/?period=2026-10", {"keep": "all"})
    fin.post("/work/import/", _file("strange.csv", STRANGE.encode(), kind="timesheet"))
    ben.post(f"/work/entries/{expense.pk}/receipt/", _file("taxi.pdf", PDF))
    m.Account.objects.filter(number="ACME").update(name=LONG)
    picture = re.search(r"/pages/1/([^.]+).svg", text(ben.get(f"/invoices/{drafts['ACME'].pk}/")))
    assert picture
    return {
        "entry": late.pk, "billed": expense.pk, "draft": drafts["ACME"].pk,
        "reviewed": drafts["BIG"].pk, "invoice": invoice.pk, "receipt": received.receipt, "deferred": deferred.pk,
        "message": message, "run": m.BillRun.objects.get().pk, "milestone": m.Charge.objects.get(kind="milestone").pk,
        "allocation": m.CashAllocation.objects.get().pk, "batch": m.ImportBatch.objects.get().pk,
        "upload": m.ImportUpload.objects.filter(kind="timesheet").order_by("-pk")[0].pk, "events": _used(world, fin),
        "file": m.WorkReceipt.objects.get().pk,
        "acts": begun(fin, "submit", drafts["ZED"].pk).split("/")[-2], "entity": world.entity().pk,
        "user": world.actor("mara").user_id, "person": m.Person.objects.get(code="ada").pk,
        "picture": picture[1],
    }


def _used(world: World, fin: Client) -> int:
    """Events of Acme, one of which came again otherwise, and a file of more on its way in."""
    metric("calls", unit="call", group_by=["region"])
    rows = [{"agreement": "ACME-TM", "event_id": f"e{number}", "quantity": number, "at": days_after(number / 4 - 40),
             "properties": '{"region": "eu"}' if number % 3 else None} for number in range(1, 200)]
    ingest(world, *rows)
    ingest(world, {**rows[0], "quantity": 99}, {**rows[1], "at": days_after(1)})
    lines = "agreement,metric,source,event_id,at\nACME-TM,calls,meter,new,2026-10-05T12:00:00Z\nNONE,calls,meter,,now\n"
    fin.post("/work/usage/import/", _file("usage.csv", lines.encode()))
    return int(m.ImportUpload.objects.get(kind="usage").pk)


def _file(name: str, content: bytes, **more: str) -> dict[str, object]:
    return {"file": SimpleUploadedFile(name, content), **more}
