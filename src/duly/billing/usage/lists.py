"""The lists of usage that pages and commands show: what is used by whom, events, findings."""

from collections.abc import Iterator
from datetime import date
from typing import Any, Final

from duly.billing.accounts.queries import IN_BOOK
from duly.billing.agreements.metrics import MADE_OF
from duly.billing.kernel import frames, listing
from duly.billing.kernel.authority import Actor
from duly.billing.kernel.listing import Page, Query, Sort, Source

TEXT: Final = "position(%(folded)s in a.sort_name) > 0 or position(lower(%(value)s) in lower(g.number)) > 0"

USED: Final = Source(
    columns={
        "id": "g.id * 1000000 + m.id", "agreement": "g.number", "agreement_name": "g.name", "account": "a.number",
        "account_name": "a.name", "metric": "m.code", "metric_name": "m.name", "unit": "m.unit",
        "aggregation": "m.aggregation", "last_on": "(last.at at time zone n.time_zone)::date",
    },
    tables=f"""agreement g join account a on a.id = g.account_id join legal_entity n on n.id = g.entity_id
      cross join metric m join lateral (
        select e.at from usage_event e where e.agreement_id = g.id and e.metric = {MADE_OF}
         order by e.at desc limit 1) last on true""",
    id="g.id * 1000000 + m.id", book=IN_BOOK,
    sorts={"account": Sort("a.sort_name", "text"), "last": Sort("last.at", "timestamptz")},
    filters={"text": TEXT, "metric": "m.code = %(value)s", "account": "a.number = %(value)s",
             "agreement": "g.number = %(value)s"},
)
"""Each metric of each agreement that has events of it, and the day of the last one."""

PLACE: Final = "('x' || left(replace(usage_mark(e.source, e.event_id)::text, '-', ''), 15))::bit(60)::bigint"
"""SQL: a number of event `e`, to page by among those of one instant: sixty bits of its identity's digest."""

EVENTS: Final = Source(
    columns={
        "id": PLACE, "at": "e.at", "used_on": "(e.at at time zone n.time_zone)::date",
        "clock": "to_char(e.at at time zone n.time_zone, 'HH24:MI:SS')", "event_id": "e.event_id", "source": "e.source",
        "metric": "e.metric", "agreement": "g.number", "account": "a.number", "account_name": "a.name",
        "quantity": "trim_scale(e.quantity)", "properties": "coalesce(e.properties::text, '')",
        "received_on": "e.received_at::date",
    },
    tables="""usage_event e join agreement g on g.id = e.agreement_id join account a on a.id = g.account_id
              join legal_entity n on n.id = g.entity_id""",
    id=PLACE, book=IN_BOOK, sorts={"at": Sort("e.at", "timestamptz")},
    filters={
        "text": "e.event_id = %(value)s or e.source = %(value)s",
        "event": "e.metric = %(value)s",
        "metric": f"e.metric = (select {MADE_OF} from metric m where m.code = %(value)s)",
        "account": "g.account_id = (select id from account where number = %(value)s)",
        "agreement": "e.agreement_id = (select id from agreement where number = %(value)s)",
        "used_from": "e.at >= %(value)s::date::timestamp at time zone n.time_zone",
        "used_to": "e.at < (%(value)s::date + 1)::timestamp at time zone n.time_zone",
    },
)

CLOCK: Final = "to_char({0} at time zone n.time_zone, 'FMDD Mon YYYY HH24:MI:SS')"

DIFFERS: Final = f"""case when e.agreement_id is distinct from f.agreement_id then 'counts for another agreement'
    else concat_ws('; ', case when e.metric <> f.metric then e.metric || ' → ' || f.metric end,
      case when e.quantity <> f.quantity
        then 'quantity ' || trim_scale(e.quantity) || ' → ' || trim_scale(f.quantity) end,
      case when e.at <> f.at then {CLOCK.format("e.at")} || ' → ' || {CLOCK.format("f.at")} end,
      case when e.properties is distinct from f.properties
        then coalesce(e.properties::text, 'no properties') || ' → ' || coalesce(f.properties::text, 'no properties')
      end) end"""
"""SQL: what finding `f` says otherwise than event `e`, which counts; nothing of one outside the agreement at hand."""

FINDINGS: Final = Source(
    columns={
        "id": "f.id", "event_id": "f.event_id", "source": "f.source", "reason": "f.reason", "metric": "f.metric",
        "agreement": "g.number", "account": "a.number", "account_name": "a.name", "at": "f.at",
        "used_on": "(f.at at time zone n.time_zone)::date",
        "counted_on": "(f.counted_at at time zone n.time_zone)::date",
        "quantity": "trim_scale(f.quantity)", "received_on": "f.received_at::date",
        "properties": "coalesce(f.properties::text, '')", "differs": DIFFERS,
        "state": "coalesce(d.decision, 'waiting')", "why": "coalesce(d.reason, '')", "by": "coalesce(u.name, '')",
    },
    tables="""usage_finding f join agreement g on g.id = f.agreement_id join account a on a.id = g.account_id
              join legal_entity n on n.id = g.entity_id left join usage_decision d on d.finding_id = f.id
              left join usage_event e on (e.source, e.event_id, e.at) = (f.source, f.event_id, f.counted_at)
              left join app_user u on u.id = d.decided_by_id""",
    id="f.id", book=IN_BOOK, sorts={"received": Sort("f.id", "bigint")},
    filters={
        "text": f"f.event_id = %(value)s or f.source = %(value)s or {TEXT}",
        "state": "coalesce(d.decision, 'waiting') = %(value)s", "agreement": "g.number = %(value)s",
        "account": "a.number = %(value)s",
    },
)


def used(*, actor: Actor, on: date, query: Query) -> Page:
    """A page of what is used in the actor's book; columns, filters and sorts as `USED`."""
    return listing.page(USED, query, actor=actor, on=on)


def every_used(*, actor: Actor, on: date, query: Query) -> Iterator[dict[str, Any]]:
    """All of it, for an export."""
    return listing.every(USED, query, actor=actor, on=on)


def events(*, actor: Actor, on: date, query: Query) -> Page:
    """A page of events in the actor's book; columns, filters and sorts as `EVENTS`."""
    return listing.page(EVENTS, query, actor=actor, on=on)


def every_event(*, actor: Actor, on: date, query: Query) -> Iterator[dict[str, Any]]:
    """All of them, for an export."""
    return listing.every(EVENTS, query, actor=actor, on=on)


def findings(*, actor: Actor, on: date, query: Query) -> Page:
    """A page of findings in the actor's book; columns, filters and sorts as `FINDINGS`."""
    return listing.page(FINDINGS, query, actor=actor, on=on)


def every_finding(*, actor: Actor, on: date, query: Query) -> Iterator[dict[str, Any]]:
    """All of them, for an export."""
    return listing.every(FINDINGS, query, actor=actor, on=on)


def waiting(*, actor: Actor, on: date) -> int:
    """How many findings in the actor's book wait for a decision."""
    query = f"""select count(*) from usage_finding f join agreement g on g.id = f.agreement_id
                  join account a on a.id = g.account_id
                 where not exists (select from usage_decision d where d.finding_id = f.id)
                   and (%(everywhere)s or {IN_BOOK})"""
    return int(frames.rows(query, {"everywhere": actor.may_everywhere("read"), "user": actor.user_id, "on": on})[0][0])
