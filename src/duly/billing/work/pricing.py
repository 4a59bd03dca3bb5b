"""Work by its terms: which charge prices it, at which exchange rate; and its price, for what is no document yet."""

from datetime import date
from typing import Final

import polars as pl

from duly.billing.agreements.queries import limits_frame, rates_frame
from duly.billing.kernel import frames
from duly.billing.work.models import WORK_KINDS
from duly.engine.pricing import Priced, price
from duly.engine.pricing.items import LIMIT, with_limits
from duly.engine.pricing.multipliers import DAY, day_hours

BY_CHARGE: Final = (
    "agreement_id", "kind", "currency", "exponent", "terms_id", "charge_project_id", "charge_name", "terms_from",
    "terms_to", "rate_card_id", "rounding", "increment_seconds", "minimum_seconds", "weekend_factor",
    "overtime_factor", "overtime_after_seconds", "markup", "grouping", "tax_class", "supply", "unit",
)
"""What a charge's terms give to the work they price."""

EXCHANGE: Final[frames.Schema] = {
    "cost_currency": pl.String, "currency": pl.String, "worked_on": pl.Date, "exchange_rate": frames.RATIO,
}

ON_A_DAY: Final[frames.Schema] = {
    "work_id": pl.Int64, "kind": pl.String, "agreement_id": pl.Int64, "charge_id": pl.Int64, "project_id": pl.Int64,
    "person_id": pl.Int64, "worked_on": pl.Date, "started_at": pl.String, "seconds": pl.Int64, "left": pl.Int64,
    "overtime": pl.Int64, "waits": pl.Boolean,
}
"""All entries of a day, to be matched with their charges, and what `engine.pricing.multipliers.DAY` asks of them."""


def with_terms(work: pl.DataFrame, terms: pl.DataFrame, limits: pl.DataFrame | None = None) -> pl.DataFrame:
    """Each work item with the charge terms of its day, its exchange rate and limit, as the engine prices it.

    `work` as `unbilled_frame` gives it, `terms` as `terms_frame`. A project's own charge goes before the
    agreement's, then the older charge. Work before the first version takes that version's terms (a check looks
    at it). Work for which its agreement has no charge is left out. `limits` (`engine.pricing.items.LIMIT`) are read
    where there are expenses, unless they are given.
    """
    matched = _converted(_matched(work, terms))
    return with_limits(matched, _limits(matched) if limits is None else limits)


def _matched(work: pl.DataFrame, terms: pl.DataFrame) -> pl.DataFrame:
    first = pl.col("terms_from").min().over("agreement_id")
    since = pl.when(pl.col("terms_from") == first).then(date.min).otherwise("terms_from")
    offered = terms.filter(pl.col("kind").is_in(WORK_KINDS)).with_columns(since.alias("terms_from")).select(
        *BY_CHARGE, pl.col("charge_id").alias("charge_of_terms"))
    day, project, milestone = pl.col("worked_on"), pl.col("charge_project_id"), pl.col("charge_id")
    fits = (
        (day >= pl.col("terms_from"))
        & (pl.col("terms_to").is_null() | (day < pl.col("terms_to")))
        & (project.is_null() | (project == pl.col("project_id")).fill_null(False))
        & (milestone.is_null() | (milestone == pl.col("charge_of_terms")))
    )
    return (
        work.join(offered, on=["agreement_id", "kind"], maintain_order="left")
        .filter(fits)
        .sort("work_id", project.is_null(), "charge_of_terms")
        .unique("work_id", keep="first", maintain_order=True)
        .with_columns(pl.col("charge_of_terms").alias("charge_id"))
        .drop("charge_of_terms", "charge_project_id", "terms_from", "terms_to")
    )


