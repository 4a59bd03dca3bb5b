"""All of one customer: who they are, what they owe and how they pay, what is agreed and what is unbilled."""

from dataclasses import dataclass, fields
from datetime import date
from decimal import Decimal
from typing import Any, Final

import polars as pl

from duly.billing.accounts.models import Account
from duly.billing.accounts.queries import accounts_in_book
from duly.billing.agreements.queries import terms_frame
from duly.billing.kernel import frames
from duly.billing.kernel.authority import Actor
from duly.billing.reporting.months import Month, months_of
from duly.billing.work.pricing import priced
from duly.billing.work.queries import work_frame
from duly.engine import metrics

ITEMS: Final = 50
"""Open items shown, oldest due first; `Balance.count` says how many there are."""
ZERO: Final = Decimal(0)


@dataclass(frozen=True, slots=True)
class Profile:
    """Who the account is; names are empty where nobody is named."""

    id: int
    number: str
    name: str
    kind: str
    address: tuple[str, ...]
    country: str
    language: str
    currency: str
    payment_days: int
    requires_purchase_order: bool
    manager: str
    cover: str
    cover_until: date | None
    parent: str
    parent_name: str
    bill_to: str
    bill_to_name: str
    children: int
    vat_ids: tuple[str, ...]
    tax_rules: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Balance:
    """What the account owes an entity in a currency, and the money on account there."""

    entity: str
    currency: str
    open: Decimal
    overdue: Decimal
    on_account: Decimal
    count: int
    oldest_due: date | None
    days_late: int


@dataclass(frozen=True, slots=True)
class Item:
    """Something open; money on account is negative, with its receipt's number."""

    entity: str
    control: str
    number: str
    currency: str
    amount: Decimal
    open: Decimal
    booked_on: date
    due_on: date
    days_late: int


@dataclass(frozen=True, slots=True)
class Habits:
    """How the account pays an entity, by payments of the last twelve months; the months oldest first."""

    entity: str
    currency: str
    days_to_pay: Decimal | None
    days_late: Decimal | None
    months: tuple[Month, ...]


@dataclass(frozen=True, slots=True)
class Agreed:
    """An agreement by its terms of the day; `billed` net on documents and drafts, which a cap counts."""

    number: str
    name: str
    entity: str
    currency: str
    starts_on: date
    ends_on: date | None
    review: str
    cap: Decimal | None
    billed: Decimal
    charges: tuple[str, ...]
    projects: int


AGREED: Final = tuple(field.name for field in fields(Agreed))


@dataclass(frozen=True, slots=True)
class PurchaseOrder:
    """`used` is what issued documents under the number come to; `left` is None where no amount was set."""

    number: str
    currency: str
    amount: Decimal | None
    used: Decimal
    left: Decimal | None
    expires_on: date | None


@dataclass(frozen=True, slots=True)
class Contact:
    name: str
    email: str
    phone: str
    roles: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class UnbilledWork:
    """Work of an agreement that is not billed, priced as a bill run would; `waiting` waits for approval."""

    agreement: str
    name: str
    currency: str
    items: int
    seconds: int
    oldest: date
    amount: Decimal
    waiting: Decimal
    unpriced: int


@dataclass(frozen=True, slots=True)
class Account360:
    profile: Profile
    balances: tuple[Balance, ...]
    items: tuple[Item, ...]
    habits: tuple[Habits, ...]
    agreements: tuple[Agreed, ...]
    purchase_orders: tuple[PurchaseOrder, ...]
    contacts: tuple[Contact, ...]


def account360(*, actor: Actor, on: date, account: str) -> Account360:
    """The page of an account, by its number, in a constant number of queries. What is unbilled is read apart.

    Raises `NotFound` for one that is not there or not in the actor's book.
    """
    row = accounts_in_book(actor, "read", [account], on)[account]
    values = {"account": row.pk, "on": on}
    return Account360(_profile(values), _balances(values), _items(values), _habits(row, on), _agreements(values),
                      _purchase_orders(values), _contacts(values))


