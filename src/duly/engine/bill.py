"""One document's sum, in its binding order: charges and their minimum, commitments, discounts, what was paid for
before with tax, tax, and what is then to pay."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final

import polars as pl

from duly.engine.payable import payable_rounding
from duly.engine.pricing.commitments import COMMITMENT, true_ups
from duly.engine.pricing.credits import Advance, Demand, Draw, Expiry, Grant, Netting, draw, net_credit, net_off, pay
from duly.engine.pricing.discounts import DISCOUNT, discount
from duly.engine.pricing.explain import as_json
from duly.engine.pricing.lines import LINE, DataType
from duly.engine.rounding import AMOUNT, distribute_frame
from duly.engine.tax import at_rates, tax_lines, treated
from duly.engine.tax_amounts import tax_each, tax_included, withheld
from duly.engine.tax_points import at_tax_point, split_at_rates, together
from duly.engine.totals import totals

ZERO: Final = Decimal(0)
WITHHOLDING: Final[dict[str, DataType]] = {"document_key": pl.Int64, "name": pl.String, "rate": pl.Decimal(38, 6)}


@dataclass(frozen=True, slots=True)
class Sale:
    """What decides on the tax: the parties as columns of `tax.treated`, dated rates, whether prices include tax.

    `taxes` (`tax_amounts.tax_each`): several on one base, on the lines that the treatment leaves taxed (S) and that no
    rate is on."""

    parties: dict[str, Any]
    rates: pl.DataFrame
    inclusive: bool = False
    taxes: pl.DataFrame | None = None


@dataclass(frozen=True, slots=True)
class Deductions:
    """What changes the sum of the charges; every part may be empty. Grants name charges by their ids as text. What is
    to pay is rounded to `payable_step`, where there is one."""

    commitments: pl.DataFrame
    discounts: pl.DataFrame
    withholdings: pl.DataFrame
    grants: tuple[Grant, ...] = ()
    advances: tuple[Advance, ...] = ()
    payable_step: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Bill:
    """A document as it comes out.

    lines       `lines.LINE` with position, `priced` (before discounts), `amount` (net), tax, tax_category, tax_rate,
                tax_reason; nettings of what was paid for before are lines below zero
    tax_lines   category, rate, base, tax, reason
    totals      net, tax, total, prepaid (by credit sold without tax), withheld, rounding (where there is a step),
                payable
    """

    lines: pl.DataFrame
    tax_lines: pl.DataFrame
    withheld: pl.DataFrame
    totals: dict[str, Decimal]
    draws: tuple[Draw, ...]
    expired: tuple[Expiry, ...]


def nothing_off() -> Deductions:
    """No commitment, discount, credit or withholding."""
    return Deductions(pl.DataFrame(schema=COMMITMENT), pl.DataFrame(schema=DISCOUNT), pl.DataFrame(schema=WITHHOLDING))


def bill(lines: pl.DataFrame, deductions: Deductions, sale: Sale, on: date,
         credits: pl.DataFrame | None = None) -> Bill:
    """The sum of one document's priced lines (`price`), issued on the day `on`.

    credits   `unused.CREDIT`: of lines billed before, at the tax that those were billed with; where that is null, at
              the tax of such a sale on its days

    Where nothing is billed there are no lines, and the totals are zero. Raises `ValueError` for discounts and credits
    that are not well-formed, see their modules.
    """
    charged = lines.select(pl.lit(None, pl.Int64).alias("part") if name == "part" else name for name in LINE)
    together = pl.concat([charged, true_ups(charged, deductions.commitments)])
    keyed = together.with_row_index("line_key", offset=1).with_columns(pl.col("line_key").cast(pl.Int64))
    if keyed.is_empty() and (credits is None or credits.is_empty()):
        return _nothing(deductions, sale, on)
    discounted = discount(keyed, deductions.discounts).lines.rename({"amount": "priced", "net": "amount"})
    fixed, others = _credits(discounted, credits)
    netted, drawn = _netted(_with_credits(_taxable(pl.concat([discounted, others]), sale), fixed), deductions, on)
    taxed, groups = _taxed(netted, sale)
    each, payable = withheld(_totals(taxed, groups), deductions.withholdings)
    sums = payable.row(0, named=True)
    after = pay([grant for grant in deductions.grants if not grant.taxed], _parts(taxed, on), sums["payable"], on=on)
    prepaid = sum((one.amount for one in after.draws), ZERO)
    told = {name: sums[name] for name in ("net", "tax", "total", "withheld")} | {"prepaid": prepaid}
    return Bill(
        lines=taxed.with_row_index("position", offset=1).drop("line_key"), tax_lines=groups, withheld=each,
        totals=told | _payable(sums["payable"] - prepaid, deductions.payable_step),
        draws=(*drawn[0], *after.draws), expired=(*drawn[1], *after.expired),
    )


def _nothing(deductions: Deductions, sale: Sale, on: date) -> Bill:
    """The bill of no lines: credit may expire."""
    lines = pl.DataFrame(schema=LINE)
    keyed = discount(lines.with_columns(pl.lit(0).alias("line_key")), nothing_off().discounts).lines.rename(
        {"amount": "priced", "net": "amount"})
    taxed, groups = _taxed(_taxable(keyed, sale), sale)
    each, _ = withheld(_totals(taxed, groups), deductions.withholdings.clear())
    expired = [one for taxed in (True, False) for one in draw(
        [grant for grant in deductions.grants if grant.taxed == taxed], [], until=on).expired]
    nothing = _payable(ZERO, deductions.payable_step)
    zeros = dict.fromkeys(("net", "tax", "total", "withheld", "prepaid"), ZERO) | nothing
    return Bill(taxed.with_row_index("position", offset=1).drop("line_key"), groups, each, zeros, (), tuple(expired))


def _parts(lines: pl.DataFrame, on: date) -> list[Demand]:
    """What each charge comes to with its tax."""
    sums = lines.group_by("charge_id", maintain_order=True).agg(
        (pl.col("amount").cast(AMOUNT) + pl.col("tax").cast(AMOUNT)).sum().alias("amount"))
    return [Demand(str(charge), on, amount, charge=str(charge)) for charge, amount in sums.rows()]


def _payable(exact: Decimal, step: Decimal | None) -> dict[str, Decimal]:
    """What is to pay, with its rounding where there is a step."""
    rounding = payable_rounding(exact, step)
    return ({} if step is None else {"rounding": rounding}) | {"payable": exact + rounding}


def _taxable(lines: pl.DataFrame, sale: Sale) -> pl.DataFrame:
    """Lines with treatment and rate at their tax point; those that cross a change of their rate, or of one of several
    taxes, are split."""
    sold = at_tax_point(lines).with_columns(pl.lit(value).alias(name) for name, value in sale.parties.items())
    placed = treated(sold)
    several = None if sale.taxes is None else together(sale.taxes, placed["tax_country"].drop_nulls().unique())
    parts = split_at_rates(placed, sale.rates if several is None else several)
    return at_rates(at_tax_point(_priced_by_days(parts).drop("tax_point")), sale.rates)


def _priced_by_days(parts: pl.DataFrame) -> pl.DataFrame:
    """The parts of a line share what it was priced at before discounts as they share its amount."""
    days = (pl.col("service_to") - pl.col("service_from")).dt.total_days() + 1
    return distribute_frame(parts.with_columns(days.alias("_days")), by="line_key", total="priced", weight="_days",
                            out="priced").drop("_days")


def _taxed(lines: pl.DataFrame, sale: Sale) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Lines with their tax, and the groups of tax: by one rate each, or with a `name` by several taxes."""
    if sale.taxes is None:
        return (tax_included if sale.inclusive else tax_lines)(lines)
    several = (pl.col("tax_category") == "S") & (pl.col("tax_rate") == 0)
    keyed = lines.drop("line_key").with_row_index("line_key").with_columns(
        pl.col("line_key").cast(pl.Int64), pl.col("service_to").alias("tax_point"), several.alias("several"))
    by_one, one_group = tax_lines(keyed.filter(~several))
    shares, groups = tax_each(keyed.filter(several), sale.taxes)
    each = keyed.filter(several).join(shares.group_by("line_key").agg(pl.col("tax").sum()), on="line_key", how="left",
                                      maintain_order="left").with_columns(pl.col("tax").fill_null(0).cast(AMOUNT))
    both = pl.concat([by_one.select(each.columns), each]).sort("line_key").drop("several")
    named = groups.sort("position").drop("position")
    return both, pl.concat([named, one_group.select(*(name for name in named.columns if name in one_group.columns))],
                           how="diagonal_relaxed")


