"""The lines of documents in the order of the sum, before their tax: charges priced, covered, capped and discounted,
with what answers earlier documents; each with the work, the days and the advances that it stands for."""

from dataclasses import dataclass
from typing import Final

import polars as pl

from duly.billing.invoicing import tax_splits, taxing
from duly.billing.invoicing.between import bills_between
from duly.billing.invoicing.collecting import Inputs
from duly.billing.invoicing.deducting import discounted, given_back, missing, netted, settled_net, within_cap
from duly.billing.invoicing.falling_due import MEASURED, Due, due
from duly.billing.invoicing.measuring import late, metered
from duly.billing.invoicing.retaining import Covered, cover_time
from duly.billing.reference.queries import tax_components_frame, tax_rates_frame
from duly.engine.pricing import Metered, Priced, price
from duly.engine.pricing.lines import KINDS, LINE, DataType
from duly.engine.rounding import distribute_frame
from duly.engine.tax import RATE

SPANS: Final[dict[str, DataType]] = {
    "line_key": pl.Int64, "charge_id": pl.Int64, "kind": pl.String, "span_from": pl.Date, "span_to": pl.Date,
    "cause_id": pl.Int64, "billed_in": pl.String,
}
"""Days of a charge that a line bills, or with the kind correction takes back from the line `cause_id`."""
ALLOCATIONS: Final = ("work_id", "line_key", "quantity", "billed_quantity", "amount")
NETTINGS: Final[dict[str, DataType]] = {"line_key": pl.Int64, "advance_id": pl.Int64, "amount": pl.Decimal(38, 4)}
FIXED_TAX: Final[dict[str, DataType]] = {"fixed_category": pl.String, "fixed_rate": RATE}
"""The tax of lines that answer others: that which those were billed with."""
RANKS: Final = {kind: rank for rank, kind in enumerate(KINDS)} | {"true_up": KINDS.index("usage")}


@dataclass(frozen=True, slots=True)
class Assembled:
    """lines (`lines.LINE` with line_key and position, and `FIXED_TAX`), allocations, spans (`SPANS`), nettings
    (`NETTINGS`), problems of work; `agreements` and `parties` with the documents of deposits and vouchers, which stand
    apart, and `document_kind`."""

    lines: pl.DataFrame
    allocations: pl.DataFrame
    spans: pl.DataFrame
    nettings: pl.DataFrame
    problems: pl.DataFrame
    agreements: pl.DataFrame
    parties: pl.DataFrame


def assembled(inputs: Inputs) -> Assembled:
    """All lines of the inputs' documents, in the order in which they print."""
    charged = due(inputs.fees, inputs.agreements.select("agreement_id", "document_key"), inputs.billed,
                  inputs.scope.period_to)
    deposit, voucher = pl.col("charge_kind") == "deposit", pl.col("untaxed")
    last = int(str(inputs.agreements["document_key"].max() or 0))
    apart = [_apart(inputs, charged.fixed.filter(deposit), pl.col("document_key") + last, "deposit")]
    covered = cover_time(inputs.work, charged, inputs.scope.period_to)
    fixed = charged.fixed.filter(~deposit & ~voucher)
    taxes = (inputs.parties, tax_rates_frame(), tax_components_frame())
    parted = tax_splits.parted(covered.work, *taxes)
    priced = tax_splits.split(price(parted, fixed, inputs.rates, _metered(charged, fixed, inputs)), inputs.terms,
                              *taxes)
    sheet = Sheet(_plain(priced.lines), [_spans(priced, charged, inputs.scope.snapshot)],
                  [priced.allocations.select(ALLOCATIONS)])
    _reduce(sheet, inputs, charged, covered)
    nettings = _answer(sheet, inputs, charged)
    if charged.fixed["untaxed"].any():
        apart.append(_vouchers(sheet, inputs, charged.fixed.filter(voucher), last))
    for one in apart:
        keys = sheet.add(one.lines)
        sheet.spans.append(_of_lines(one.spans.rename({"line_key": "part"}), keys, kind="regular"))
    lines = sheet.numbered(priced.lines)
    documents = inputs.agreements.with_columns(pl.lit("invoice").alias("document_kind"))
    supplied = taxing.supplied(lines, inputs.terms)
    return Assembled(
        lines=supplied, allocations=_shared_out(pl.concat(sheet.allocations), lines, reduced=sheet.reduced),
        spans=pl.concat(sheet.spans), nettings=nettings, problems=priced.problems,
        agreements=pl.concat([documents, *(one.agreements.select(documents.columns) for one in apart)]),
        parties=pl.concat([inputs.parties, *(one.parties.select(inputs.parties.columns) for one in apart)]))


