"""The scenes that the law tests start from are themselves lawful, down to the checks at commit."""

from django.db import connection

from tests.billing import raw
from tests.billing.raw import Sql
from tests.billing.violations import CHECK_NOW


def test_an_invoice_is_issued_and_paid_by_raw_sql(db: None) -> None:
    with connection.cursor() as cursor:
        sql = Sql(cursor)
        _, item = raw.issued(sql)
        money = raw.receipt(sql, "200.00")
        paid = raw.pay(sql, money, item, "119.00")
        raw.pay(sql, money, item, "-119.00", answers=paid)
        raw.pay(sql, money, item, "19.00")
        sql(CHECK_NOW)
        assert sql("select balance from open_item where id in (%s, %s) order by id", item, money) == [(100,), (-181,)]


def test_a_reviewed_draft_is_issued_by_raw_sql(db: None) -> None:
    with connection.cursor() as cursor:
        sql = Sql(cursor)
        invoice = raw.draft(sql, agreement="BIG-MS", charge="set-up", span=(raw.OCTOBER[0], raw.OCTOBER[1]))
        raw.decide(sql, raw.submit(sql, invoice, "ben"), "rita")
        raw.issue(sql, invoice)
        raw.issue(sql, raw.subscription(sql))
        sql(CHECK_NOW)
        assert sql("select array_agg(number order by number) from invoice") == [(["R2026-00001", "R2026-00002"],)]