def _credits(lines: pl.DataFrame, credits: pl.DataFrame | None) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The credits that bring their tax with them, and the others, which are like the lines and go on counting them."""
    if credits is None or credits.is_empty():
        return pl.DataFrame(), lines.clear()
    priced = credits.with_columns(
        pl.col("amount").alias("priced"), pl.lit("").alias("tax_reason"),
        pl.int_range(lines.height + 1, lines.height + 1 + pl.len()).alias("line_key")).drop("line_id")
    free = priced.filter(pl.col("tax_category").is_null()).drop("tax_category", "tax_rate", "tax_reason")
    fixed = priced.filter(pl.col("tax_category").is_not_null())
    return fixed, pl.concat([lines.clear(), free], how="diagonal").select(lines.columns)


def _with_credits(lines: pl.DataFrame, fixed: pl.DataFrame) -> pl.DataFrame:
    """The lines and the credits that bring their tax with them."""
    if fixed.is_empty():
        return lines
    return pl.concat([lines, fixed.drop("part", strict=False)], how="diagonal").select(lines.columns)


def _netted(lines: pl.DataFrame, deductions: Deductions, on: date) -> tuple[
        pl.DataFrame, tuple[tuple[Draw, ...], tuple[Expiry, ...]]]:
    """Lines with what taxed credit, deposits and progressive invoices take off them, as lines of their own."""
    grants = [grant for grant in deductions.grants if grant.taxed]
    exponent = int(lines["exponent"][0])
    keyed = lines.with_row_index("key").filter(pl.col("amount") > 0).select("key", "amount", "charge_id")
    demands = [Demand(str(key), on, amount, charge=str(charge)) for key, amount, charge in keyed.rows()]
    drawn = draw(grants, demands, until=on)
    credit = net_credit(drawn, grants, exponent=exponent)
    left = sum([*lines["amount"], *(one.amount for one in credit)], ZERO)
    nettings = (*credit, *net_off(left, deductions.advances, exponent=exponent))
    return _with(lines, nettings, on), (drawn.draws, drawn.expired)


def _with(lines: pl.DataFrame, nettings: Sequence[Netting], on: date) -> pl.DataFrame:
    """Lines and nettings in one frame."""
    if not nettings:
        return lines
    like = lines.row(0, named=True) | dict.fromkeys(("agreement_id", "charge_id", "terms_id"))
    rows = [like | {
        "kind": one.kind, "description": one.key, "unit": "item", "quantity": Decimal(1), "unit_price": one.amount,
        "numerator": one.amount, "denominator": 1, "priced": one.amount, "amount": one.amount, "tax_reason": "",
        "tax_category": one.tax_category, "tax_rate": one.tax_rate, "service_from": on, "service_to": on,
        "explanation": as_json(one.explanation)} for one in nettings]
    return pl.concat([lines, pl.DataFrame(rows, schema=lines.schema)])


def _totals(lines: pl.DataFrame, groups: pl.DataFrame) -> pl.DataFrame:
    exponent = lines.select("document_key", "exponent").unique()
    return totals(lines, groups).join(exponent, on="document_key").with_columns(pl.col("total").cast(AMOUNT))
