"""The kinds of task, most pressing first. Each is one query and the words that say why.

A query answers subject, title, account number, account name, detail, amount, currency, the day since which it waits (or
on which it is due), and the count of all. `{seen}` stands for “account `a` counts”, `{in_scope}` for “the account of
open item `o` counts”, `{work_in_scope}` for “who pays for work item `w` counts”.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from duly.billing.accounts.queries import IN_BOOK
from duly.billing.reporting.scope import SEEN

PURCHASE_ORDER_LEFT: Final = "0.10"
"""A purchase order is nearly used up, a cap nearly reached, from this fraction left."""
AHEAD: Final = 30
"""Days before the end of an agreement or purchase order from which it is a task."""

Why = Callable[[str, int], str]


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of task: the right that settles it, its query, its words, and where one goes to settle it."""

    key: str
    name: str
    right: str
    sql: str
    why: Why
    page: str
    act: str
    list: str
    filters: Mapping[str, str] = field(default_factory=dict)

    def query(self, everywhere: bool) -> str:
        """With who sees every account, nothing is looked up to find out."""
        words = {"{seen}": SEEN, "{in_scope}": f"o.account_id = any(array(select a.id from account a where {IN_BOOK}))",
                 "{work_in_scope}": f"""w.agreement_id = any(array(
                     select g.id from agreement g join account c on c.id = g.account_id
                       join account a on a.id = coalesce(c.bill_to_id, c.id) where {IN_BOOK}))"""}
        query = self.sql
        for word, condition in words.items():
            query = query.replace(word, "true" if everywhere else condition)
        return query


def _days(count: int) -> str:
    return "1 day" if count == 1 else f"{count} days"


def _ago(count: int) -> str:
    return "today" if count <= 0 else "yesterday" if count == 1 else f"{count} days ago"


def _ahead(days: int) -> str:
    return f"in {_days(-days)}" if days < 0 else "today" if days == 0 else f"{_days(days)} ago"


def _drafts(condition: str, detail: str, since: str = "coalesce(r.on, i.tax_point)") -> str:
    """Unissued documents, which their own index finds; the largest first."""
    return f"""
        select i.id, 'Draft ' || i.id, a.number, a.name, {detail}, i.total,
               i.currency, {since}, count(*) over ()
          from invoice i join account a on a.id = i.account_id
          left join bill_run_partition p on p.id = i.run_partition_id left join bill_run r on r.id = p.run_id
         where {condition} and {{seen}} order by i.total desc, i.id limit %(rows)s"""


BLOCKS: Final = """select from finding f where f.invoice_id = i.id and f.severity = 'blocks' and not exists (
    select from waiver w where (w.invoice_id, w.check_name, w.path, w.text)
                             = (f.invoice_id, f.check_name, f.path, f.text))"""

MINE: Final = """(i.created_by = %(login)s
    or exists (select from app_user u where u.id = r.launched_by_id and u.login = %(login)s)
    or exists (select from draft_edit e where e.invoice_id = i.id and e.editor = %(login)s))"""

MONEY: Final = """to_char({0}, 'FM999,999,999,999,990' || case currency_exponent({1}) when 0 then ''
    else '.' || repeat('0', currency_exponent({1})) end) || ' ' || {1}"""

