"""A draft under someone's hands: opened at the version that they saw, its lines changed, and settled again.

The version is the digest of the draft's content (`draft_digest`): two versions are equal when nothing differs.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

import polars as pl

from duly.billing.invoicing import queries, taxing
from duly.billing.invoicing.checking import check_drafts, facts_of
from duly.billing.invoicing.payable import rounded
from duly.billing.invoicing.review_models import SEVERITIES
from duly.billing.invoicing.storing import write_taxes
from duly.billing.invoicing.vouchers import open_vouchers, paid_by_vouchers, selling, write_paid
from duly.billing.invoicing.withholding import withheld_from, write_withheld
from duly.billing.kernel import frames
from duly.billing.kernel.authority import Actor
from duly.billing.kernel.errors import Problem, Refused
from duly.billing.kernel.frames import MONEY, QUANTITY
from duly.engine.pricing.reduction import reduced
from duly.engine.rounding import distribute_frame
from duly.engine.totals import totals

CHANGES_NOTHING: Final = ("invoicing.check", "invoicing.waive")
"""Verbs that leave events on a draft and its content alone."""

APART: Final = 1_000_000
"""Positions are moved beyond this while they change places: two lines never share one."""

Rows = list[dict[str, Any]]


class Outdated(Refused):
    """Someone changed the draft after it was looked at. `version` is what it is now; `problems` repeat what was typed.

    `by` (a name) changed it last, at the instant `when`.
    """

    def __init__(self, draft: int, by: str, when: datetime, version: str, typed: Mapping[str, object]) -> None:
        self.by, self.when, self.version = by, when, version
        super().__init__(
            f"{by} changed draft {draft} on {when:%Y-%m-%d at %H:%M} UTC, after you opened it.",
            "Look at it as it is now, then save your change again. Nothing of yours is lost.",
            problems=[Problem(field, f"“{value}” is not saved yet.") for field, value in typed.items()],
        )


@dataclass(frozen=True, slots=True)
class Edited:
    """The draft after a change: its new version, its totals as text, and how many findings of each severity."""

    draft: int
    version: str
    net: str
    tax: str
    total: str
    blocks: int
    warns: int
    notes: int


@dataclass(frozen=True, slots=True)
class DraftLine:
    """A line as its editor needs it, `amount` with tax where prices include it. `priced` is the exact quotient that the
    engine gave, as “numerator/denominator”; a line that was written down has its amount as its own quotient and keeps
    this one for the way back."""

    id: int
    position: int
    kind: str
    terms_id: int
    description: str
    unit_price: Decimal
    amount: Decimal
    priced: str
    explanation: Rows


def opened(actor: Actor, on: date, draft: int, version: str, **typed: object) -> pl.DataFrame:
    """The draft's header, locked until commit. Raises `NotFound` outside the book, `Refused` in any other state than
    draft, and `Outdated` when its content is no longer `version`."""
    header = queries.locked_headers(actor, "bill", [draft], on)
    if (state := header["state"][0]) != "draft":
        remedy = "It never changes." if state in ("issued", "discarded") else "Take it back to draft first."
        raise Refused(f"Draft {draft} is {state.replace('_', ' ')}.", remedy, law=6)
    refuse_outdated(draft, version, typed)
    return header


def refuse_outdated(draft: int, version: str, typed: Mapping[str, object]) -> None:
    """Raise `Outdated` when the draft's content is no longer `version`."""
    if (current := version_of(draft)) != version:
        raise Outdated(draft, *_last_change(draft), current, typed)


def version_of(draft: int) -> str:
    """The digest of the draft's content as it stands."""
    [(digest,)] = frames.rows("select draft_digest(%s)", [draft])
    return str(digest)


def _last_change(draft: int) -> tuple[str, datetime]:
    """Who changed the draft's content last, by name, and when."""
    [(name, at)] = frames.rows("""select coalesce(u.name, e.actor), e.at at time zone 'UTC' from event e
          left join app_user u on u.login = e.actor
         where e.subject_type = 'invoice' and e.subject_id = %s and e.verb <> all(%s) order by e.id desc limit 1""",
                               [draft, list(CHANGES_NOTHING)])
    return name, at


