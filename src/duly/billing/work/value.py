"""What unbilled work is worth, and where a file asked for another amount than our agreements do."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final

import polars as pl

from duly.billing.accounts.queries import IN_BOOK, refuse_outside_book
from duly.billing.accounts.queries import entity as entity_of_code
from duly.billing.agreements.queries import terms_frame
from duly.billing.kernel import frames
from duly.billing.kernel.authority import Actor
from duly.billing.kernel.errors import NotFound
from duly.billing.work.models import WORK_KINDS
from duly.billing.work.pricing import priced
from duly.billing.work.queries import work_frame
from duly.engine.currencies import exponent


@dataclass(frozen=True, slots=True)
class UnbilledAgreement:
    """Unbilled work of an agreement: approved, and apart what waits for approval. Money as text, before tax.

    `unpriced` items have no rate, charge or exchange rate; their hours count, their value does not.
    """

    account: str
    account_name: str
    agreement: str
    agreement_name: str
    currency: str
    oldest: str
    items: int
    seconds: int
    amount: str
    waiting_items: int
    waiting_seconds: int
    waiting_amount: str
    unpriced: int

    @property
    def oldest_day(self) -> date:
        return date.fromisoformat(self.oldest)

    @property
    def whole_seconds(self) -> int:
        return self.seconds + self.waiting_seconds


@dataclass(frozen=True, slots=True)
class Unbilled:
    """What is unbilled up to and including `on`, by account name; `problems` say why items have no price."""

    entity: str
    on: str
    agreements: list[UnbilledAgreement]
    problems: list[str]


@dataclass(frozen=True, slots=True)
class Difference:
    """A row of a file that asks for another amount than our agreement. `ours` is null where nothing prices it."""

    row_number: int
    person: str
    description: str
    worked_on: str
    seconds: int
    own: str
    own_currency: str
    ours: str | None
    currency: str
    difference: str | None


AGREEMENT_NAMES: Final[frames.Schema] = {
    "agreement_id": pl.Int64, "account": pl.String, "account_name": pl.String, "bill_to_id": pl.Int64,
    "agreement": pl.String, "agreement_name": pl.String, "currency": pl.String, "exponent": pl.Int64,
}

AGREED: Final = f"""join account a on a.id = g.account_id
    where g.entity_id = %(entity)s and (%(everywhere)s or {IN_BOOK})"""
"""SQL: of agreements `g` the entity's with accounts of the actor's book."""


def unbilled(*, actor: Actor, entity: str, on: date) -> Unbilled:
    """The work of the actor's book that the entity has not billed, up to and including `on`, with its value.

    Priced as a bill run would, document by agreement; what waits for approval is priced apart. Raises
    `Forbidden` without the right to read, `NotFound` for an unknown entity.
    """
    refuse_outside_book(actor, "read", [], on)
    seller = entity_of_code(entity)
    scope = {"entity": seller.pk, "everywhere": actor.may_everywhere("read"), "user": actor.user_id, "on": on}
    work = work_frame(f"""w.worked_on <= %(on)s and w.billable and remaining.quantity > 0
        and w.agreement_id in (select g.id from agreement g {AGREED})""", scope)
    mine = frames.read(f"""select g.id, a.number, a.name, coalesce(a.bill_to_id, a.id), g.number, g.name, g.currency,
                                  currency_exponent(g.currency)
                             from agreement g {AGREED} order by a.sort_name, a.number, g.number""",
                       scope, AGREEMENT_NAMES).join(work, on="agreement_id", how="semi", maintain_order="left")
    keyed = work.with_columns((pl.col("agreement_id") * 2 + pl.col("approved").cast(pl.Int64)).alias("document_key"))
    found = priced(keyed, terms_frame(seller.pk, mine["bill_to_id"].unique().to_list(), kinds=WORK_KINDS))
    amounts = found.lines.group_by("document_key").agg(pl.col("amount").sum())
    unpriced = found.problems.group_by("document_key").agg(pl.len().alias("unpriced"))
    totals = keyed.group_by("document_key").agg(
        pl.col("agreement_id").first(), pl.col("approved").first(), pl.col("worked_on").min(), pl.len().alias("items"),
        pl.when(pl.col("kind") == "time").then("quantity").otherwise(0).sum().cast(pl.Int64).alias("seconds"),
    ).join(amounts, on="document_key", how="left").join(unpriced, on="document_key", how="left")
    texts = found.problems.sort("work_id")["text"].unique(maintain_order=True).to_list()
    return Unbilled(seller.code, on.isoformat(), _by_agreement(mine, totals), texts)


def _by_agreement(mine: pl.DataFrame, totals: pl.DataFrame) -> list[UnbilledAgreement]:
    """The agreements that have unbilled work, each with its approved and its waiting part."""
    figures = pl.col("items", "seconds", "amount")
    parts = totals.with_columns(pl.col("items", "unpriced").cast(pl.Int64))
    both = parts.group_by("agreement_id").agg(pl.col("worked_on").min().cast(pl.String).alias("oldest"),
                                              pl.col("unpriced").sum())
    approved = parts.filter("approved").select("agreement_id", figures)
    waiting = parts.filter(~pl.col("approved")).select("agreement_id", figures.name.prefix("waiting_"))
    rows = mine.join(both, on="agreement_id", maintain_order="left")
    for part in (approved, waiting):
        rows = rows.join(part, on="agreement_id", how="left", maintain_order="left")
    rows = rows.with_columns(pl.selectors.numeric().fill_null(0))
    return [UnbilledAgreement(**_plain(row)) for row in rows.drop("agreement_id", "bill_to_id").iter_rows(named=True)]


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    digits = row.pop("exponent")
    return {**row, **{name: _money(row[name], digits) for name in ("amount", "waiting_amount")}}


def _money(amount: Decimal, digits: int) -> str:
    """With at least the decimals of the minor unit; a file's own amount may have more."""
    return f"{amount:.{digits}f}" if amount == round(amount, digits) else f"{amount.normalize():f}"