@dataclass(slots=True)
class Sheet:
    """The lines as they are added to, one step of the sum after the other; `reduced` once something took off them."""

    lines: pl.DataFrame
    spans: list[pl.DataFrame]
    allocations: list[pl.DataFrame]
    reduced: bool = False

    def add(self, more: pl.DataFrame) -> pl.DataFrame:
        """Put lines at the end; answers part and line_key, their new numbers."""
        if more.is_empty():
            return pl.DataFrame(schema={"part": pl.Int64, "line_key": pl.Int64})
        last = self.lines["line_key"].max() or 0
        numbered = more.drop("line_key", strict=False).with_columns(
            (pl.int_range(1, pl.len() + 1) + last).alias("line_key"))
        if "net" in self.lines.columns and "net" not in more.columns:
            numbered = numbered.with_columns(pl.col("amount").alias("net"))
        self.lines = pl.concat([self.lines, numbered.select(
            pl.col(name).cast(kind) if name in numbered.columns else pl.lit(None, kind).alias(name)
            for name, kind in self.lines.schema.items())])
        return numbered.select("part", "line_key")

    def numbered(self, as_priced: pl.DataFrame) -> pl.DataFrame:
        """The lines with their positions: as they were priced, or where there are more in the order of their kinds."""
        if self.lines.height == as_priced.height:
            return self.lines.with_columns(as_priced["position"]).drop("part")
        rank = pl.col("kind").replace_strict(RANKS, return_dtype=pl.Int8)
        return self.lines.sort("document_key", rank, "line_key").with_columns(
            pl.int_range(1, pl.len() + 1).over("document_key").alias("position")).drop("part")


def _plain(lines: pl.DataFrame) -> pl.DataFrame:
    """Priced lines without their positions, with `FIXED_TAX`, null: their tax is that of their sale."""
    numbers = [pl.lit(None, pl.Int64).alias("part")] if "part" not in lines.columns else []
    return lines.with_columns(*numbers, *(pl.lit(None, kind).alias(name) for name, kind in FIXED_TAX.items())).select(
        "line_key", *LINE, *FIXED_TAX)


def _metered(charged: Due, fixed: pl.DataFrame, inputs: Inputs) -> Metered | None:
    """What was measured, and the tiers, where there are any."""
    if charged.measured.is_empty() and fixed.filter(pl.col("model") != "per_unit").is_empty() and fixed.filter(
            (pl.col("included") != 0) | pl.col("minimum").is_not_null() | pl.col("maximum").is_not_null()).is_empty():
        return None
    return metered(charged, inputs.fees.tiers, inputs.scope.snapshot)


def _spans(priced: Priced, charged: Due, snapshot: str | None) -> pl.DataFrame:
    """The days that priced lines bill; of measured ones with the snapshot that they were measured in."""
    measured = charged.measured["charge_id"].unique().implode()
    return priced.spans.with_columns(
        pl.lit("regular").alias("kind"), pl.lit(None, pl.Int64).alias("cause_id"),
        pl.when(pl.col("charge_id").is_in(measured)).then(pl.lit(snapshot, pl.String)).alias("billed_in"),
    ).select(pl.col(name).cast(kind) for name, kind in SPANS.items())


def _of_lines(rows: pl.DataFrame, keys: pl.DataFrame, *, kind: str, billed_in: str | None = None) -> pl.DataFrame:
    """Rows by `part` as spans of the lines with these keys."""
    cause = [] if "cause_id" in rows.columns else [pl.lit(None, pl.Int64).alias("cause_id")]
    return rows.join(keys, on="part").with_columns(
        *cause, pl.lit(kind).alias("kind"), pl.lit(billed_in, pl.String).alias("billed_in")).select(
        pl.col(name).cast(of) for name, of in SPANS.items())


def _reduce(sheet: Sheet, inputs: Inputs, charged: Due, covered: Covered) -> None:
    """Late use, what retainers cover, caps, true-ups and discounts."""
    through, snapshot = inputs.scope.period_to, inputs.scope.snapshot
    keys = sheet.add(covered.lines)
    if not covered.allocations.is_empty():
        sheet.allocations.append(covered.allocations.join(keys, on="part", maintain_order="left").with_columns(
            pl.col("quantity").alias("billed_quantity"), pl.lit(0, pl.Decimal(38, 4)).alias("amount")).select(
            pl.col(name).cast(sheet.allocations[0].schema[name]) for name in ALLOCATIONS))
    if not charged.planned.filter(pl.col("charge_kind").is_in(MEASURED)).is_empty():
        behind = late(charged, inputs.fees.tiers, through, snapshot)
        sheet.spans.append(_of_lines(behind.spans, sheet.add(behind.lines), kind="late", billed_in=snapshot))
        sheet.add(bills_between(inputs, charged))
    sheet.lines = within_cap(sheet.lines, inputs.agreements, charged, through)
    sheet.add(given_back(sheet.lines, charged))
    lacking = missing(sheet.lines, charged)
    sheet.spans.append(_of_lines(lacking.spans, sheet.add(lacking.lines), kind="true_up"))
    sheet.lines = discounted(sheet.lines, inputs.agreements.select("agreement_id", "document_key", "version_id"),
                             inputs.terms)