def _profile(values: dict[str, Any]) -> Profile:
    [row] = frames.rows("""
        select a.id, a.number, a.name, a.kind, array[a.street, a.street_2, trim(a.postcode || ' ' || a.city), a.region],
               a.country, a.language, a.currency, a.payment_days, a.requires_purchase_order, coalesce(m.name, ''),
               coalesce(c.name, ''), a.cover_until, coalesce(p.number, ''), coalesce(p.name, ''),
               coalesce(b.number, ''), coalesce(b.name, ''), (select count(*) from account k where k.parent_id = a.id),
               array(select t.number from tax_registration t where t.account_id = a.id order by t.id), array(
                 (select concat_ws(' ', 'taxed as', category, 'since', to_char(valid_from, 'FMDD Mon YYYY') || ':',
                                   reason, '(' || nullif(certificate, '') || ')')
                    from (select * from account_treatment where account_id = a.id and valid_from <= %(on)s
                           order by valid_from desc limit 1) now where category is not null)
                 union all
                 (select concat_ws(' ', name, trim_scale(rate * 100) || '%% is withheld since',
                                   to_char(valid_from, 'FMDD Mon YYYY') || ':', reason)
                    from (select distinct on (name) * from account_withholding where account_id = a.id
                           and valid_from <= %(on)s order by name, valid_from desc) now where rate is not null))
          from account a left join app_user m on m.id = a.manager_id
          left join app_user c on c.id = a.cover_id and %(on)s::date between a.cover_from and a.cover_until
          left join account p on p.id = a.parent_id left join account b on b.id = a.bill_to_id
         where a.id = %(account)s""", values)
    columns = [*row]
    columns[4], columns[-2:] = tuple(filter(None, row[4])), [tuple(row[-2]), tuple(row[-1])]
    return Profile(*columns)


def _balances(values: dict[str, Any]) -> tuple[Balance, ...]:
    return tuple(Balance(*row) for row in frames.rows("""
        select e.code, o.currency, coalesce(sum(o.balance) filter (where receivable), 0),
               coalesce(sum(o.balance) filter (where receivable and o.due_on < %(on)s), 0),
               coalesce(-sum(o.balance) filter (where not receivable), 0), count(*) filter (where receivable),
               min(o.due_on) filter (where receivable),
               coalesce(greatest(%(on)s - min(o.due_on) filter (where receivable and o.balance > 0), 0), 0)
          from open_item o join legal_entity e on e.id = o.entity_id
         cross join lateral (select o.control = 'receivable' as receivable) kind
         where o.account_id = %(account)s and o.balance <> 0 group by 1, 2 order by 1, 2""", values))


def _items(values: dict[str, Any]) -> tuple[Item, ...]:
    return tuple(Item(*row) for row in frames.rows("""
        select e.code, o.control, o.label, o.currency, o.amount, o.balance, o.booked_on, o.due_on,
               case when o.balance > 0 then greatest(%(on)s - o.due_on, 0) else 0 end
          from open_item o join legal_entity e on e.id = o.entity_id
         where o.account_id = %(account)s and o.balance <> 0 order by o.due_on, o.id limit %(limit)s""",
                                                   {**values, "limit": ITEMS}))


def _habits(account: Account, on: date) -> tuple[Habits, ...]:
    found = []
    for entity, currency, months in months_of(account.pk, on):
        settled = sum((month.settled for month in months), ZERO)
        paid = metrics.days_to_pay(settled, sum((month.settled_days for month in months), ZERO))
        late = metrics.days_to_pay(settled, sum((month.late_days for month in months), ZERO))
        found.append(Habits(entity, currency, paid, late, months))
    return tuple(found)


