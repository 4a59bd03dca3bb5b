"""From unbilled work and due charges to drafts: frames in, engine, frames out. Nothing here writes.

The way of the data: `collecting` reads (terms, work, rates, spans) → `assembling` prices and reduces, in the order of
the sum → `compute` taxes and totals → `storing` writes. A preview, a bill run of a hundred thousand accounts and the
benchmark go this one way.
"""

import hashlib
from dataclasses import dataclass
from typing import Final

import polars as pl

from duly.billing.invoicing import taxing
from duly.billing.invoicing.assembling import Assembled, assembled
from duly.billing.invoicing.collecting import Inputs
from duly.billing.invoicing.net_of_advances import in_net
from duly.billing.invoicing.payable import rounded
from duly.billing.invoicing.vouchers import paid_by_vouchers
from duly.billing.invoicing.withholding import withheld_from
from duly.engine.pricing.lines import PRICE
from duly.engine.totals import totals

REVIEW_ORDER: Final = ("none", "peer", "peer_and_client")


@dataclass(frozen=True, slots=True)
class Drafts:
    """Computed drafts, keyed by `document_key`, which is only their order here; `storing` gives them ids.

    headers      one row per draft, with account, entity, terms, service period and totals
    parties      what tax and checks know of seller and buyer of each
    lines        priced and taxed lines, by `line_key`
    tax_lines    tax per draft, category and rate
    withheld     what buyers keep back for the tax office, by name
    allocations  work → line, with quantity and amount
    spans        days of charges that lines bill or take back, as `assembling.SPANS`
    nettings     what lines take off what was billed in advance: line_key, advance_id, amount
    prepaid      what documents are paid by vouchers: document_key, advance_id, amount
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
    nettings: pl.DataFrame
    prepaid: pl.DataFrame
    evidence: pl.DataFrame
    unpriced: pl.DataFrame

    def digest(self) -> str:
        """SHA-256 over the content without ids given here, equal for equal input whenever it is computed."""
        content = hashlib.sha256()
        lines = self.lines.drop("line_key", "explanation", "taxes")
        for frame in (self.headers.drop("document_key"), lines, self.tax_lines):
            content.update(frame.write_csv().encode())
        return content.hexdigest()


def compute(inputs: Inputs) -> Drafts:
    """Price, reduce, tax and total the inputs. Pure but for what is read on the way where terms ask for it: tax rates,
    usage, what was billed before."""
    billed = assembled(inputs)
    lines, tax_lines = taxing.taxed(billed.lines, billed.parties)
    lines, nettings = in_net(lines, billed.nettings, inputs.advances)
    unpriced = pl.concat([inputs.unpriced, billed.problems.select("document_key", "work_id", "text")])
    asked, withheld = withheld_from(_headers(inputs, billed, lines, tax_lines), lines)
    headers, prepaid = paid_by_vouchers(asked, lines, inputs.vouchers)
    return Drafts(
        headers=rounded(headers), parties=billed.parties, lines=lines, tax_lines=tax_lines, withheld=withheld,
        allocations=billed.allocations, spans=billed.spans, nettings=nettings,
        prepaid=prepaid, unpriced=unpriced.select("document_key", "text"),
        evidence=_evidence(inputs.work, billed.allocations, lines),
    )


def _headers(inputs: Inputs, billed: Assembled, lines: pl.DataFrame, tax_lines: pl.DataFrame) -> pl.DataFrame:
    """One row per document that has lines; the strictest review of its lines' terms applies."""
    order = pl.Enum(REVIEW_ORDER)
    reviews = lines.join(inputs.terms.select("terms_id", "review"), on="terms_id", maintain_order="left")
    services = reviews.group_by("document_key", maintain_order=True).agg(
        pl.col("service_from").min(), pl.col("service_to").max(),
        pl.col("review").cast(order).max().cast(pl.String),
    )
    shared = billed.agreements.group_by("document_key", maintain_order=True).agg(
        *(pl.col(name).first() for name in (
            "bill_to_id", "currency", "exponent", "payment_days", "purchase_order", "prices_include_tax",
            "document_kind")),
        pl.col("time_annex").any(),
    )
    return (
        services.join(shared, on="document_key", maintain_order="left")
        .join(totals(lines, tax_lines), on="document_key", maintain_order="left")
        .rename({"bill_to_id": "account_id", "document_kind": "kind"})
        .with_columns(
            pl.lit(inputs.scope.entity_id).cast(pl.Int64).alias("entity_id"), pl.col("service_to").alias("tax_point"),
        )
        .sort("document_key")
    )


def _evidence(work: pl.DataFrame, allocations: pl.DataFrame, lines: pl.DataFrame) -> pl.DataFrame:
    """The allocated work as the checks see it; priced from the card a moment ago, so what it says is the line's."""
    placed = lines.select("line_key", "position", "unit_price", pl.col("unit_price").alias("card_price"),
                          pl.lit(1, PRICE).alias("factor"))
    return (
        allocations.select("work_id", "line_key")
        .join(work, on="work_id", maintain_order="left")
        .join(placed, on="line_key", maintain_order="left")
        .select("document_key", "position", "unit_price", "card_price", "factor", "kind", "work_id", "agreement_id",
                "project_id", "project", "person_id", "person", "role", "task", "description", "worked_on",
                "started_at", "quantity", pl.col("amount").alias("cost"), "rate_card_id")
    )
