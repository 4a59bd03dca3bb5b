"""From unbilled work and due charges to drafts: frames in, engine, frames out. Nothing here writes.

The way of the data: `collect` reads (terms, work, rates, spans) → `compute` prices, taxes and totals → `storing`
writes. A preview, a bill run of a hundred thousand accounts and the benchmark go this one way.
"""

import hashlib
from dataclasses import dataclass
from datetime import date
from typing import Final

import polars as pl

from duly.billing.agreements.queries import rates_frame, terms_frame
from duly.billing.invoicing import queries, tax_splits, taxing
from duly.billing.invoicing.withholding import withheld_from
from duly.billing.work.models import WORK_KINDS
from duly.billing.work.pricing import with_terms
from duly.billing.work.queries import unbilled_frame
from duly.engine.pricing import due_spans, price
from duly.engine.totals import totals

REVIEW_ORDER: Final = ("none", "peer", "peer_and_client")
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
    """Everything a computation reads, as frames: work joined with its terms, charges due, rates, spans billed.

    `parties` has a row for each possible document, with the facts of `queries.with_parties`.
    """

    scope: Scope
    agreements: pl.DataFrame
    parties: pl.DataFrame
    terms: pl.DataFrame
    work: pl.DataFrame
    unpriced: pl.DataFrame
    rates: pl.DataFrame
    billed: pl.DataFrame


@dataclass(frozen=True, slots=True)
class Drafts:
    """Computed drafts, keyed by `document_key`, which is only their order here; `storing` gives them ids.

    headers      one row per draft, with account, entity, terms, service period and totals
    parties      what tax and checks know of seller and buyer of each
    lines        priced and taxed lines, by `line_key`
    tax_lines    tax per draft, category and rate
    withheld     what buyers keep back for the tax office, by name
    allocations  work → line, with quantity and amount
    spans        days of charges that lines bill
    evidence     the work on the lines, as the checks look at it
    unpriced     work that no rate prices, with the reason
    """

    headers: pl.DataFrame
    parties: pl.DataFrame
    lines: pl.DataFrame
    tax_lines: pl.DataFrame
    withheld: pl.DataFrame
    allocations: pl.DataFrame
    spans: pl.DataFrame
    evidence: pl.DataFrame
    unpriced: pl.DataFrame

    def digest(self) -> str:
        """SHA-256 over the content without ids given here, equal for equal input whenever it is computed."""
        content = hashlib.sha256()
        lines = self.lines.drop("line_key", "explanation", "taxes")
        for frame in (self.headers.drop("document_key"), lines, self.tax_lines):
            content.update(frame.write_csv().encode())
        return content.hexdigest()


def collect(scope: Scope) -> Inputs:
    """Read what the scope's drafts are made of; a handful of queries whatever its size."""
    terms = terms_frame(scope.entity_id, scope.accounts, snapshot=scope.snapshot)
    terms = terms.with_columns(pl.col("purchase_order").fill_null(""))
    agreements = _documents(terms, scope)
    work = unbilled_frame(scope.entity_id, scope.accounts, scope.period_to, scope.snapshot)
    matched, homeless = _priced_by(work, terms, agreements)
    cards = matched["rate_card_id"].drop_nulls().unique().to_list()
    charges = terms.filter(pl.col("kind").is_in(WORK_KINDS).not_())["charge_id"].unique().to_list()
    return Inputs(
        scope=scope, agreements=agreements, parties=_parties(agreements, scope), terms=terms, work=matched,
        unpriced=homeless,
        rates=rates_frame(cards, snapshot=scope.snapshot), billed=queries.billed_spans(charges),
    )


def _documents(terms: pl.DataFrame, scope: Scope) -> pl.DataFrame:
    """One row per agreement with the terms in force at the period's end and the document it goes on.

    Agreements share a document only where they say so and agree on payer, currency, order, payment terms and whether
    prices include tax.
    """
    begun = pl.col("terms_from") < pl.lit(scope.period_to)
    in_force = terms.sort("agreement_id", begun, "terms_from").unique("agreement_id", keep="last", maintain_order=True)
    apart = pl.when(pl.col("consolidate")).then(None).otherwise(pl.col("agreement_id")).alias("apart")
    chosen = in_force.select("agreement_id", *HEADER_TERMS, "time_annex", "requires_purchase_order", apart)
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


def compute(inputs: Inputs) -> Drafts:
    """Price, tax and total the inputs. Pure but for the dated tax rates, which `taxing` reads."""
    charges = inputs.terms.filter(pl.col("kind").is_in(WORK_KINDS).not_()).join(
        inputs.agreements.select("agreement_id", "document_key"), on="agreement_id", maintain_order="left")
    fixed = due_spans(charges, inputs.billed, inputs.scope.period_to)
    parted = tax_splits.parted(inputs.work, inputs.parties)
    priced = tax_splits.split(price(parted, fixed, inputs.rates), inputs.terms, inputs.parties)
    lines, tax_lines = taxing.taxed(priced.lines, inputs.parties)
    unpriced = pl.concat([inputs.unpriced, priced.problems.select("document_key", "work_id", "text")])
    headers, withheld = withheld_from(_headers(inputs, lines, tax_lines))
    return Drafts(
        headers=headers, parties=inputs.parties, lines=lines, tax_lines=tax_lines, withheld=withheld,
        allocations=priced.allocations, spans=priced.spans, unpriced=unpriced.select("document_key", "text"),
        evidence=_evidence(inputs.work, priced.allocations, lines),
    )


def _headers(inputs: Inputs, lines: pl.DataFrame, tax_lines: pl.DataFrame) -> pl.DataFrame:
    """One row per document that has lines; the strictest review of its lines' terms applies."""
    order = pl.Enum(REVIEW_ORDER)
    reviews = lines.join(inputs.terms.select("terms_id", "review"), on="terms_id", maintain_order="left")
    services = reviews.group_by("document_key", maintain_order=True).agg(
        pl.col("service_from").min(), pl.col("service_to").max(),
        pl.col("review").cast(order).max().cast(pl.String),
    )
    shared = inputs.agreements.group_by("document_key", maintain_order=True).agg(
        *(pl.col(name).first() for name in ("bill_to_id", "currency", "exponent", "payment_days", "purchase_order",
                                         "prices_include_tax")),
        pl.col("time_annex").any(),
    )
    return (
        services.join(shared, on="document_key", maintain_order="left")
        .join(totals(lines, tax_lines), on="document_key", maintain_order="left")
        .rename({"bill_to_id": "account_id"})
        .with_columns(
            pl.lit(inputs.scope.entity_id).cast(pl.Int64).alias("entity_id"), pl.lit("invoice").alias("kind"),
            pl.col("service_to").alias("tax_point"),
        )
        .sort("document_key")
    )


def _evidence(work: pl.DataFrame, allocations: pl.DataFrame, lines: pl.DataFrame) -> pl.DataFrame:
    """The allocated work as the checks see it; priced from the card a moment ago, so the card's price is the line's."""
    placed = lines.select("line_key", "position", "unit_price", pl.col("unit_price").alias("card_price"))
    return (
        allocations.select("work_id", "line_key")
        .join(work, on="work_id", maintain_order="left")
        .join(placed, on="line_key", maintain_order="left")
        .select("document_key", "position", "unit_price", "card_price", "kind", "work_id", "agreement_id", "project_id",
                "project", "person_id", "person", "role", "task", "description", "worked_on", "started_at",
                "quantity", pl.col("amount").alias("cost"), "rate_card_id")
    )
