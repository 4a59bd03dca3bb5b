"""Frames of agreed terms and dated rates: what a bill run prices by."""

from collections.abc import Sequence
from datetime import date
from typing import Final

import polars as pl

from duly.billing.accounts.queries import BILLED_TO, IN_BOOK
from duly.billing.kernel import frames
from duly.billing.kernel.authority import Actor
from duly.billing.kernel.frames import MONEY, PRICE, QUANTITY
from duly.engine.pricing.items import LIMIT
from duly.engine.pricing.phases import STEP
from duly.engine.pricing.tiers import TIER

TERMS: Final[frames.Schema] = {
    "agreement_id": pl.Int64, "agreement": pl.String, "agreement_name": pl.String, "entity_id": pl.Int64,
    "account_id": pl.Int64, "bill_to_id": pl.Int64, "currency": pl.String, "exponent": pl.Int8,
    "agreement_from": pl.Date, "agreement_to": pl.Date,
    "version_id": pl.Int64, "terms_from": pl.Date, "terms_to": pl.Date,
    "review": pl.String, "grouping": pl.String, "consolidate": pl.Boolean, "time_annex": pl.Boolean,
    "prices_include_tax": pl.Boolean,
    "payment_days": pl.Int64, "purchase_order_id": pl.Int64, "purchase_order": pl.String,
    "requires_purchase_order": pl.Boolean, "cap": MONEY, "cap_behaviour": pl.String,
    "terms_id": pl.Int64, "charge_id": pl.Int64, "charge": pl.String, "kind": pl.String, "charge_name": pl.String,
    "tax_class": pl.String, "supply": pl.String, "unit": pl.String, "charge_project_id": pl.Int64,
    "rate_card_id": pl.Int64, "rounding": pl.String, "increment_seconds": pl.Int64, "minimum_seconds": pl.Int64,
    "weekend_factor": PRICE, "overtime_factor": PRICE, "overtime_after_seconds": pl.Int64, "markup": PRICE,
    "price": PRICE, "quantity": QUANTITY, "interval": pl.String, "interval_count": pl.Int64,
    "alignment": pl.String, "anchor": pl.Date, "timing": pl.String, "proration": pl.String, "due_on": pl.Date,
    "model": pl.String, "included": QUANTITY, "package_size": QUANTITY, "minimum": MONEY, "maximum": MONEY,
    "metric_id": pl.Int64, "rate": PRICE, "fixed": PRICE, "minimum_fee": PRICE, "maximum_fee": PRICE,
    "free_count": pl.Int64, "free_amount": QUANTITY, "basis": pl.String, "day_count": pl.String,
    "proration_down": pl.String, "trial_days": pl.Int64, "trial_until": pl.Date, "trial_price": PRICE,
    "grants": QUANTITY, "grants_of": pl.String, "rollover": pl.Int64, "borrow": pl.Boolean, "covers": pl.String,
    "priority": pl.Int64, "expires_on": pl.Date, "untaxed": pl.Boolean, "timezone": pl.String,
}
SEPARATOR: Final = "\x1f"
"""Between the codes in `covers` and a discount's `charges`."""

RATES: Final[frames.Schema] = {
    "rate_card_id": pl.Int64, "rate_id": pl.Int64, "person_id": pl.Int64, "project_id": pl.Int64,
    "role": pl.String, "task": pl.String, "price": PRICE, "valid_from": pl.Date, "valid_to": pl.Date,
}

VISIBLE = "(%(snapshot)s::pg_snapshot is null or pg_visible_in_snapshot({}.recorded_in, %(snapshot)s::pg_snapshot))"


def agreements_in_book(actor: Actor, right: str, numbers: Sequence[str], on: date) -> dict[str, int]:
    """The ids, by number, of those of these agreements that are in the actor's book; the others are left out."""
    query = f"""select g.number, g.id from agreement g join account a on a.id = g.account_id
                 where g.number = any(%(numbers)s) and (%(everywhere)s or {IN_BOOK})"""
    return dict(frames.rows(query, {"numbers": list(numbers), "everywhere": actor.may_everywhere(right),
                                    "user": actor.user_id, "on": on}))