def _answer(sheet: Sheet, inputs: Inputs, charged: Due) -> pl.DataFrame:
    """Credits of days that are not agreed any more, and nettings of what was billed in advance; answers `NETTINGS`."""
    credits = charged.credits.rename({"tax_category": "fixed_category", "tax_rate": "fixed_rate"}).with_columns(
        pl.lit("unused").alias("kind"))
    keys = sheet.add(credits)
    back = charged.taken_back.join(charged.credits.select("line_id", "part"), on="line_id").rename(
        {"line_id": "cause_id"})
    sheet.spans.insert(0, _of_lines(back, keys, kind="correction"))
    taken = netted(sheet.lines, inputs.advances, inputs.scope.on)
    keyed = taken.with_columns(pl.int_range(1, pl.len() + 1).alias("part"))
    keys = sheet.add(keyed)
    sheet.reduced = not sheet.lines.filter(pl.col("net") != pl.col("amount")).is_empty()
    sheet.lines = settled_net(sheet.lines)
    return keyed.join(keys, on="part").select(
        "line_key", "advance_id", (-pl.col("amount")).cast(NETTINGS["amount"]).alias("amount"))


def _shared_out(allocations: pl.DataFrame, lines: pl.DataFrame, *, reduced: bool) -> pl.DataFrame:
    """Allocations whose amounts are those of their line, shared out again where something was taken off it."""
    if not reduced:
        return allocations
    totals = lines.select("line_key", pl.col("amount").alias("total"), "exponent")
    off = allocations.group_by("line_key").agg(pl.col("amount").sum().alias("shared")).join(
        totals, on="line_key").filter(pl.col("shared") != pl.col("total"))["line_key"]
    changed = pl.col("line_key").is_in(off.implode())
    again = allocations.filter(changed).join(totals, on="line_key", maintain_order="left")
    shared = distribute_frame(again, by="line_key", total="total", weight="billed_quantity", out="amount")
    return pl.concat([allocations.filter(~changed), shared.select(ALLOCATIONS)])


@dataclass(frozen=True, slots=True)
class Apart:
    """Lines with `part`, spans, agreements and parties of documents that stand apart from those of their agreements."""

    lines: pl.DataFrame
    spans: pl.DataFrame
    agreements: pl.DataFrame
    parties: pl.DataFrame


def _apart(inputs: Inputs, fixed: pl.DataFrame, moved: pl.Expr, kind: str) -> Apart:
    """Fixed charges that are due on the documents `moved`, of that kind, behind all others: deposits, vouchers."""
    mine = inputs.agreements.join(fixed.select("agreement_id").unique(), on="agreement_id", how="semi")
    key = moved.alias("document_key")
    priced = price(inputs.work.clear(), fixed.with_columns(key), inputs.rates)
    return Apart(
        _plain(priced.lines.with_columns(pl.col("line_key").alias("part"))), priced.spans,
        mine.with_columns(key, pl.lit(kind).alias("document_kind")),
        inputs.parties.join(mine.select("document_key").unique(), on="document_key", how="semi").with_columns(key))


def _vouchers(sheet: Sheet, inputs: Inputs, fixed: pl.DataFrame, last: int) -> Apart:
    """Credit that is sold without tax, outside the scope (O). That stands alone: on a document of its own, unless all
    that its agreement's document has is outside the scope anyway."""
    own = pl.col("document_key")
    others = sheet.lines.join(fixed.select("document_key").unique(), on="document_key", how="semi")
    without = taxing.outside_scope(taxing.supplied(others, inputs.terms), inputs.parties) if others.height else []
    taxed = own.is_in([key for key in others["document_key"].unique() if key not in without])
    sold = _apart(inputs, fixed, pl.when(taxed).then(own + 2 * last).otherwise(own), "invoice")
    fixed_tax = (pl.lit("O").alias("fixed_category"), pl.lit(0, RATE).alias("fixed_rate"))
    return Apart(
        sold.lines.with_columns(fixed_tax), sold.spans, sold.agreements.filter(own > last),
        sold.parties.filter(own > last))