KINDS: Final = (
    Kind("review", "Reviews that wait for you", "review",
         _drafts(f"i.state = 'in_review' and not {MINE}",
                 "(select u.name from review_step s join app_user u on u.id = s.submitted_by_id "
                 "where s.invoice_id = i.id order by s.id desc limit 1)",
                 "(select (s.submitted_at at time zone 'UTC')::date from review_step s where s.invoice_id = i.id "
                 "order by s.id desc limit 1)"),
         lambda by, days: f"{by} submitted it {_ago(days)}", "draft", "Review", "reviews",
         {"own": "no"}),
    Kind("blocked", "Drafts that a check blocks", "bill",
         _drafts(f"i.state = 'draft' and exists ({BLOCKS})",
                 f"({BLOCKS.replace('select from', 'select min(f.text) from', 1)})"),
         lambda text, days: text, "draft", "Mend", "drafts", {"state": "draft", "blocked": "yes"}),
    Kind("issue", "Ready to issue", "issue",
         _drafts(f"(i.state = 'ready' or i.state = 'draft' and i.review = 'none' and not exists ({BLOCKS}))", "''"),
         lambda _, days: f"approved, drafted {_ago(days)}", "draft", "Issue", "drafts", {"state": "ready"}),
    Kind("submit", "Drafts to submit", "bill",
         _drafts(f"i.state = 'draft' and i.review <> 'none' and not exists ({BLOCKS})", "''"),
         lambda _, days: f"drafted {_ago(days)}, nothing blocks it", "draft", "Submit", "drafts",
         {"state": "draft", "blocked": "no"}),
    Kind("overdue", "Overdue invoices", "send", """
        select (select i.id from invoice i where i.open_item_id = o.id), o.label, a.number, a.name, '', o.balance,
               o.currency, o.due_on, top.count from (
          select id, count(*) over () as count from open_item o
           where balance > 0 and balance <> 0 and control = 'receivable' and due_on < %(on)s and {in_scope}
           order by balance * (%(on)s - due_on) desc, id limit %(rows)s) top
          join open_item o on o.id = top.id join account a on a.id = o.account_id
         order by o.balance * (%(on)s - o.due_on) desc, o.id""",
         lambda _, days: f"{_days(days)} late", "invoice", "Look", "invoices", {"settled": "overdue"}),
    Kind("unallocated", "Money to allocate", "cash", """
        select (select r.id from receipt r where r.open_item_id = o.id), o.label, a.number, a.name, '', -o.balance,
               o.currency, o.booked_on, top.count from (
          select id, count(*) over () as count from open_item o
           where balance < 0 and balance <> 0 and control = 'on_account' and {in_scope}
           order by balance, id limit %(rows)s) top
          join open_item o on o.id = top.id join account a on a.id = o.account_id order by o.balance, o.id""",
         lambda _, days: f"received {_ago(days)}, pays nothing yet", "receipt", "Allocate", "receipts",
         {"left": "yes"}),
    Kind("mail", "Mail that was not delivered", "send", """
        select m.id, m.subject, a.number, a.name, coalesce((
                 select split_part(t.answer, E'\n', 1) from delivery_attempt t where t.message_id = m.id
                 order by t.id desc limit 1), ''), null::numeric, '',
               (m.queued_at at time zone 'UTC')::date, count(*) over ()
          from message m join account a on a.id = m.account_id
         where m.state <> 'sent' and m.state = 'failed' and {seen} order by m.id limit %(rows)s""",
         lambda answer, days: answer or f"failed {_ago(days)}", "message", "Send again", "messages",
         {"state": "failed"}),
    Kind("approve_work", "Work to approve", "approve_work", """
        select g.number, g.name, a.number, a.name, w.items::text, null::numeric, '', w.oldest, count(*) over ()
          from (select agreement_id, count(*) as items, min(worked_on) as oldest from work_item
                 where approved_by_id is null and billable and worked_on <= %(on)s group by 1) w
          join agreement g on g.id = w.agreement_id join account a on a.id = g.account_id
         where {seen} order by w.oldest, g.id limit %(rows)s""",
         lambda items, days: f"{items} {'entry' if items == '1' else 'entries'}, the oldest from {_ago(days)}",
         "work", "Approve", "work", {"approved": "no"}),
    Kind("usage_finding", "Usage that came again otherwise", "work", """
        select g.number, g.name, a.number, a.name, f.events::text, null::numeric, '', f.oldest, count(*) over ()
          from (select agreement_id, count(*) as events, min((received_at at time zone 'UTC')::date) as oldest
                  from usage_finding f where not exists (select from usage_decision d where d.finding_id = f.id)
                 group by 1) f
          join agreement g on g.id = f.agreement_id join account a on a.id = g.account_id
         where {seen} order by f.oldest, g.id limit %(rows)s""",
         lambda events, days: f"{events} {'event' if events == '1' else 'events'} told twice, not alike; "
         f"the oldest {_ago(days)}", "usage_findings", "Decide", "usage_findings", {"state": "waiting"}),
    Kind("cap", "Caps nearly reached", "agree", f"""
        select g.number, g.name, a.number, a.name, to_char(100 * billed.net / v.cap, 'FM999990') || '%% of '
               || to_char(v.cap, 'FM999,999,999,999,990.00') || ' ' || g.currency, v.cap - billed.net, g.currency,
               v.valid_from, count(*) over ()
          from agreement g join account a on a.id = g.account_id
          join lateral (select * from agreement_version v where v.agreement_id = g.id and v.valid_from <= %(on)s
                         order by v.valid_from desc limit 1) v on v.cap > 0
          join lateral (select coalesce(sum(l.amount), 0) as net from invoice_line l
                          join invoice i on i.id = l.invoice_id join charge_terms s on s.id = l.terms_id
                         where l.agreement_id = g.id and not s.untaxed and i.state <> 'discarded') billed
            on billed.net >= v.cap * (1 - {PURCHASE_ORDER_LEFT})
         where (g.ends_on is null or g.ends_on >= %(on)s) and {{seen}}
         order by billed.net / v.cap desc, g.id limit %(rows)s""",
         lambda used, _: f"{used} is billed", "agreement", "Look", "agreements"),
    Kind("purchase_order", "Purchase orders nearly used or expiring", "accounts", f"""
        select a.number, p.number, a.number, a.name, case when p.expires_on <= %(on)s::date + {AHEAD} then 'expires'
                 else 'is nearly used up' end, p.amount - used.total, p.currency, coalesce(p.expires_on, %(on)s),
               count(*) over ()
          from purchase_order p join account a on a.id = p.account_id
          join lateral (select coalesce(sum(i.total - i.prepaid), 0) as total from invoice i
                 where i.account_id = p.account_id and i.purchase_order = p.number and i.currency = p.currency
                   and i.state = 'issued') used
            on p.expires_on <= %(on)s::date + {AHEAD} or used.total >= p.amount * (1 - {PURCHASE_ORDER_LEFT})
         where (p.expires_on is null or p.expires_on >= %(on)s) and {{seen}}
         order by p.expires_on nulls last, p.id limit %(rows)s""",
         lambda what, days: f"{what} {_ahead(days)}" if what == "expires" else what, "account", "Ask for a new one",
         "accounts"),
    Kind("milestone", "Milestones due", "approve_work", """
        select g.number, t.name, a.number, a.name, '', t.price, g.currency, t.due_on, count(*) over ()
          from charge_terms t join charge c on c.id = t.charge_id and c.kind = 'milestone'
          join agreement g on g.id = c.agreement_id join account a on a.id = g.account_id
         where t.due_on <= %(on)s and t.version_id = (select v.id from agreement_version v
                 where v.agreement_id = g.id and v.valid_from <= %(on)s order by v.valid_from desc limit 1)
           and coalesce((select sum(coalesce(w.share, 1)) from work_item w where w.agreement_id = g.id
                          and w.charge_id = c.id), 0) < 1 and {seen}
         order by t.due_on, t.id limit %(rows)s""",
         lambda _, days: f"was due {_ago(days)}, nobody has accepted it", "milestones", "Accept", "milestones"),
    Kind("ending", "Agreements that end", "agree", f"""
        select g.number, g.name, a.number, a.name, '', null::numeric, g.currency, g.ends_on, count(*) over ()
          from agreement g join account a on a.id = g.account_id
         where g.ends_on between %(on)s::date and %(on)s::date + {AHEAD} and {{seen}}
         order by g.ends_on, g.id limit %(rows)s""",
         lambda _, days: f"ends {_ahead(days)}", "agreement", "Renew", "agreements"),
    Kind("covered", "Accounts you cover", "accounts", """
        select a.number, a.name, a.number, a.name, u.name, null::numeric, '', a.cover_until, count(*) over ()
          from account a join app_user u on u.id = a.manager_id
         where a.cover_id = %(user)s and %(on)s::date between a.cover_from and a.cover_until
         order by a.cover_until, a.sort_name, a.id limit %(rows)s""",
         lambda manager, days: f"for {manager}, ends {_ahead(days)}", "account", "Look", "accounts"),
)