def terms_frame(entity_id: int, bill_to: Sequence[int], *, snapshot: str | None = None,
                kinds: Sequence[str] | None = None) -> pl.DataFrame:
    """Every charge's terms in every version of the entity's agreements that these bill-to accounts pay for.

    One row per (version, charge), the columns of `TERMS`, sorted by agreement, version and charge.

    - The terms hold in [terms_from, terms_to); `terms_to` is null in the last version. A charge that a later
      version leaves out ends with the version before. `agreement_to` is the agreement's last billed day.
    - `bill_to_id` receives the invoice for `account_id`. `payment_days` are the version's, else the payer's.
    - `charge_project_id`, where set, narrows a charge of work to one project.
    - `covers` are the codes of charges between `SEPARATOR`s; `timezone` is the entity's.
    - With `snapshot` (a `pg_snapshot` as text), only versions written by transactions that it sees.
    - With `kinds`, only charges of these kinds.
    """
    query = f"""
        with version as (
            select v.*, lead(v.valid_from) over (partition by v.agreement_id order by v.valid_from) as valid_to
              from agreement_version v
              join agreement a on a.id = v.agreement_id
             where a.entity_id = %(entity)s and a.account_id in ({BILLED_TO})
               and {VISIBLE.format("v")})
        select a.id, a.number, a.name, a.entity_id, c.id, p.id, a.currency, currency_exponent(a.currency),
               a.starts_on, a.ends_on, v.id, v.valid_from, v.valid_to, v.review, v.grouping, v.consolidate,
               v.time_annex, v.prices_include_tax, coalesce(v.payment_days, p.payment_days), o.id, o.number,
               c.requires_purchase_order, v.cap, v.cap_behaviour, t.id, h.id, h.code, h.kind, t.name, t.tax_class,
               t.supply, t.unit, t.project_id, t.rate_card_id, t.rounding, t.increment_seconds, t.minimum_seconds,
               t.weekend_factor, t.overtime_factor, t.overtime_after_seconds,
               t.markup, t.price, t.quantity, t.interval, t.interval_count, t.alignment, t.anchor, t.timing,
               t.proration, t.due_on, t.model, t.included, t.package_size, t.minimum, t.maximum, t.metric_id, t.rate,
               t.fixed, t.minimum_fee, t.maximum_fee, t.free_count, t.free_amount, t.basis, t.day_count,
               t.proration_down, t.trial_days, t.trial_until, t.trial_price, t.grants, t.grants_of, t.rollover,
               t.borrow, array_to_string(t.covers, '{SEPARATOR}'), t.priority, t.expires_on, t.untaxed, e.time_zone
          from version v
          join agreement a on a.id = v.agreement_id
          join legal_entity e on e.id = a.entity_id
          join account c on c.id = a.account_id
          join account p on p.id = coalesce(c.bill_to_id, c.id)
          join charge_terms t on t.version_id = v.id
          join charge h on h.id = t.charge_id
          left join purchase_order o on o.id = v.purchase_order_id
         where %(kinds)s::text[] is null or h.kind = any(%(kinds)s)
         order by a.id, v.valid_from, h.id"""
    values = {"entity": entity_id, "accounts": list(bill_to), "snapshot": snapshot,
              "kinds": None if kinds is None else list(kinds)}
    return frames.read(query, values, TERMS)


DISCOUNTS: Final[frames.Schema] = {
    "version_id": pl.Int64, "discount_id": pl.Int64, "order": pl.Int64, "name": pl.String, "scope": pl.String,
    "charges": pl.String, "rate": PRICE, "off": MONEY,
}
PAUSES: Final[frames.Schema] = {
    "agreement_id": pl.Int64, "charge_id": pl.Int64, "paused_from": pl.Date, "paused_to": pl.Date,
}


def tiers_frame(terms: Sequence[int]) -> pl.DataFrame:
    """The tiers of these terms, as the engine takes them (`engine.pricing.tiers.TIER`)."""
    return frames.read("""select terms_id, above, up_to, price, flat from charge_tier where terms_id = any(%s)
        order by terms_id, above""", [list(terms)], TIER)


def phases_frame(terms: Sequence[int]) -> pl.DataFrame:
    """The phases of these terms, as the engine takes them (`engine.pricing.phases.STEP`)."""
    return frames.read("""select terms_id, begins_on, price, quantity from charge_phase where terms_id = any(%s)
        order by terms_id, begins_on""", [list(terms)], STEP)


def limits_frame(terms: Sequence[int]) -> pl.DataFrame:
    """The limits of these terms' expenses, as the engine takes them (`engine.pricing.items.LIMIT`)."""
    return frames.read("select terms_id, category, at_most from expense_limit where terms_id = any(%s) order by id",
                       [list(terms)], LIMIT)


def discounts_frame(versions: Sequence[int]) -> pl.DataFrame:
    """The discounts of these versions in their order: the columns of `DISCOUNTS`."""
    return frames.read(f"""select version_id, id, position, name, scope, array_to_string(charges, '{SEPARATOR}'), rate,
        "off" from discount where version_id = any(%s) order by version_id, position""", [list(versions)], DISCOUNTS)


def thresholds_frame(versions: Sequence[int]) -> pl.DataFrame:
    """Those of these versions that bill in between: version_id, thresholds (with commas between them), every."""
    return frames.read("""select id, array_to_string(progressive_thresholds, ','), progressive_every
          from agreement_version where id = any(%s)
           and (cardinality(progressive_thresholds) > 0 or progressive_every is not null)""", [list(versions)],
                       {"version_id": pl.Int64, "thresholds": pl.String, "every": MONEY})


def pauses_frame(agreements: Sequence[int]) -> pl.DataFrame:
    """The pauses of these agreements: the columns of `PAUSES`, a null charge pauses all that recur."""
    return frames.read("""select agreement_id, charge_id, paused_from, paused_to from agreement_pause
        where agreement_id = any(%s) order by agreement_id, paused_from""", [list(agreements)], PAUSES)


def rates_frame(cards: Sequence[int], *, snapshot: str | None = None) -> pl.DataFrame:
    """The dated prices per hour of these rate cards: the columns of `RATES`, as the engine takes them.

    A rate holds in [valid_from, valid_to): until the next of the same key begins. Where the next one has no
    price the key simply ends. Null in person, project, role or task matches everything. `snapshot` as above.
    """
    query = f"""
        select * from (
            select r.card_id, r.id, r.person_id, r.project_id, nullif(r.role, ''), nullif(r.task, ''), r.price,
                   r.valid_from, lead(r.valid_from) over (
                       partition by r.card_id, r.person_id, r.project_id, r.role, r.task order by r.valid_from)
              from rate r where r.card_id = any(%(cards)s) and {VISIBLE.format("r")}
             order by r.card_id, r.id) dated (card, id, person, project, role, task, price, valid_from, valid_to)
         where price is not null"""
    return frames.read(query, {"cards": list(cards), "snapshot": snapshot}, RATES)
