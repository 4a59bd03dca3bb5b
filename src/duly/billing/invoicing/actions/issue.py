"""Issue: number, freeze, post. Each document wholly or not at all; what cannot be issued is listed with its reason."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

import polars as pl

from duly.billing.audit.actions import enqueue, record_many, verb
from duly.billing.invoicing import queries
from duly.billing.invoicing.checking import check_drafts, facts_of
from duly.billing.invoicing.parties import CHANGED, beside_now
from duly.billing.invoicing.payable import OUTDATED, rounding_changed
from duly.billing.invoicing.postable import unmapped
from duly.billing.invoicing.state import issue_from
from duly.billing.invoicing.taxing import taxes_changed
from duly.billing.kernel import frames
from duly.billing.kernel.authority import Actor
from duly.billing.kernel.errors import Refused
from duly.billing.ledger import actions as ledger
from duly.billing.ledger import numbers
from duly.engine.checks import Facts
from duly.engine.journal import in_base, parts_of_documents, postings
from duly.engine.lifecycle import next_states

CHUNK: Final = 2_500
"""As many as a partition of a bill run: what each document costs falls until there, how long others wait grows."""
NO_OPEN_ITEM: Final = ("proforma",)
"""Kinds that owe and post nothing."""


@dataclass(frozen=True, slots=True)
class Skipped:
    """A draft that was not issued, and why."""

    draft: int
    reason: str


@dataclass(frozen=True, slots=True)
class Issued:
    """The numbers given by draft id, and what was skipped. `skipped` holds pairs of draft id and reason."""

    numbers: dict[str, str]
    skipped: list[list[str]]


def issue_in_chunks(
    *, actor: Actor, at: datetime, on: date, drafts: Sequence[int], key: str | None = None
) -> Iterator[Issued]:
    """Issue many drafts by `issue`, a chunk at a time, each chunk one command; run it again after a stop."""
    for start in range(0, len(drafts), CHUNK):
        part = {"key": f"{key}:{start}"} if key else {}
        yield issue(actor=actor, at=at, on=on, drafts=drafts[start : start + CHUNK], **part)


@verb("invoicing.issue", right="issue")
def issue(*, actor: Actor, at: datetime, on: date, drafts: Sequence[int]) -> Issued:
    """Issue drafts on the day `on`: number, frozen parties, postings, open item and event for each, in one commit.

    Checks run again first. A draft that is blocked, not reviewed as demanded, issued already, or whose parties or
    taxes changed since its review is skipped with its reason; the others are issued. At most `CHUNK` at once.
    Raises `NotFound` when one is not there or not in the book: then nothing is issued.
    """
    if len(drafts) > CHUNK:
        raise Refused(f"{len(drafts):,} drafts are too many at once; at most {CHUNK:,} fit.", "Issue them in parts.")
    drafts = sorted(set(drafts))
    headers = queries.locked_headers(actor, "issue", drafts, on)
    waiting, skipped = _waiting(headers)
    ready, blocked = _ready(waiting, on)
    numbered = _numbered(ready, on)
    _post(numbered, on)
    record_many("invoice", numbered.select("id", pl.struct(
        "number", pl.col("total").cast(pl.String), "currency").struct.json_encode().alias("data")))
    if numbered.height:
        enqueue("audit.seal", lock="audit.seal")
    given = {str(draft): number for draft, number in numbered.select("id", "number").iter_rows()}
    return Issued(given, [[str(one.draft), one.reason] for one in sorted(skipped + blocked, key=lambda s: s.draft)])


def _waiting(headers: pl.DataFrame) -> tuple[pl.DataFrame, list[Skipped]]:
    """The drafts whose state lets them be issued; a draft goes at once only where no review is demanded."""
    issuable = [state for state in headers["state"].unique() if "issued" in next_states(state, "issue")]
    open_to = pl.col("state").is_in(issuable) & ((pl.col("state") != "draft") | (pl.col("review") == "none"))
    said = {"issued": "It is issued already.", "discarded": "It was discarded.",
            "draft": "Its agreement demands a review: submit it first.",
            "in_review": "It waits for peer review.", "client_check": "It waits for the client's check."}
    rest = headers.filter(~open_to)
    return headers.filter(open_to), [Skipped(draft, said[state]) for draft, state in
                                     rest.select("id", "state").iter_rows()]


def _ready(headers: pl.DataFrame, on: date) -> tuple[pl.DataFrame, list[Skipped]]:
    """Drafts that pass the checks of today, with parties and exchange rates as of today; and why the others do not."""
    if headers.is_empty():
        return headers, []
    drafts = headers["id"].to_list()
    facts = facts_of(headers, on)
    check_drafts(facts)
    reasons = _unfit(facts) | unmapped(facts.drafts, on) | _blocking(drafts)
    outdated = "Its taxes are no longer right at the tax point: draft it again."
    reasons |= {draft: outdated for draft in taxes_changed(facts) if draft not in reasons}
    reasons |= {draft: OUTDATED for draft in rounding_changed(facts.drafts) if draft not in reasons}
    rates = facts.drafts.select(pl.col("document_key").alias("id"), "base_rate", "base_exponent")
    fresh = beside_now(headers.join(rates, on="id")).sort("id")
    for draft in fresh.filter(CHANGED & (pl.col("review") != "none"))["id"]:
        reasons.setdefault(draft, "The details of seller or buyer changed since its review: review it again.")
    ready = fresh.filter(~pl.col("id").is_in(list(reasons))).with_columns(
        pl.col("seller_id_now").alias("seller_id"), pl.col("buyer_id_now").alias("buyer_id"))
    return ready, [Skipped(draft, reason) for draft, reason in reasons.items()]


def _unfit(facts: Facts) -> dict[int, str]:
    """Drafts that the laws would refuse, found first, so that one of them does not refuse all the others."""
    sellers = facts.drafts.select("entity_id", "kind").unique()
    lacking = frames.read("""select d.entity_id, d.kind, case
          when not exists (select from number_series s where s.entity_id = d.entity_id and s.kind = d.kind)
            then 'Its entity numbers no documents of this kind: add a number series.'
          when d.kind <> all(%s) and (select count(*) from chart_account c where c.entity_id = d.entity_id
                                         and c.role in ('receivable', 'revenue', 'tax')) < 3
            then 'Its entity maps no account of its chart to receivable, revenue or tax: add them.' end
        from unnest(%s::bigint[], %s::text[]) as d (entity_id, kind)""",
                          [list(NO_OPEN_ITEM), sellers["entity_id"].to_list(), sellers["kind"].to_list()],
                          {"entity_id": pl.Int64, "kind": pl.String, "reason": pl.String})
    moved = "Another account pays for this agreement now: discard the draft and draft it again."
    payer = pl.col("account_id")
    elsewhere = facts.agreements.join(facts.drafts.select("document_key", "account_id"), on="document_key").filter(
        (payer != pl.col("customer_id")) & (payer != pl.col("payer_id")))
    unnumbered = facts.drafts.join(lacking.drop_nulls(), on=["entity_id", "kind"])
    return dict.fromkeys(elsewhere["document_key"], moved) | dict(
        unnumbered.select("document_key", "reason").iter_rows())


def _blocking(drafts: Sequence[int]) -> dict[int, str]:
    found = queries.findings(drafts).filter((pl.col("severity") == "blocks") & ~pl.col("waived"))
    texts = found.group_by("invoice_id", maintain_order=True).agg(pl.col("text"))
    return {draft: f"{text[0]}" + (f" (and {len(text) - 1} more)" if len(text) > 1 else "")
            for draft, text in texts.iter_rows()}


def _numbered(ready: pl.DataFrame, on: date) -> pl.DataFrame:
    """Numbers for the drafts, in id order within each series; series are locked in one order (law 4)."""
    parts = []
    for (entity_id, kind), group in sorted(ready.group_by("entity_id", "kind"), key=lambda part: part[0]):
        taken = numbers.take(kind=str(kind), entity_id=int(str(entity_id)), on=on, count=group.height)
        group = group.sort("id")
        parts.append(group.with_columns(
            pl.lit(taken.series_id).cast(pl.Int64).alias("series_id"),
            pl.lit(taken.fiscal_year).cast(pl.Int64).alias("fiscal_year"),
            pl.Series("sequence", range(taken.first, taken.first + group.height), dtype=pl.Int64),
            pl.Series("number", [taken.number(i) for i in range(group.height)], dtype=pl.String),
            pl.lit(on).alias("issued_on"),
            (pl.lit(on) + pl.duration(days=pl.col("payment_days"))).cast(pl.Date).alias("due_on"),
        ))
    if not parts:
        return ready.clear().with_columns(pl.lit(None, dtype=pl.String).alias("number"))
    return pl.concat(parts)


def _post(numbered: pl.DataFrame, on: date) -> None:
    """Open items, entries, transfers and movements; then the documents themselves."""
    if numbered.is_empty():
        return
    owing = numbered.filter(~pl.col("kind").is_in(NO_OPEN_ITEM))
    items = ledger.open_items(owing.select(
        "entity_id", "account_id", pl.lit("receivable").alias("control"), pl.col("number").alias("label"), "currency",
        (pl.col("total") - pl.col("prepaid") + pl.col("rounding")).alias("amount"),
        pl.col("issued_on").alias("booked_on"), "due_on", pl.col("id").alias("key")))
    parts = _parts(owing)
    transfers = postings("document", parts)
    items = items.rename({"id": "open_item_id"})
    moved = items.select("key", "open_item_id").join(ledger.booked(transfers, "receivable"), on="key", how="left")
    deferred = parts.filter(pl.col("what") == "deferred_revenue").join(items.select("key", "open_item_id"), on="key")
    ledger.post(
        owing.select(pl.col("id").alias("key"), "entity_id", pl.col("kind"), pl.lit(on).alias("booked_on"),
                     pl.col("number").alias("source")),
        transfers, moved.fill_null(0), deferred)
    opened = numbered.join(items.select(pl.col("key").alias("id"), "open_item_id"),
                           on="id", how="left", maintain_order="left")
    frames.execute("""create temporary table issuing (id bigint primary key, series_id bigint, fiscal_year integer,
        sequence integer, number text, issued_on date, due_on date, base_rate numeric, open_item_id bigint,
        seller_id bigint, buyer_id bigint) on commit drop""")
    frames.write("issuing", opened, ["id", "series_id", "fiscal_year", "sequence", "number", "issued_on", "due_on",
                                     "base_rate", "open_item_id", "seller_id", "buyer_id"])
    issue_from("issuing")
    frames.execute("drop table issuing")


def _parts(owing: pl.DataFrame) -> pl.DataFrame:
    """What the documents post, by role, in their currency and in the base currency."""
    documents = owing.select(pl.col("id").alias("key"), pl.col("kind").alias("document_kind"),
                             pl.col("issued_on").alias("booked_on"), "tax", "prepaid", "rounding")
    rates = owing.select(pl.col("id").alias("key"), "currency", "base_rate", "base_exponent")
    parts = parts_of_documents(documents, queries.posted_lines(owing["id"].to_list()))
    return in_base(parts.join(rates, on="key", maintain_order="left"))
