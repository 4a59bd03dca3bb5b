"""What the buyers of documents keep back for the tax office, by the dated rules of their accounts."""

import polars as pl

from duly.billing.accounts.taxation import withholdings_frame
from duly.billing.kernel import frames
from duly.billing.kernel.frames import MONEY
from duly.engine.periods import in_force
from duly.engine.tax_amounts import withheld

ROWS: frames.Schema = {
    "document_key": pl.Int64, "name": pl.String, "rate": pl.Decimal(38, 6), "base": MONEY, "amount": MONEY,
}


def withheld_from(headers: pl.DataFrame, lines: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """`headers` with `withheld`, and what is withheld from each under each name: the columns of `ROWS`.

    Nothing is withheld from a voucher that is sold: it is means of payment, and what it pays is withheld from then.

    headers   document_key, account_id, net, total, exponent, tax_point: the rules of that day hold
    lines     document_key, amount, untaxed (it sells a voucher)
    """
    rules = withholdings_frame(headers["account_id"].unique().to_list())
    if rules.is_empty():
        return headers.with_columns(pl.lit(0, MONEY).alias("withheld")), pl.DataFrame(schema=ROWS)
    supplied = lines.filter(~pl.col("untaxed")).group_by("document_key").agg(pl.col("amount").sum().alias("net"))
    due = headers.select("document_key", "account_id", "tax_point").join(rules, on="account_id").filter(
        in_force(pl.col("tax_point"))).join(supplied, on="document_key", how="semi")
    bases = headers.drop("net").join(supplied, on="document_key", how="left", maintain_order="left")
    each, summed = withheld(bases, due.select("document_key", "name", "rate").sort("document_key", "name"))
    return headers.with_columns(summed["withheld"]), each.select(
        "document_key", "name", "rate", "base", pl.col("withheld").alias("amount")).cast(ROWS)  # type: ignore[arg-type]


def write_withheld(rows: pl.DataFrame) -> None:
    """Write the rows of `withheld_from`, keyed by the documents' ids."""
    frames.write("withheld_tax", rows.rename({"document_key": "invoice_id"}))