def line_of(draft: int, position: int) -> DraftLine:
    """The draft's line at that position; raises `Refused`."""
    found = frames.rows("""select id, position, kind, terms_id, description, unit_price, coalesce(gross, amount),
        numerator, denominator, explanation::text from invoice_line where invoice_id = %s and position = %s""",
                        [draft, position])
    if not found:
        raise Refused(f"Draft {draft} has no line {position}.", "Look at the draft again.")
    [(line, place, kind, terms, words, price, amount, numerator, denominator, explanation)] = found
    rows = json.loads(explanation)
    written = reduced(rows)
    priced = written["was"] if written else f"{numerator.normalize():f}/{denominator}"
    return DraftLine(line, place, kind, terms, words, price, amount, priced, rows)


def put_line(line: DraftLine, rows: Rows, **values: Any) -> Decimal:
    """Write the line's explanation and what follows from it, with other columns' `values`; answers its amount.

    Where prices include tax, that is its gross, and its net follows when the draft is settled.
    """
    amount, written = Decimal(rows[-1]["amount"]), reduced(rows)
    numerator, _, denominator = line.priced.partition("/")
    kept = [{**row, "was": line.priced} if row["step"] == "write_down" else row for row in rows]
    columns = {
        "explanation": json.dumps(kept, ensure_ascii=False), "amount": amount,
        "numerator": amount if written else Decimal(numerator), "denominator": 1 if written else int(denominator),
        **values,
    }
    names = ", ".join(f"{name} = %s" for name in columns)
    frames.execute(f"""update invoice_line set {names}, tax = case when gross is null then tax else 0 end,
        gross = case when gross is null then null else %s end where id = %s""", [*columns.values(), amount, line.id])
    return amount


ALLOCATED: Final[frames.Schema] = {
    "work_item_id": pl.Int64, "line_id": pl.Int64, "quantity": QUANTITY, "billed_quantity": QUANTITY,
}


def allocations(line: DraftLine) -> pl.DataFrame:
    """The work on a line in the order of its annex, columns as `ALLOCATED`; the work is locked until commit."""
    frames.execute("""select from work_item where id in (select work_item_id from work_allocation where line_id = %s)
                       order by id for no key update""", [line.id])
    return frames.read("""select a.work_item_id, a.line_id, a.quantity, a.billed_quantity
          from work_allocation a join work_item w on w.id = a.work_item_id
         where a.line_id = %s order by w.worked_on, w.id""", [line.id], ALLOCATED)


def allocate(line: DraftLine, work: pl.DataFrame, amount: Decimal, exponent: int) -> None:
    """Put this work on the line in place of what is there, its amount shared out by billed quantity."""
    frames.execute("delete from work_allocation where line_id = %s", [line.id])
    shares = work.with_columns(pl.lit(amount, MONEY).alias("total"), pl.lit(exponent, pl.Int8).alias("exponent"))
    spread = distribute_frame(shares, by="line_id", total="total", weight="billed_quantity", out="amount")
    frames.write("work_allocation", spread.select(*ALLOCATED, "amount"))


TAXABLE: Final[frames.Schema] = {
    "line_id": pl.Int64, "document_key": pl.Int64, "before": pl.Int64, "amount": MONEY, "tax_class": pl.String,
    "service_from": pl.Date, "service_to": pl.Date, "supply": pl.String, "fixed_category": pl.String,
    "fixed_rate": pl.Decimal(38, 6), "override_category": pl.String, "override_reason": pl.String,
    "agreement_id": pl.Int64, "charge_id": pl.Int64, "untaxed": pl.Boolean,
}


