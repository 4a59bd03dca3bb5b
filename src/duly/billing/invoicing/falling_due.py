"""What charges have fallen due: fees with their phases, trials and pauses, periods of measured use, commitments, and
credits for days that are billed and no longer agreed.

Versions that agree the same of a charge are one: a change of something else neither parts a period nor credits it.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

import polars as pl

from duly.billing.agreements.queries import SEPARATOR, TERMS, pauses_frame, phases_frame, tiers_frame
from duly.billing.invoicing import history, queries
from duly.billing.work.models import WORK_KINDS
from duly.engine.pricing import due_spans
from duly.engine.pricing.phases import phased, with_trials
from duly.engine.pricing.spans import gaps
from duly.engine.pricing.tiers import TIER
from duly.engine.pricing.unused import CREDIT, Settled, in_stretches, settle

ONE_DAY: Final = timedelta(days=1)
MEASURED: Final = ("usage", "percentage", "balance")
ONCE: Final = ("one_off", "deposit", "credit")

OF_VERSION: Final = ("version_id", "terms_id", "terms_from", "terms_to", "review", "grouping", "consolidate",
                     "time_annex", "payment_days", "purchase_order_id", "purchase_order", "cap", "cap_behaviour",
                     "prices_include_tax")
AGREED: Final = [name for name in TERMS if name not in OF_VERSION]
"""What makes two versions' terms of a charge the same."""

TAKEN_BACK: Final = {"line_id": pl.Int64, "charge_id": pl.Int64, "span_from": pl.Date, "span_to": pl.Date}
PAUSED: Final = {"charge_id": pl.Int64, "paused_from": pl.Date, "paused_to": pl.Date}


@dataclass(frozen=True, slots=True)
class Fees:
    """The terms of charges that are not for work, each version's that differs, with what belongs to them.

    tiers     `engine.pricing.tiers.TIER`
    steps     `engine.pricing.phases.STEP`
    pauses    charge_id, paused_from, paused_to
    prepaid   `history.PREPAID` of charges some of whose billed days may not be agreed any more, by the terms that
              stand for those of a version that agreed the same
    including the agreements whose prices include tax at the end of the period
    """

    terms: pl.DataFrame
    tiers: pl.DataFrame
    steps: pl.DataFrame
    pauses: pl.DataFrame
    prepaid: pl.DataFrame
    including: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Due:
    """Due spans by what they bill: `fixed` recurring and one-off fees, `measured` periods of use, `committed` periods
    of commitments (as `spans.due_spans` answers them); and `credits` (`unused.CREDIT`) of days that are taken back.

    `planned` are the terms that they follow from, as `due_spans` takes them, by document, and `pauses` those of
    `Fees`; `taken_back` the days of `credits`, by the line that billed them: line_id, charge_id, span_from, span_to.
    `including` is that of `Fees`."""

    planned: pl.DataFrame
    pauses: pl.DataFrame
    fixed: pl.DataFrame
    measured: pl.DataFrame
    committed: pl.DataFrame
    credits: pl.DataFrame
    taken_back: pl.DataFrame
    including: tuple[int, ...]


def fees(every: pl.DataFrame, through: date) -> Fees:
    """Read what belongs to the charges of these terms (`terms_frame`) that are not for work; nothing where they are
    plain. Terms have `covered` besides: the charges that they cover, null for all."""
    terms = with_covered(every, "terms_id", every).filter(~pl.col("kind").is_in(WORK_KINDS))
    parted = terms.filter((pl.col("price").is_null()) | (pl.col("model") != "per_unit"))
    tiers = pl.concat([tiers_frame(parted["terms_id"].to_list()), _of_one_rate(parted)]) if parted.height else (
        pl.DataFrame(schema=TIER))
    steps = phases_frame(terms.filter(pl.col("kind") == "recurring")["terms_id"].to_list())
    pauses = _of_charges(pauses_frame(terms["agreement_id"].unique().to_list()), terms)
    merged, renamed = _merged(terms, tiers, steps, through)
    including = _including(every, through)
    return Fees(merged, tiers, steps, pauses, _prepaid(merged, renamed, pauses, including), including)