def _agreements(values: dict[str, Any]) -> tuple[Agreed, ...]:
    rows = frames.rows("""
        select g.number, g.name, e.code, g.currency, g.starts_on, g.ends_on, coalesce(v.review, ''), v.cap,
               (select coalesce(sum(l.amount), 0) from invoice_line l join invoice i on i.id = l.invoice_id
                  join charge_terms s on s.id = l.terms_id
                 where l.agreement_id = g.id and not s.untaxed and i.state <> 'discarded'),
               array(select t.name from charge_terms t where t.version_id = v.id order by t.id),
               (select count(*) from project p where p.agreement_id = g.id)
          from agreement g join legal_entity e on e.id = g.entity_id
          left join lateral (select * from agreement_version v where v.agreement_id = g.id
                              order by v.valid_from <= %(on)s desc, abs(v.valid_from - %(on)s) limit 1) v on true
         where g.account_id = %(account)s order by g.ends_on is not null and g.ends_on < %(on)s, g.number""", values)
    return tuple(Agreed(**dict(zip(AGREED, row, strict=True)) | {"charges": tuple(row[-2])}) for row in rows)


def _purchase_orders(values: dict[str, Any]) -> tuple[PurchaseOrder, ...]:
    return tuple(PurchaseOrder(*row) for row in frames.rows("""
        select p.number, p.currency, p.amount, used.total, p.amount - used.total, p.expires_on
          from purchase_order p cross join lateral (
            select coalesce(sum(i.total - i.prepaid), 0) as total from invoice i where i.account_id = p.account_id
               and i.purchase_order = p.number and i.currency = p.currency and i.state = 'issued') used
         where p.account_id = %(account)s order by p.expires_on < %(on)s, p.expires_on nulls last, p.id""", values))


def _contacts(values: dict[str, Any]) -> tuple[Contact, ...]:
    rows = frames.rows("""select c.name, c.email, c.phone, array(select jsonb_array_elements_text(c.roles))
        from contact c where c.account_id = %(account)s order by c.name, c.id""", values)
    return tuple(Contact(name, email, phone, tuple(roles)) for name, email, phone, roles in rows)


NAMES: Final[frames.Schema] = {
    "agreement_id": pl.Int64, "agreement": pl.String, "name": pl.String, "currency": pl.String,
    "entity_id": pl.Int64, "bill_to_id": pl.Int64,
}


def unbilled_of(*, actor: Actor, on: date, account: str) -> tuple[UnbilledWork, ...]:
    """The account's work until that day that is not billed, by agreement; the engine prices it as a bill run would.

    Raises `NotFound` for an account that is not there or not in the actor's book.
    """
    row = accounts_in_book(actor, "read", [account], on)[account]
    names = frames.read("""select g.id, g.number, g.name, g.currency, g.entity_id, coalesce(a.bill_to_id, a.id)
        from agreement g join account a on a.id = g.account_id where a.id = %s order by g.number""", [row.pk], NAMES)
    work = work_frame("""w.agreement_id = any(%(agreements)s) and w.worked_on <= %(on)s and w.billable
                         and remaining.quantity > 0""", {"agreements": names["agreement_id"].to_list(), "on": on})
    if work.is_empty():
        return ()
    keyed = work.with_columns((pl.col("agreement_id") * 2 + pl.col("approved").cast(pl.Int64)).alias("document_key"))
    terms = pl.concat([terms_frame(entity, names["bill_to_id"].unique().to_list())
                       for entity in names["entity_id"].unique(maintain_order=True)])
    found = priced(keyed, terms.filter(pl.col("agreement_id").is_in(names["agreement_id"].implode())))
    amounts = dict(found.lines.group_by("document_key").agg(pl.col("amount").sum()).iter_rows())
    unpriced = dict(found.problems.with_columns(pl.col("document_key") // 2).group_by("document_key").len().iter_rows())
    sums = keyed.group_by("agreement_id").agg(
        pl.len().alias("items"), pl.col("worked_on").min().alias("oldest"),
        pl.when(pl.col("kind") == "time").then("quantity").otherwise(0).sum().cast(pl.Int64).alias("seconds"))
    return tuple(
        UnbilledWork(each["agreement"], each["name"], each["currency"], each["items"], each["seconds"], each["oldest"],
                     amounts.get(each["agreement_id"] * 2 + 1, ZERO), amounts.get(each["agreement_id"] * 2, ZERO),
                     unpriced.get(each["agreement_id"], 0))
        for each in names.join(sums, on="agreement_id", maintain_order="left").iter_rows(named=True))