def settled(header: pl.DataFrame, on: date, order: Sequence[int] | None = None) -> Edited:
    """Tax, totals and checks of the draft after a change, computed as drafting does; positions are dense.

    `order` is the lines' present positions in their new order; None leaves them as they stand.
    """
    draft, exponent = header.select("id", "exponent").row(0)
    lines = frames.read("""select l.id, l.invoice_id, l.position, coalesce(l.gross, l.amount), l.tax_class,
        l.service_from, l.service_to, l.supply, l.fixed_category, l.fixed_rate, l.override_category, l.override_reason,
        l.agreement_id, l.charge_id, t.untaxed from invoice_line l join charge_terms t on t.id = l.terms_id
        where l.invoice_id = %s order by l.position""", [draft], TAXABLE)
    if order is not None:
        lines = pl.DataFrame({"before": order}, schema={"before": pl.Int64}).join(
            lines, on="before", maintain_order="left")
    lines = lines.with_row_index("position", offset=1).with_columns(pl.lit(exponent, pl.Int8).alias("exponent"))
    parties = queries.with_parties(header.select(
        pl.col("id").alias("document_key"), "account_id", "entity_id", "prices_include_tax"))
    taxed, tax_lines = taxing.taxed(lines, parties)
    _write_lines(taxed)
    frames.execute("delete from tax_line where invoice_id = %s", [draft])
    frames.execute("delete from line_tax where line_id = any(%s::bigint[])", [frames.array(taxed["line_id"])])
    write_taxes(tax_lines, taxed)
    _write_head(header, taxed, totals(taxed, tax_lines))
    return _answer(draft, on)


def _write_lines(taxed: pl.DataFrame) -> None:
    """Positions, first out of each other's way, and taxes; only what differs is written."""
    moved = taxed.filter(pl.col("position") != pl.col("before"))["line_id"]
    if not moved.is_empty():
        frames.execute("update invoice_line set position = position + %s where id = any(%s::bigint[])",
                       [APART, frames.array(moved)])
    frames.execute("""update invoice_line l
          set position = t.position, tax_category = t.category, tax_rate = t.rate, tax = t.tax, amount = t.amount,
              gross = t.gross
         from unnest(%s::bigint[], %s::int[], %s::text[], %s::numeric[], %s::numeric[], %s::numeric[], %s::numeric[])
              as t (id, position, category, rate, tax, amount, gross)
        where l.id = t.id and (l.position, l.tax_category, l.tax_rate, l.tax, l.amount, l.gross)
              is distinct from (t.position, t.category, t.rate, t.tax, t.amount, t.gross)
        """, [frames.array(taxed["line_id"]), frames.array(taxed["position"]), taxed["tax_category"].to_list(),
              *(frames.array(taxed[name]) for name in ("tax_rate", "tax", "amount", "gross"))])


def _write_head(header: pl.DataFrame, taxed: pl.DataFrame, summed: pl.DataFrame) -> None:
    begins, ends = taxed.select(pl.col("service_from").min(), pl.col("service_to").max()).row(0)
    draft = header["id"][0]
    settled_at, withheld = withheld_from(summed.with_columns(
        header["account_id"], header["exponent"], pl.lit(ends).alias("tax_point")), taxed)
    if header["prepaid"][0]:
        frames.execute("delete from netting where invoice_id = %s", [draft])
    vouchers = open_vouchers(selling(taxed["agreement_id"].unique().to_list()), locked=True)
    paid_at, paid = paid_by_vouchers(settled_at, taxed, vouchers)
    head = rounded(paid_at.with_columns(header["entity_id"], header["currency"]))
    frames.execute("delete from withheld_tax where invoice_id = %s", [draft])
    write_withheld(withheld)
    write_paid(paid)
    sums = head.select("net", "tax", "total", "withheld", "prepaid", "rounding").row(0)
    frames.execute("""update invoice set net = %s, tax = %s, total = %s, withheld = %s, prepaid = %s, rounding = %s,
        service_from = %s, service_to = %s, tax_point = %s where id = %s""", [*sums, begins, ends, ends, draft])


def _answer(draft: int, on: date) -> Edited:
    """Run the checks over the draft as it is now, and say what it came to."""
    header = queries.headers([draft])
    check_drafts(facts_of(header, on))
    found = queries.findings([draft])["severity"].to_list()
    net, tax, total, exponent = header.select("net", "tax", "total", "exponent").row(0)
    net, tax, total = (f"{amount:.{exponent}f}" for amount in (net, tax, total))
    return Edited(draft, version_of(draft), net, tax, total, **{name: found.count(name) for name in SEVERITIES})