def in_force(terms: pl.DataFrame, through: date) -> pl.DataFrame:
    """The terms of each agreement that hold at the end of a period; before its first ones, those."""
    begun = pl.col("terms_from") < pl.lit(through)
    return terms.sort("agreement_id", begun, "terms_from").unique("agreement_id", keep="last", maintain_order=True)


def _including(terms: pl.DataFrame, through: date) -> tuple[int, ...]:
    return tuple(in_force(terms, through).filter("prices_include_tax")["agreement_id"])


def _of_one_rate(terms: pl.DataFrame) -> pl.DataFrame:
    """A fee at one rate on what is held is one of a single tier."""
    held = terms.filter((pl.col("kind") == "balance") & pl.col("rate").is_not_null())
    return held.select("terms_id", pl.lit(0).alias("above"), pl.lit(None).alias("up_to"), pl.col("rate").alias("price"),
                       pl.lit(0).alias("flat")).select(pl.col(name).cast(kind) for name, kind in TIER.items())


def with_covered(rows: pl.DataFrame, key: str, terms: pl.DataFrame) -> pl.DataFrame:
    """`rows` (agreement_id, covers, and their id `key`) with `covered`: the codes as charges of the agreement's
    `terms`, null for all."""
    named = rows.filter(pl.col("covers").fill_null("") != "")
    if named.is_empty():
        return rows.with_columns(pl.lit(None, pl.List(pl.Int64)).alias("covered"))
    codes = (pl.col("charge").alias("code"), pl.col("charge_id").alias("of_code"))
    charges = terms.select("agreement_id", *codes).unique()
    found = named.select(key, "agreement_id", pl.col("covers").str.split(SEPARATOR).alias("code")).explode(
        "code").join(charges, on=["agreement_id", "code"]).group_by(key).agg(pl.col("of_code").sort().alias("covered"))
    return rows.join(found, on=key, how="left", maintain_order="left")


def _of_charges(pauses: pl.DataFrame, terms: pl.DataFrame) -> pl.DataFrame:
    """A pause of the whole agreement is one of each of its recurring charges."""
    if pauses.is_empty():
        return pl.DataFrame(schema=PAUSED)
    recurring = terms.filter(pl.col("kind") == "recurring").select(
        "agreement_id", pl.col("charge_id").alias("of_agreement")).unique()
    whole = pauses.filter(pl.col("charge_id").is_null()).join(recurring, on="agreement_id").with_columns(
        pl.col("of_agreement").alias("charge_id"))
    own = pauses.filter(pl.col("charge_id").is_not_null())
    both = pl.concat([own.select(list(PAUSED)), whole.select(list(PAUSED))])
    return both.sort(list(PAUSED)[:2])


