"""Server time of what pages read on a million invoices: under 100 ms each, with a constant number of queries.

Every read is called as its page calls it, for the whole firm and for one manager's book, after a first call that plans
its queries. Where the staff app names a page, its whole view is measured too, through Django's test client.
"""

import hashlib
import os
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

DOCUMENTS: Final = int(os.environ.get("DULY_BENCH_DOCUMENTS", "1000000"))
ACCOUNTS: Final = int(os.environ.get("DULY_BENCH_ACCOUNTS", "10000"))
ROUNDS: Final = int(os.environ.get("DULY_BENCH_ROUNDS", "7"))
LIMIT: Final = 100.0
"""Milliseconds of server time that a page may take."""

PAGES: Final = (
    *((name, "") for name in ("today", "dashboard", "accounts", "agreements", "work", "work_entries", "milestones",
                              "runs", "drafts", "reviews", "invoices", "payments", "outbox", "settings")),
    ("account", "A77"), ("account_history", "A77"), ("agreement", "G77"), ("statement", "A77"),
)
"""Names of addresses of the staff app, each with the number that it asks for, if it does."""


def pages() -> dict[str, Any]:
    os.environ.setdefault("DULY_DATA", "/var/lib/duly/bench" if os.geteuid() == 0 else "/tmp/duly-bench")
    os.environ |= {"DULY_DATABASE": f"pages_{DOCUMENTS}_{_schema()}", "DULY_TODAY": "2026-11-20"}
    import django

    django.setup()
    from duly.config import database

    with database.running():
        _prepare()
        measured = {name: _measure(read) for name, read in (*_reads(), *_views())}
        apart = {name: _measure(read) for name, read in _apart()}
    slowest = max(measured, key=lambda name: measured[name][0])
    listed = {name: f"{median:.1f} ms, {queries} queries" for name, (median, queries) in (measured | apart).items()}
    return {"ratio": round(LIMIT / measured[slowest][0], 3), "goal": 1.0, "documents": DOCUMENTS, "accounts": ACCOUNTS,
            "slowest": slowest, **listed}


def _schema() -> str:
    """A digest of what the tables and laws are made of: a history kept under another one is not looked at."""
    billing = Path(__file__).parents[1] / "src" / "duly" / "billing"
    files = sorted([*billing.glob("migrations/*.py"), *billing.glob("*/*.sql")])
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:12]


def _prepare() -> None:
    """The firm and its history, made once per size and kept in its own database."""
    from django.db import transaction

    from bench import firm, history
    from duly.billing import models as m

    if m.BillRun.objects.exists():
        return
    started = time.perf_counter()
    with transaction.atomic():
        firm.build(ACCOUNTS)
    history.build(DOCUMENTS)
    print(f"  built {DOCUMENTS} documents in {time.perf_counter() - started:.0f} s", flush=True)


def _reads() -> Iterator[tuple[str, Callable[[], Any]]]:
    from bench.history import TODAY
    from duly.billing.accounts.lists import accounts
    from duly.billing.accounts.queries import actor
    from duly.billing.desk.lists import messages
    from duly.billing.invoicing.lists import invoices
    from duly.billing.kernel.listing import Query
    from duly.billing.payments.lists import receipts
    from duly.billing.reporting.account360 import account360, unbilled_of
    from duly.billing.reporting.dashboard import dashboard
    from duly.billing.reporting.search import search
    from duly.billing.reporting.timeline import timeline
    from duly.billing.reporting.today import today

    lists: list[tuple[str, Callable[..., Any], str, dict[str, str]]] = [
        ("invoices", invoices, "-issued", {}), ("invoices", invoices, "-issued", {"settled": "overdue"}),
        ("invoices", invoices, "due", {"settled": "open"}), ("invoices", invoices, "-issued", {"text": "number 77"}),
        ("accounts", accounts, "name", {}), ("accounts", accounts, "-overdue", {}),
        ("accounts", accounts, "-open", {"owes": "overdue"}), ("accounts", accounts, "name", {"text": "77"}),
        ("receipts", receipts, "-booked", {}), ("receipts", receipts, "-amount", {"left": "yes"}),
        ("receipts", receipts, "-booked", {"booked_from": "2026-11-01"}), ("messages", messages, "-queued", {}),
        ("messages", messages, "-queued", {"state": "failed"}),
    ]
    for who in (actor("bench"), actor("m7")):
        scope = "firm" if who.may_everywhere("read") else "book"
        yield f"dashboard, {scope}", lambda who=who: dashboard(actor=who, on=TODAY)
        yield f"today, {scope}", lambda who=who: today(actor=who, on=TODAY)
        for text in ("Account number 77", "4711", "F2026-00047", "zzz", "89"):
            yield f"search “{text}”, {scope}", lambda who=who, text=text: search(actor=who, on=TODAY, text=text)
        for name, read, sort, filters in lists:
            asked = Query(filters=filters, sort=sort)
            yield (f"{name} by {sort} {filters or ''}, {scope}",
                   lambda who=who, read=read, asked=asked: read(actor=who, on=TODAY, query=asked))
    who = actor("bench")
    for name, of_account in (("account page", account360), ("timeline", timeline), ("unbilled", unbilled_of)):
        yield name, lambda of_account=of_account: of_account(actor=who, on=TODAY, account="A77")


def _apart() -> Iterator[tuple[str, Callable[[], Any]]]:
    """What grows with the work that is unbilled: pages ask for it apart, so the limit does not hold for it."""
    from bench.history import TODAY
    from duly.billing.accounts.queries import actor
    from duly.billing.reporting.today import unbilled
    from duly.billing.reporting.unbilled import unbilled_value

    for who in (actor("bench"), actor("m7")):
        scope = "firm" if who.may_everywhere("read") else "book"
        yield f"apart: unbilled value, {scope}", lambda who=who: unbilled_value(actor=who, on=TODAY)
        yield f"apart: unbilled months on Today, {scope}", lambda who=who: unbilled(actor=who, on=TODAY)


def _views() -> Iterator[tuple[str, Callable[[], Any]]]:
    """Whole pages, as the server answers them to someone who is signed in and sees every account."""
    from django.test import Client
    from django.urls import reverse

    from duly.billing.models import User

    client = Client(SERVER_NAME="localhost")
    client.force_login(User.objects.get(login="bench"))
    for address in [*(reverse(name, args=[number] if number else []) for name, number in PAGES),
                    reverse("search") + "?text=number+77"]:
        assert client.get(address).status_code == 200, address
        yield f"page {address}", lambda address=address: client.get(address)


def _measure(read: Callable[[], Any]) -> tuple[float, int]:
    """Median milliseconds of the read, and the number of its queries."""
    with _counted() as queries:
        read()
    times = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        read()
        times.append((time.perf_counter() - started) * 1000)
    return statistics.median(times), queries[0]


@contextmanager
def _counted() -> Iterator[list[int]]:
    from django.db import connection

    count = [0]

    def counting(execute: Callable[..., Any], sql: str, parameters: Any, many: bool, context: dict[str, Any]) -> Any:
        count[0] += 1
        return execute(sql, parameters, many, context)

    with connection.execute_wrapper(counting):
        yield count
