"""The sum's order after the charges are priced: retainers by value, the cap, what is missing of commitments, discounts;
then what was billed in advance, with its own tax. Each step is taken only where terms ask for it."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final

import polars as pl

from duly.billing.agreements.queries import SEPARATOR, discounts_frame
from duly.billing.invoicing import history
from duly.billing.invoicing.falling_due import MEASURED, Due
from duly.billing.invoicing.retaining import SERVED, draw_value, latest
from duly.engine.pricing.caps import CAP, cap
from duly.engine.pricing.commitments import COMMITMENT, true_ups
from duly.engine.pricing.credits import Advance, Demand, Grant, Netting, draw, net_credit, net_off
from duly.engine.pricing.discounts import DISCOUNT, discount
from duly.engine.pricing.explain import as_json, number, row
from duly.engine.pricing.lines import LINE, SPAN, DataType, finished
from duly.engine.pricing.netting import with_net
from duly.engine.rounding import AMOUNT, RATIO
from duly.engine.tax import RATE

ZERO: Final = Decimal(0)
Row = dict[str, Any]
NETTED: Final[dict[str, DataType]] = {**LINE, "fixed_category": pl.String, "fixed_rate": RATE, "advance_id": pl.Int64}
"""Lines that take something off an advance, at the tax that it was billed with."""


@dataclass(frozen=True, slots=True)
class Missing:
    """True-ups of commitments (`lines.LINE`), and their days (`lines.SPAN`)."""

    lines: pl.DataFrame
    spans: pl.DataFrame


def within_cap(lines: pl.DataFrame, agreements: pl.DataFrame, due: Due, through: date) -> pl.DataFrame:
    """Lines (`lines.LINE` with line_key) with `net`: what retainers by value leave of them, within caps that stop.

    agreements   agreement_id, cap, cap_behaviour in force
    """
    left = draw_value(lines, due, through)
    stopping = agreements.filter(pl.col("cap").is_not_null() & (pl.col("cap_behaviour") == "stop"))
    if stopping.is_empty():
        return left
    before = history.billed_amounts(stopping["agreement_id"].to_list(), due.including).group_by("agreement_id").agg(
        pl.col("amount").sum().alias("billed_before"))
    caps = stopping.join(before, on="agreement_id", how="left").with_columns(
        pl.col("billed_before").fill_null(0), pl.lit(None, pl.List(pl.Int64)).alias("charges"),
        pl.lit("stop").alias("action"))
    sale = _sales(due, "credit")
    held = cap(left.filter(~sale), caps.select(pl.col(name).cast(kind) for name, kind in CAP.items())).lines
    return pl.concat([held.select(left.columns), left.filter(sale)]).sort("line_key")


def _sales(due: Due, *kinds: str) -> pl.Expr:
    """Whether a line is of a charge of one of these kinds, which sell or true up what others use."""
    charges = due.planned.filter(pl.col("charge_kind").is_in(kinds))["charge_id"].unique()
    return pl.col("charge_id").is_in(charges.implode())


def missing(lines: pl.DataFrame, due: Due) -> Missing:
    """What is missing of commitments whose period is due, with what is billed here and was before.

    lines   with `net`, which is what counts
    """
    periods = due.committed
    if periods.is_empty():
        return Missing(pl.DataFrame(schema=LINE), pl.DataFrame(schema=SPAN))
    own = _sales(due, "commitment", "credit")
    before = history.billed_amounts(periods["agreement_id"].unique().to_list(), due.including).filter(~own)
    numbered = periods.sort("document_key", "charge_id", "span_from").with_row_index("part", offset=1).with_columns(
        pl.col("part").cast(pl.Int64))
    counts = pl.col("covered").is_null() | pl.col("covered").list.contains(pl.col("used_charge"))
    used = numbered.select("part", "agreement_id", "span_from", "span_to", "covered").join(
        before.rename({"charge_id": "used_charge"}), on="agreement_id").filter(SERVED & counts).group_by("part").agg(
        pl.col("amount").sum().alias("used_before"))
    asked = numbered.join(used, on="part", how="left", maintain_order="left").with_columns(
        pl.col("used_before").fill_null(0), pl.col("price").alias("committed"), pl.col("covered").alias("charges"))
    counted = with_net(lines).filter(~own).with_columns(pl.col("net").alias("amount"))
    shaped = asked.select(pl.col(name).cast(kind) for name, kind in COMMITMENT.items())
    found = pl.concat(true_ups(_ended_in(counted, now).select(list(LINE)), now) for _, now in shaped.group_by(
        ["span_from", "span_to"], maintain_order=True)).sort("part")
    return Missing(found, numbered.join(found, on="part", how="semi").select(list(SPAN)))


def _ended_in(lines: pl.DataFrame, commitments: pl.DataFrame) -> pl.DataFrame:
    """The lines whose service ends in the one period of these commitments: the use of others fills theirs."""
    begins, ends = commitments.select("span_from", "span_to").row(0)
    return lines.filter((pl.col("service_to") >= begins) & (pl.col("service_to") < ends))


def given_back(lines: pl.DataFrame, due: Due) -> pl.DataFrame:
    """What late use fills of a commitment that was trued up without it: lines (`lines.LINE`) below zero, so that nobody
    pays twice for it.

    lines   of the documents, with `net`
    """
    late = lines.filter((pl.col("kind") == "late_usage") & (pl.col("net") > 0))
    terms = latest(due.planned.filter(pl.col("charge_kind") == "commitment"))
    if late.is_empty() or terms.is_empty():
        return pl.DataFrame(schema=LINE)
    trued = history.trued_up(terms["charge_id"].to_list(), due.including).join(
        terms.select(pl.col("charge_id").alias("own"), "terms_id", "charge_name", "tax_class", "exponent", "covered"),
        on="own")
    counts = pl.col("covered").is_null() | pl.col("covered").list.contains(pl.col("charge_id"))
    within = (pl.col("service_to") >= pl.col("trued_from")) & (pl.col("service_to") <= pl.col("trued_to"))
    filled = late.select("document_key", "agreement_id", "charge_id", "service_to", "net").join(
        trued, on="agreement_id").filter(within & counts).group_by(
        "document_key", "agreement_id", "own", "trued_from", "trued_to", maintain_order=True).agg(
        pl.col("net").sum(), pl.col("left", "terms_id", "charge_name", "tax_class", "exponent").first())
    back = pl.min_horizontal("net", "left").alias("back")
    rows = filled.with_columns(back).with_row_index("part", offset=1).with_columns(
        pl.col("own").alias("charge_id"), pl.lit("true_up").alias("kind"), pl.col("charge_name").alias("description"),
        pl.lit("item").alias("unit"), pl.lit(1).alias("quantity"), (-pl.col("back")).cast(RATIO).alias("numerator"),
        (-pl.col("back")).cast(pl.Decimal(38, 8)).alias("unit_price"), pl.lit(1, pl.Int64).alias("denominator"),
        pl.col("trued_from").alias("service_from"), pl.col("trued_to").alias("service_to"))
    return finished(rows, row("billed", add=number(pl.col("back")), times=pl.lit('"-1"')), row("sum"))


def discounted(lines: pl.DataFrame, versions: pl.DataFrame, terms: pl.DataFrame) -> pl.DataFrame:
    """The lines with `net` after the discounts of the versions in force, in their order.

    lines      `lines.LINE` with line_key and `net`
    versions   agreement_id, document_key, version_id
    terms      agreement_id, charge, charge_id
    """
    agreed = discounts_frame(versions["version_id"].to_list())
    if agreed.is_empty():
        return lines
    mine = agreed.join(versions, on="version_id")
    codes = terms.select("agreement_id", pl.col("charge").alias("code"), "charge_id").unique()
    split = pl.col("charges").fill_null("").str.split(SEPARATOR).alias("code")
    rows = mine.with_columns(split).explode("code").join(codes, on=["agreement_id", "code"], how="left")
    return discount(lines, rows.select(pl.col(name).cast(kind) for name, kind in DISCOUNT.items())).lines


def netted(lines: pl.DataFrame, open_advances: pl.DataFrame, on: date) -> pl.DataFrame:
    """Lines (`NETTED`) below zero that take off what earlier documents billed in advance of what these bill: prepaid
    credit off the charges that it covers, deposits and progressive bills off the rest; never below zero.

    lines           of the documents, with `net`; a progressive bill is taken off where the period that it billed is
    open_advances   `history.ADVANCES` with `covered` (`falling_due.with_covered`)
    """
    rows: list[Row] = []
    for (agreement,), mine in open_advances.group_by(["agreement_id"], maintain_order=True):
        here = lines.filter(pl.col("agreement_id") == agreement)
        for _, document in here.group_by(["document_key"], maintain_order=True):
            taken = _of_document(document, mine, on)
            mine, rows = _less(mine, taken), rows + taken
    return pl.DataFrame(rows, schema_overrides=NETTED).select(
        pl.col(name).cast(kind) for name, kind in NETTED.items()) if rows else pl.DataFrame(schema=NETTED)


def _less(advances: pl.DataFrame, rows: list[Row]) -> pl.DataFrame:
    """What is left of the advances after these lines."""
    each = pl.DataFrame([(row["advance_id"], -row["amount"]) for row in rows], orient="row",
                        schema={"line_id": pl.Int64, "taken": AMOUNT})
    taken = each.group_by("line_id").agg(pl.col("taken").sum())
    return advances.join(taken, on="line_id", how="left", maintain_order="left").with_columns(
        (pl.col("left") - pl.col("taken").fill_null(0)).alias("left")).drop("taken")


def _of_document(lines: pl.DataFrame, advances: pl.DataFrame, on: date) -> list[Row]:
    exponent = lines["exponent"][0]
    billed_now = set(lines.filter(pl.col("kind").is_in(MEASURED)).select("charge_id", "service_from").iter_rows())
    known = {str(row["line_id"]): row for row in advances.iter_rows(named=True) if row["left"] > 0
             and (row["kind"] != "progressive" or (row["charge_id"], row["since"]) in billed_now)}
    grants = [_grant(key, row) for key, row in known.items() if row["kind"] == "credit"]
    demands = [Demand(str(key), service, net, charge=str(charge)) for key, service, net, charge in
               lines.filter(pl.col("net") > 0).select("line_key", "service_to", "net", "charge_id").rows()]
    credit = net_credit(draw(grants, demands, until=on), grants, exponent=exponent)
    left = sum((net for net in lines["net"]), ZERO) + sum((one.amount for one in credit), ZERO)
    billed = [Advance(key, row["kind"], row["on"], row["left"], row["tax_category"], row["tax_rate"])
              for key, row in known.items() if row["kind"] != "credit"]
    nettings = (*credit, *net_off(left, billed, exponent=exponent))
    return [_line(one, known[one.key], lines) for one in nettings]


def _grant(key: str, row: Row) -> Grant:
    covered = row["covered"]
    return Grant(key, row["left"], row["on"], expires_on=row["expires_on"], priority=row["priority"],
                 charges=None if covered is None else frozenset(map(str, covered)), tax_category=row["tax_category"],
                 tax_rate=row["tax_rate"])


def _line(one: Netting, advance: Row, lines: pl.DataFrame) -> Row:
    begins, ends = lines.select(pl.col("service_from").min(), pl.col("service_to").max()).row(0)
    told = [{**row, "document": advance["number"]} if "document" in row else row for row in one.explanation]
    return {
        "document_key": lines["document_key"][0], "agreement_id": advance["agreement_id"],
        "charge_id": advance["charge_id"], "terms_id": advance["terms_id"], "kind": one.kind,
        "description": f"{advance['name']} – {advance['number']}", "unit": "item", "quantity": Decimal(1),
        "unit_price": one.amount, "numerator": one.amount, "denominator": 1, "amount": one.amount,
        "exponent": lines["exponent"][0], "tax_class": advance["tax_class"], "service_from": begins, "service_to": ends,
        "explanation": as_json(told), "part": None, "fixed_category": one.tax_category, "fixed_rate": one.tax_rate,
        "advance_id": int(one.key),
    }


def settled_net(lines: pl.DataFrame) -> pl.DataFrame:
    """Lines whose amount is what is left of them; one that was reduced has it as its own exact quotient."""
    reduced = pl.col("net") != pl.col("amount")
    return lines.with_columns(
        pl.when(reduced).then(pl.col("net").cast(RATIO)).otherwise("numerator").alias("numerator"),
        pl.when(reduced).then(1).otherwise("denominator").cast(pl.Int64).alias("denominator"),
        pl.col("net").alias("amount"),
    ).drop("net")
