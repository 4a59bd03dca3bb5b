"""What drafts are made of: terms, work, rates, days billed and open advances, read as frames. Nothing here writes."""

from dataclasses import dataclass
from datetime import date
from typing import Final

import polars as pl

from duly.billing.agreements.queries import rates_frame, terms_frame, thresholds_frame
from duly.billing.invoicing import history, queries
from duly.billing.invoicing.falling_due import Fees, fees, in_force, with_covered
from duly.billing.invoicing.vouchers import open_vouchers
from duly.billing.work.pricing import with_day_hours, with_terms
from duly.billing.work.queries import unbilled_frame

HEADER_TERMS: Final = ("bill_to_id", "currency", "exponent", "payment_days", "purchase_order", "prices_include_tax",
                       "consolidate")


@dataclass(frozen=True, slots=True)
class Scope:
    """What a run or preview looks at. `period_to` is exclusive; `snapshot` is the input cut-off of a run."""

    entity_id: int
    period_from: date
    period_to: date
    on: date
    accounts: tuple[int, ...]
    snapshot: str | None


@dataclass(frozen=True, slots=True)
class Inputs:
    """Everything a computation reads, as frames: work joined with its terms, fees, rates, spans billed, advances.

    `parties` has a row for each possible document, with the facts of `queries.with_parties`. `thresholds` are those of
    agreements that bill in between, `thresholds_frame` with their agreement_id. `advances` are those of
    `history.ADVANCES`, with the charges that they cover; `vouchers` those of `vouchers.OPEN`.
    """

    scope: Scope
    agreements: pl.DataFrame
    parties: pl.DataFrame
    terms: pl.DataFrame
    work: pl.DataFrame
    unpriced: pl.DataFrame
    rates: pl.DataFrame
    fees: Fees
    billed: pl.DataFrame
    thresholds: pl.DataFrame
    advances: pl.DataFrame
    vouchers: pl.DataFrame


def collect(scope: Scope) -> Inputs:
    """Read what the scope's drafts are made of; a handful of queries whatever its size."""
    terms = terms_frame(scope.entity_id, scope.accounts, snapshot=scope.snapshot)
    terms = terms.with_columns(pl.col("purchase_order").fill_null(""))
    agreements = _documents(terms, scope)
    work = unbilled_frame(scope.entity_id, scope.accounts, scope.period_to, scope.snapshot)
    matched, homeless = _priced_by(work, terms, agreements)
    matched = with_day_hours(matched, terms, snapshot=scope.snapshot)
    cards = matched["rate_card_id"].drop_nulls().unique().to_list()
    charged = fees(terms, scope.period_to)
    thresholds = agreements.select("agreement_id", "version_id").join(
        thresholds_frame(agreements["version_id"].to_list()), on="version_id")
    selling = terms.filter("untaxed")["agreement_id"].unique(maintain_order=True).to_list()
    return Inputs(
        scope=scope, agreements=agreements, parties=_parties(agreements, scope), terms=terms, work=matched,
        unpriced=homeless, fees=charged, thresholds=thresholds, advances=_advances(terms, thresholds, charged),
        vouchers=open_vouchers(selling),
        rates=rates_frame(cards, snapshot=scope.snapshot),
        billed=queries.billed_spans(charged.terms["charge_id"].unique().to_list()),
    )


def _advances(terms: pl.DataFrame, thresholds: pl.DataFrame, charged: Fees) -> pl.DataFrame:
    """What agreements that bill in advance, with tax, or in between have open."""
    kinds = terms.filter(pl.col("kind").is_in(("deposit", "credit")) & ~pl.col("untaxed"))
    billing = sorted({*kinds["agreement_id"], *thresholds["agreement_id"]})
    found = history.advances(billing, charged.including) if billing else pl.DataFrame(schema=history.ADVANCES)
    return with_covered(found, "line_id", terms)


def _documents(terms: pl.DataFrame, scope: Scope) -> pl.DataFrame:
    """One row per agreement with the terms in force at the period's end and the document it goes on.

    Agreements share a document only where they say so and agree on payer, currency, order, payment terms and whether
    prices include tax.
    """
    apart = pl.when(pl.col("consolidate")).then(None).otherwise(pl.col("agreement_id")).alias("apart")
    chosen = in_force(terms, scope.period_to).select(
        "agreement_id", "version_id", *HEADER_TERMS, "cap", "cap_behaviour", "time_annex", "requires_purchase_order",
        apart)
    key = ["bill_to_id", "currency", "payment_days", "purchase_order", "prices_include_tax", "apart"]
    documents = chosen.select(key).unique().sort(key, nulls_last=True).with_row_index("document_key", offset=1)
    return chosen.join(documents, on=key, nulls_equal=True).with_columns(pl.col("document_key").cast(pl.Int64))


def _parties(agreements: pl.DataFrame, scope: Scope) -> pl.DataFrame:
    payer = pl.col("bill_to_id").alias("account_id")
    documents = agreements.select("document_key", payer, "prices_include_tax").unique(maintain_order=True)
    return queries.with_parties(documents.with_columns(pl.lit(scope.entity_id, pl.Int64).alias("entity_id")))


def _priced_by(work: pl.DataFrame, terms: pl.DataFrame, agreements: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Work with its charge's terms and its document; and the work that its agreement has no charge for."""
    documents = agreements.select("agreement_id", "document_key")
    matched = with_terms(work, terms).join(documents, on="agreement_id", maintain_order="left")
    homeless = work.join(matched, on="work_id", how="anti").join(documents, on="agreement_id").select(
        "document_key", "work_id",
        pl.format("the agreement has no charge for work of the kind “{}”; add one.", "kind").alias("text"))
    return matched, homeless