def with_day_hours(work: pl.DataFrame, terms: pl.DataFrame, *, snapshot: str | None = None,
                   billed: bool = True) -> pl.DataFrame:
    """Work with its terms as `with_terms` gives it, with `day_until` where a charge has overtime; else as it is.

    One query, for the days of these charges and people: each entry that is billable counts, whoever billed it. What was
    not approved within `snapshot` (text of a `pg_snapshot`) counts behind what was. Without `billed` the days are
    counted as if nothing were billed of them.
    """
    asked = work.filter((pl.col("kind") == "time") & pl.col("overtime_factor").is_not_null())
    if asked.is_empty():
        return work
    days = asked.select("agreement_id", "person_id", "worked_on").unique()
    found = frames.read("""select w.id, w.kind, w.agreement_id, w.charge_id, w.project_id, w.person_id, w.worked_on,
               w.started_at, w.quantity::bigint, (w.quantity - b.quantity)::bigint, b.overtime::bigint,
               w.approved_in is null or not (%(snapshot)s::text is null
                 or pg_visible_in_snapshot(w.approved_in, %(snapshot)s::text::pg_snapshot))
          from work_item w
          cross join lateral (
            select coalesce(sum(a.quantity), 0) as quantity, coalesce(sum(a.quantity) filter (where
                   l.explanation @> '[{"step": "multiplier", "why": "overtime"}]'), 0) as overtime
              from work_allocation a join invoice_line l on l.id = a.line_id
             where a.work_item_id = w.id and not a.released) b
         where w.kind = 'time' and w.billable and (w.agreement_id, w.person_id, w.worked_on) in (
            select * from unnest(%(agreements)s::bigint[], %(people)s::bigint[], %(days)s::date[]))""", {
        "snapshot": snapshot, "agreements": frames.array(days["agreement_id"]),
        "people": frames.array(days["person_id"]), "days": frames.array(days["worked_on"])}, ON_A_DAY)
    if not billed:
        found = found.with_columns(pl.col("seconds").alias("left"), pl.lit(0, pl.Int64).alias("overtime"))
    counted = day_hours(_matched(found, terms).select(list(DAY)))
    return work.join(counted, on="work_id", how="left", maintain_order="left")


def _limits(work: pl.DataFrame) -> pl.DataFrame:
    """The limits of the terms by which expenses among the work are priced."""
    spent = work.filter(pl.col("kind") == "expense")["terms_id"].unique().to_list()
    return limits_frame(spent) if spent else pl.DataFrame(schema=LIMIT)


def _converted(work: pl.DataFrame) -> pl.DataFrame:
    """With `exchange_rate`, dated, from the cost's currency to the agreement's; null where they are the same."""
    foreign = work.filter(pl.col("cost_currency") != pl.col("currency")).select(
        "cost_currency", "currency", "worked_on").unique()
    query = """select w.base, w.quote, w.day, (select x.rate from exchange_rate x
                      where x.base = w.base and x.quote = w.quote and x.valid_from <= w.day
                      order by x.valid_from desc limit 1)
                 from unnest(%s::text[], %s::text[], %s::date[]) as w (base, quote, day)"""
    rates = frames.read(query, [foreign[name].to_list() for name in foreign.columns], EXCHANGE)
    return work.join(rates, on=["cost_currency", "currency", "worked_on"], how="left", maintain_order="left")


def priced(work: pl.DataFrame, terms: pl.DataFrame, *, billed: bool = True) -> Priced:
    """The price of work by its `document_key`, as if each were a document; fixed charges stay out.

    Work without a charge is among the problems, beside what the engine cannot price. Without `billed` it is the price
    that work would have if nothing of it were billed.
    """
    ready = with_day_hours(with_terms(work, terms), terms, billed=billed)
    found = price(ready, _nothing_fixed(terms), rates_frame(ready["rate_card_id"].drop_nulls().unique().to_list()))
    homeless = work.join(ready, on="work_id", how="anti").select("work_id", "document_key", pl.format(
        "the agreement has no charge for work of the kind “{}”; add one.", "kind").alias("text"))
    return Priced(found.lines, found.allocations, found.spans, pl.concat([found.problems, homeless]))


def _nothing_fixed(terms: pl.DataFrame) -> pl.DataFrame:
    """No due charges, in the engine's shape."""
    whole, day = pl.lit(None, dtype=pl.Int64), pl.lit(None, dtype=pl.Date)
    return terms.clear().with_columns(
        whole.alias("document_key"), whole.alias("days"), whole.alias("period_days"),
        day.alias("span_from"), day.alias("span_to"),
    )