def _merged(terms: pl.DataFrame, tiers: pl.DataFrame, steps: pl.DataFrame,
            through: date) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Terms with those of versions that follow each other and agree the same as one; what each went by before.

    They go by the latest terms that have begun, which also say who reviews.
    """
    same = terms.select("terms_id", pl.col("terms_id").alias("merged_id"))
    if not terms["charge_id"].is_duplicated().any():
        return terms, same
    parts = [_said(tiers, "tiers"), _said(steps, "steps")]
    said = terms.sort("charge_id", "terms_from")
    for part in parts:
        said = said.join(part, on="terms_id", how="left", maintain_order="left")
    agreed = [*AGREED, "tiers", "steps"]
    differs = pl.any_horizontal(pl.col(name).ne_missing(pl.col(name).shift()) for name in agreed)
    apart = differs | pl.col("terms_from").ne_missing(pl.col("terms_to").shift())
    runs = said.with_columns(apart.cum_sum().alias("run")).with_columns(
        pl.col("terms_from").min().over("run").alias("first"),
        pl.when(pl.col("terms_to").is_null().any().over("run")).then(None)
        .otherwise(pl.col("terms_to").max().over("run")).alias("last"))
    begun = (pl.col("terms_from") < pl.lit(through)).cast(pl.Int8)
    chosen = runs.sort("run", begun, pl.when(begun == 1).then("terms_from").otherwise(None), nulls_last=False).unique(
        "run", keep="last", maintain_order=True)
    renamed = runs.select("terms_id", "run").join(chosen.select("run", pl.col("terms_id").alias("merged_id")), on="run")
    whole = chosen.with_columns(pl.col("first").alias("terms_from"), pl.col("last").alias("terms_to"))
    return whole.select(terms.columns).sort("agreement_id", "terms_from", "charge_id"), renamed.drop("run")


def _said(rows: pl.DataFrame, name: str) -> pl.DataFrame:
    """Rows of terms as one text for each."""
    each = pl.concat_str([pl.col(column).cast(pl.String).fill_null("-") for column in rows.columns[1:]], separator=":")
    return rows.group_by("terms_id", maintain_order=True).agg(each.str.join(";").alias(name))


def _prepaid(terms: pl.DataFrame, renamed: pl.DataFrame, pauses: pl.DataFrame,
             including: tuple[int, ...]) -> pl.DataFrame:
    """Billed days of charges whose terms end, or that are paused: only they can be billed for days not agreed."""
    recurring = terms.filter(pl.col("kind") == "recurring")
    ending = recurring.filter(pl.col("terms_to").is_not_null() | pl.col("agreement_to").is_not_null())["charge_id"]
    charges = sorted({*ending, *pauses["charge_id"]})
    if not charges:
        return pl.DataFrame(schema=history.PREPAID)
    billed = history.prepaid(charges, including)
    return billed.join(renamed, on="terms_id", how="left", maintain_order="left").with_columns(
        pl.coalesce("merged_id", "terms_id").alias("terms_id")).drop("merged_id")


def due(found: Fees, documents: pl.DataFrame, billed: pl.DataFrame, through: date) -> Due:
    """What is due before `through` (exclusive).

    documents   agreement_id, document_key: the document that an agreement's lines go on
    billed      charge_id, span_from, span_to of what is billed already
    """
    terms = found.terms.join(documents, on="agreement_id", maintain_order="left")
    planned = _planned(terms, found)
    changed = _no_longer_agreed(planned, found)
    here = planned.filter(~pl.col("charge_id").is_in(changed.implode()))
    spans = due_spans(here, billed.filter(~pl.col("charge_id").is_in(changed.implode())), through, found.pauses)
    credits, taken_back = pl.DataFrame(schema=CREDIT), pl.DataFrame(schema=TAKEN_BACK)
    if not changed.is_empty():
        again = planned.filter(pl.col("charge_id").is_in(changed.implode()))
        lines = _as_billed(found, again)
        drafted = billed.filter(pl.col("charge_id").is_in(changed.implode())).join(
            found.prepaid, on=billed.columns, how="anti")
        settled = settle(again, again, lines, through, found.pauses, drafted)
        spans, credits = pl.concat([spans, settled.due.select(spans.columns)]), settled.credits
        taken_back = _taken_back(lines, settled)
    of = pl.col("charge_kind")
    return Due(planned, found.pauses, spans.filter(of.is_in(("recurring", *ONCE))),
               _whole(spans.filter(of.is_in(MEASURED))), _whole(spans.filter(of == "commitment")), credits, taken_back,
               found.including)


def periods_of(terms: pl.DataFrame, through: date, pauses: pl.DataFrame | None = None) -> pl.DataFrame:
    """The periods of these terms that are over by `through`, or in advance have begun, billed or not."""
    return due_spans(terms, pl.DataFrame(schema=queries.BILLED_SPANS), through, pauses)


def begun(terms: pl.DataFrame, through: date, pauses: pl.DataFrame | None = None) -> pl.DataFrame:
    """The periods of these terms that have begun before `through`, billed or not."""
    return periods_of(terms.with_columns(pl.lit("advance").alias("timing")), through, pauses)


def _taken_back(lines: pl.DataFrame, settled: Settled) -> pl.DataFrame:
    """The days of the credited lines that are not billed any more."""
    left = settled.billed.sort("span_from").group_by("line_id").agg(pl.struct("span_from", "span_to").alias("left"))
    credited = lines.join(settled.credits.select("line_id").unique(), on="line_id", how="semi").join(
        left, on="line_id", how="left")
    rows = [(line, charge, *stretch) for line, charge, start, end, kept in
            credited.select("line_id", "charge_id", "span_from", "span_to", "left").iter_rows()
            for stretch in gaps(start, end, [(one["span_from"], one["span_to"]) for one in kept or ()
                                             if one["span_to"] > start and one["span_from"] < end])]
    return pl.DataFrame(rows, schema=TAKEN_BACK, orient="row")


def _whole(spans: pl.DataFrame) -> pl.DataFrame:
    """Spans of what was measured go by the kind of their charge again."""
    return spans.with_columns(pl.col("charge_kind").alias("kind"))


def _planned(terms: pl.DataFrame, found: Fees) -> pl.DataFrame:
    """Terms as `due_spans` takes them: what is measured recurs in arrears; fees with their phases and trials."""
    kind = pl.col("kind")
    recurs = kind.is_in((*MEASURED, "commitment"))
    named = terms.with_columns(
        kind.alias("charge_kind"),
        pl.when(kind.is_in(ONCE)).then(pl.lit("one_off")).when(recurs).then(pl.lit("recurring")).otherwise(kind)
        .alias("kind"),
        pl.when(recurs).then(pl.lit("arrears")).otherwise("timing").alias("timing"),
        pl.when(recurs).then(pl.lit("by_day")).otherwise("proration").alias("proration"))
    stepped = phased(named, found.steps) if found.steps.height else named
    trials = stepped.filter(pl.col("trial_days").is_not_null() | pl.col("trial_until").is_not_null())
    if trials.is_empty():
        return stepped
    first = trials.sort("charge_id", "terms_from").unique("charge_id", keep="first", maintain_order=True).select(
        "charge_id", "trial_days", "trial_until", pl.col("trial_price").alias("price"))
    plain = stepped.drop("trial_days", "trial_until", "trial_price")
    tried = with_trials(plain, first)
    own = stepped.select("charge_id", "trial_days", "trial_until", "trial_price").unique("charge_id")
    return tried.join(own, on="charge_id", how="left", maintain_order="left").select(stepped.columns)


def _as_billed(found: Fees, terms: pl.DataFrame) -> pl.DataFrame:
    """Billed lines of these charges as `settle` takes them: on their document, what is left of a line shared out to the
    stretches that are left of its days."""
    documents = terms.select("charge_id", "document_key").unique()
    lines = found.prepaid.join(documents, on="charge_id", maintain_order="left")
    return in_stretches(lines, terms)


def _no_longer_agreed(planned: pl.DataFrame, found: Fees) -> pl.Series:
    """The charges that have billed days for which their terms do not hold any more, or that are paused."""
    if found.prepaid.is_empty():
        return pl.Series("charge_id", [], dtype=pl.Int64)
    ends = pl.min_horizontal("terms_to", pl.col("agreement_to") + ONE_DAY)
    holding = planned.group_by("terms_id").agg(
        pl.when(ends.is_null().any()).then(None).otherwise(ends.max()).alias("until"),
        pl.col("terms_from").min().alias("since"))
    lines = found.prepaid.join(holding, on="terms_id", how="left")
    ended = pl.col("since").is_null() | (pl.col("span_to") > pl.col("until")).fill_null(False)
    over = lines.filter(ended)["charge_id"]
    paused = lines.join(found.pauses, on="charge_id").filter(
        (pl.col("paused_from") < pl.col("span_to"))
        & (pl.col("paused_to").is_null() | (pl.col("paused_to") > pl.col("span_from"))))["charge_id"]
    return pl.concat([over, paused]).unique()