IMPORTED: Final[frames.Schema] = {
    "work_id": pl.Int64, "row_number": pl.Int64, "own": frames.MONEY, "own_currency": pl.String,
    "entity_id": pl.Int64, "account_id": pl.Int64, "bill_to_id": pl.Int64, "currency": pl.String,
}


def own_amount_differences(*, actor: Actor, batch: int, on: date) -> list[Difference]:
    """The rows of an import whose own amount is not ours, in the order of the file.

    Each entry is priced alone by its agreement; work that is not billable is worth nothing. Rows without an
    amount, and those that did not become work, are left out. Raises `NotFound` for an unknown batch and for one
    that holds work outside the actor's book on `on`.
    """
    if not frames.rows("select 1 from import_batch where id = %s", [batch]):
        raise NotFound("There is no such import in your book of accounts.", "Check its number.")
    query = """select r.work_item_id, r.row_number, r.own_amount, r.own_currency, g.entity_id, a.id,
                      coalesce(a.bill_to_id, a.id), g.currency
                 from import_row r join work_item w on w.id = r.work_item_id
                 join agreement g on g.id = w.agreement_id join account a on a.id = g.account_id
                where r.batch_id = %(batch)s and r.own_amount is not null"""
    rows = frames.read(query, {"batch": batch}, IMPORTED)
    refuse_outside_book(actor, "read", rows["account_id"].unique().to_list(), on)
    work = work_frame("w.id = any(%(ids)s)", {"ids": rows["work_id"].to_list()})
    ours = pl.when(pl.col("billable")).then("amount").otherwise(pl.lit(0, frames.MONEY)).alias("ours")
    compared = rows.join(work.drop("amount"), on="work_id").join(_entry_amounts(work, rows), on="work_id", how="left")
    differing = compared.with_columns(ours).filter(
        pl.col("ours").is_null() | (pl.col("ours") != pl.col("own"))
        | ((pl.col("own_currency") != pl.col("currency")) & (pl.col("own") != 0)))
    return [_difference(row) for row in differing.sort("row_number").iter_rows(named=True)]


def _entry_amounts(work: pl.DataFrame, rows: pl.DataFrame) -> pl.DataFrame:
    """Our amount of each work item as a line of its own, whatever is billed of it: work_id, amount."""
    whole = work.with_columns(pl.col("work_id").alias("document_key"), pl.col("whole").alias("quantity"))
    found = [pl.DataFrame(schema={"work_id": pl.Int64, "amount": frames.MONEY})]
    for (entity_id,), part in rows.group_by(["entity_id"]):
        terms = terms_frame(int(str(entity_id)), part["bill_to_id"].unique().to_list())
        mine = whole.join(part, on="work_id", how="semi")
        entries = priced(mine, terms, billed=False).allocations.group_by("work_id", maintain_order=True)
        found.append(entries.agg(pl.col("amount").sum()).cast({"amount": frames.MONEY}))
    return pl.concat(found)


def _difference(row: dict[str, Any]) -> Difference:
    own, ours = row["own"], row["ours"]
    digits = exponent(row["currency"])
    comparable = ours is not None and row["own_currency"] == row["currency"]
    return Difference(
        row_number=row["row_number"],
        person=row["person"] or "",
        description=row["description"],
        worked_on=row["worked_on"].isoformat(),
        seconds=int(row["whole"]),
        own=_money(own, digits),
        own_currency=row["own_currency"],
        ours=None if ours is None else _money(ours, digits),
        currency=row["currency"],
        difference=_money(ours - own, digits) if comparable else None,
    )
