"""What documents are paid by credit that was sold without tax: vouchers, a means of payment, drawn after the tax."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

import polars as pl

from duly.billing.kernel import frames
from duly.billing.kernel.frames import MONEY
from duly.engine.pricing.credits import Demand, Grant, pay

ZERO: Final = Decimal(0)
OPEN: Final[frames.Schema] = {
    "line_id": pl.Int64, "agreement_id": pl.Int64, "account_id": pl.Int64, "on": pl.Date, "left": MONEY,
    "covered": pl.String, "priority": pl.Int64, "expires_on": pl.Date,
}
PAID: Final[frames.Schema] = {"document_key": pl.Int64, "advance_id": pl.Int64, "amount": MONEY}


def selling(agreements: Sequence[int]) -> list[int]:
    """Those of these agreements that ever agreed on a voucher."""
    return [row[0] for row in frames.rows("""select distinct v.agreement_id
          from agreement_version v join charge_terms t on t.version_id = v.id
         where v.agreement_id = any(%s) and t.untaxed order by 1""", [list(agreements)])]


def open_vouchers(agreements: Sequence[int], *, locked: bool = False) -> pl.DataFrame:
    """What issued documents of these agreements sold without tax and nothing was paid by yet, the oldest first: `OPEN`.

    `covered` are the ids of the charges that it pays, with commas between them; null: all of its agreement. With
    `locked` nobody else takes of it until commit. All lines of the agreements are looked at: name those that are
    `selling`; of none nothing is read.
    """
    if not agreements:
        return pl.DataFrame(schema=OPEN)
    sold = """invoice_line l join invoice i on i.id = l.invoice_id and i.state = 'issued'
            join charge_terms t on t.id = l.terms_id and t.untaxed
           where l.agreement_id = any(%s) and l.kind = 'one_off' and l.amount > 0"""
    if locked:
        frames.execute(f"select from {sold} order by l.id for no key update of l", [list(agreements)])
    return frames.read(f"""
        select * from (
          select l.id, l.agreement_id, i.account_id, i.issued_on,
                 l.amount - coalesce((select sum(n.amount) from netting n
                                       where n.advance_id = l.id and not n.released), 0) as unused,
                 case when cardinality(t.covers) > 0 then array_to_string(array(select h.id from charge h
                    where h.agreement_id = l.agreement_id and h.code = any(t.covers)), ',') end,
                 t.priority, t.expires_on
            from {sold} order by i.issued_on, l.id) voucher
         where unused > 0""", [list(agreements)], OPEN)


def paid_by_vouchers(headers: pl.DataFrame, lines: pl.DataFrame, vouchers: pl.DataFrame,
                     ) -> tuple[pl.DataFrame, pl.DataFrame]:
    """`headers` with `prepaid`, and the columns of `PAID`: what each voucher pays of each document.

    headers    document_key, account_id, total, withheld; nothing beyond total less withheld is paid
    lines      document_key, agreement_id, charge_id, service_to, amount, tax, untaxed (it sells a voucher, which no
               other pays); as for prepaid credit a charge's days of service say whether a voucher is there
    vouchers   `OPEN`; each pays charges of its own agreement, and documents of the account that bought it
    """
    if vouchers.is_empty():
        return headers.with_columns(pl.lit(0, MONEY).alias("prepaid")), pl.DataFrame(schema=PAID)
    buyers = lines.join(vouchers, on="agreement_id", how="semi")["document_key"].unique()
    documents = lines.filter(pl.col("document_key").is_in(buyers.implode())).partition_by("document_key", as_dict=True)
    left = dict(vouchers.select("line_id", "left").iter_rows())
    rows: list[tuple[int, int, Decimal]] = []
    for head in headers.join(buyers.to_frame(), on="document_key", how="semi").sort("document_key").to_dicts():
        document = documents[(head["document_key"],)]
        mine = vouchers.filter((pl.col("account_id") == head["account_id"])
                               & pl.col("agreement_id").is_in(document["agreement_id"].implode()))
        for voucher, amount in _pays(head, document, mine, left):
            left[voucher] -= amount
            rows.append((head["document_key"], voucher, amount))
    paid = pl.DataFrame(rows, schema=PAID, orient="row")
    sums = paid.group_by("document_key").agg(pl.col("amount").sum().alias("prepaid"))
    return headers.join(sums, on="document_key", how="left", maintain_order="left").with_columns(
        pl.col("prepaid").fill_null(0).cast(MONEY)), paid


def _pays(head: Mapping[str, Any], lines: pl.DataFrame, vouchers: pl.DataFrame, left: Mapping[int, Decimal],
          ) -> list[tuple[int, Decimal]]:
    """What each voucher pays of a document."""
    with_tax = (pl.col("amount").cast(MONEY) + pl.col("tax").cast(MONEY)).sum()
    bought = lines.filter(~pl.col("untaxed"))
    sold = sum(lines.filter("untaxed")["amount"], ZERO)
    charged = bought.group_by("agreement_id", "charge_id", maintain_order=True).agg(
        pl.col("service_to").max(), with_tax.alias("amount"))
    parts = [Demand(str(charge), service, amount, charge=str(charge)) for charge, service, amount in charged.select(
        "charge_id", "service_to", "amount").iter_rows()]
    grants = [_grant(one, left[one["line_id"]], charged) for one in vouchers.iter_rows(named=True)]
    payable = Decimal(head["total"]) - head["withheld"] - sold
    drawn = pay([one for one in grants if one.amount > ZERO], parts, payable, on=max(lines["service_to"]))
    return [(int(one.grant), one.amount) for one in drawn.draws]


def _grant(voucher: Mapping[str, Any], left: Decimal, charged: pl.DataFrame) -> Grant:
    own = charged.filter(pl.col("agreement_id") == voucher["agreement_id"])["charge_id"]
    covered = voucher["covered"].split(",") if voucher["covered"] is not None else map(str, own)
    return Grant(str(voucher["line_id"]), left, voucher["on"], expires_on=voucher["expires_on"],
                 priority=voucher["priority"], charges=frozenset(covered))


def write_paid(rows: pl.DataFrame) -> None:
    """Write the rows of `paid_by_vouchers`, keyed by the documents' ids."""
    if rows.height:
        frames.write("netting", rows.rename({"document_key": "invoice_id"}))