OVER: Final = """w.billable and w.worked_on < date_trunc('month', %(on)s::date)
    and not exists (select from work_allocation b where b.work_item_id = w.id and not b.released)"""
"""SQL: work item `w` stands on no document, and its month is over."""

UNBILLED: Final = Kind("unbilled", "Unbilled work of months that are over", "bill", f"""
    with top as (
      select g.entity_id, coalesce(c.bill_to_id, c.id) as account_id, min(w.oldest) as oldest,
             array_agg(g.id) as agreements, count(*) over () as count
        from (select w.agreement_id, min(w.worked_on) filter (where w.approved_in is not null) as oldest
                from work_item w where {OVER} and {{work_in_scope}} group by 1) w
        join agreement g on g.id = w.agreement_id join account c on c.id = g.account_id group by 1, 2
      having min(w.oldest) is not null order by 3, 1, 2 limit %(rows)s)
    select e.code, case when t.oldest < date_trunc('month', %(on)s::date) - interval '1 month' then 'Work since '
             else 'Work of ' end || to_char(t.oldest, 'FMMonth YYYY'),
           a.number, a.name, said.words, null::numeric, '', t.oldest, t.count
      from top t join account a on a.id = t.account_id join legal_entity e on e.id = t.entity_id
     cross join lateral (
       select concat_ws('; ', string_agg(k.words, ', ' order by k.kind desc, k.words) filter (where k.approved),
                        sum(k.items) filter (where not k.approved) || ' not approved yet') as words
         from (select w.kind, w.approved_in is not null as approved, count(*) as items, case w.kind
                 when 'time' then to_char(sum(w.quantity) / 3600, 'FM999,999,990.0') || ' h'
                 when 'expense' then {MONEY.format("sum(w.cost)", "w.cost_currency")} || ' of expenses'
                 else count(*) || case count(*) when 1 then ' milestone' else ' milestones' end end as words
                 from work_item w where w.agreement_id = any(t.agreements) and {OVER}
                group by w.kind, approved, w.cost_currency) k) said
     order by t.oldest, t.entity_id, t.account_id""",
    lambda words, _: words, "run_start", "Bill", "work", {"order": "oldest"})
"""By entity and who pays, as a bill run takes it. Apart from `KINDS`: its cost grows with all work there is."""
