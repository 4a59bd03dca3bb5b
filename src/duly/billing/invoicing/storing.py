"""Computed drafts → rows: ids for all of them at once, then one COPY per table."""

import polars as pl

from duly.billing.invoicing.drafting import Drafts
from duly.billing.invoicing.parties import freeze_buyers, freeze_sellers
from duly.billing.invoicing.vouchers import write_paid
from duly.billing.invoicing.withholding import write_withheld
from duly.billing.kernel import frames


def store(drafts: Drafts, *, partition: int | None, created_by: str) -> Drafts:
    """Write the drafts and answer them with their ids as `document_key`."""
    keyed = with_ids(drafts)
    _headers(keyed.headers, partition, created_by)
    line_ids = _lines(keyed.lines)
    write_taxes(keyed.tax_lines, keyed.lines.join(line_ids, on="line_key"))
    write_withheld(keyed.withheld)
    # Locked here, in id order, the rows are not locked once more by their key and by the law that sums them.
    frames.execute("select from work_item where id = any(%s::bigint[]) order by id for no key update",
                   [frames.array(keyed.allocations["work_id"])])
    frames.write("work_allocation", keyed.allocations.join(line_ids, on="line_key", maintain_order="left").select(
        pl.col("work_id").alias("work_item_id"), "line_id", "quantity", "billed_quantity", "amount"))
    _spans(keyed.spans.join(line_ids, on="line_key", maintain_order="left"))
    frames.write("netting", keyed.nettings.join(line_ids, on="line_key", maintain_order="left").select(
        "line_id", "advance_id", "amount"))
    write_paid(keyed.prepaid)
    return keyed


def _spans(spans: pl.DataFrame) -> None:
    """Days that are taken back first: then they are free to be billed again."""
    back = pl.col("kind") == "correction"
    for part in (spans.filter(back), spans.filter(~back)):
        frames.write("charge_span", part.select(
            "line_id", "charge_id", "kind", "span_from", "span_to", "cause_id", "billed_in"))


def write_taxes(tax_lines: pl.DataFrame, lines: pl.DataFrame) -> None:
    """Write what `taxing.taxed` answered of the documents' taxes; `lines` have their `line_id`."""
    frames.write("tax_line", tax_lines.rename({"document_key": "invoice_id"}))
    several = lines.filter("several").select("line_id", "taxes")
    if several.height:
        frames.write("line_tax", several.explode("taxes").unnest("taxes"))


def with_ids(drafts: Drafts) -> Drafts:
    """The same drafts with fresh invoice ids, ascending in the drafts' order, as their `document_key`."""
    ids = drafts.headers.select(
        "document_key", frames.next_ids("invoice", drafts.headers.height).alias("new"))

    def keyed(frame: pl.DataFrame) -> pl.DataFrame:
        return frame.join(ids, on="document_key", maintain_order="left").with_columns(
            pl.col("new").alias("document_key")).drop("new")

    return Drafts(
        headers=keyed(drafts.headers), parties=keyed(drafts.parties), lines=keyed(drafts.lines),
        tax_lines=keyed(drafts.tax_lines), withheld=keyed(drafts.withheld), allocations=drafts.allocations,
        spans=drafts.spans, nettings=drafts.nettings, prepaid=keyed(drafts.prepaid), evidence=keyed(drafts.evidence),
        unpriced=keyed(drafts.unpriced),
    )


def _headers(headers: pl.DataFrame, partition: int | None, created_by: str) -> None:
    copied = (
        headers.join(freeze_sellers(headers["entity_id"].unique().to_list()), on="entity_id", maintain_order="left")
        .join(freeze_buyers(headers["account_id"].unique().to_list()), on="account_id", maintain_order="left")
        .join(_languages(headers["account_id"].unique().to_list()), on="account_id", maintain_order="left")
    )
    frames.write("invoice", copied.select(
        pl.col("document_key").alias("id"), "kind", pl.lit("draft").alias("state"), "entity_id", "account_id",
        pl.lit(partition, dtype=pl.Int64).alias("run_partition_id"), pl.lit(created_by).alias("created_by"), "review",
        "currency", "language", "purchase_order", "payment_days", "time_annex", "prices_include_tax", "service_from",
        "service_to", "tax_point", "seller_id", "buyer_id", "net", "tax", "total", "withheld",
        "prepaid", "rounding"))


def _languages(accounts: list[int]) -> pl.DataFrame:
    return frames.read("select id, language from account where id = any(%s)", [accounts],
                       {"account_id": pl.Int64, "language": pl.String})


def _lines(lines: pl.DataFrame) -> pl.DataFrame:
    """Write the lines; answer their ids by `line_key`."""
    ids = lines.select("line_key", frames.next_ids("invoice_line", lines.height).alias("line_id"))
    frames.write("invoice_line", lines.with_columns(ids["line_id"].alias("id")).select(
        "id", pl.col("document_key").alias("invoice_id"), "position", "agreement_id", "charge_id", "terms_id", "kind",
        "description", "unit", "quantity", "unit_price", "numerator", "denominator", "amount", "gross", "tax_class",
        "supply", "tax_category", "tax_rate", "tax", "fixed_category", "fixed_rate", "service_from", "service_to",
        "explanation"))
    return ids
