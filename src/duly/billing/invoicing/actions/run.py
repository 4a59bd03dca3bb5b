"""Bill runs: launched over frozen input, drafted partition by partition, watched, stopped and resumed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final

import polars as pl

from duly.billing.accounts.models import LegalEntity
from duly.billing.accounts.queries import IN_BOOK, refuse_outside_book, unseen
from duly.billing.accounts.queries import entity as entity_of
from duly.billing.audit.actions import enqueue, record, record_many, verb
from duly.billing.invoicing.checking import check_drafts, gather
from duly.billing.invoicing.collecting import Inputs, Scope, collect
from duly.billing.invoicing.drafting import Drafts, compute
from duly.billing.invoicing.models import BillRun, BillRunPartition
from duly.billing.invoicing.parties import freeze_sellers
from duly.billing.invoicing.queries import partitions_left
from duly.billing.invoicing.storing import store
from duly.billing.kernel import frames
from duly.billing.kernel.authority import Actor
from duly.billing.kernel.errors import Busy, Refused

PARTITION_ACCOUNTS: Final = 2_500


@dataclass(frozen=True, slots=True)
class Launched:
    """A run and its partitions, in the order in which they may be drafted (any order gives the same drafts)."""

    run: int
    partitions: list[int]
    accounts: int


@dataclass(frozen=True, slots=True)
class Drafted:
    """What one partition came to. `digest` is of its content: a run repeated over the same input has the same.

    `unpriced` says whose work is on no draft because nothing prices it, and the remedy; what could not join a draft
    of its account is a finding of that draft. Only the drafting itself answers it, not a partition `already` done.
    """

    partition: int
    drafts: int
    lines: int
    digest: str
    already: bool = False
    unpriced: list[str] = field(default_factory=list)


@verb("invoicing.launch", right="bill")
def launch(
    *, actor: Actor, at: datetime, on: date, entity: str, period_from: date, period_to: date,
    accounts: Sequence[int] | None = None, partition_accounts: int = PARTITION_ACCOUNTS, in_background: bool = False,
) -> Launched:
    """Launch a run over work and charges before `period_to` (exclusive), for these bill-to accounts or all.

    Scope, dates and input cut-off are frozen here: what is approved or agreed later is for the next run. All
    accounts of the entity for who may bill everywhere, otherwise those of the actor's book. With
    `in_background` each partition becomes a job. Raises `Refused` for an empty period, `NotFound` for an unknown
    entity code and outside the book.
    """
    if period_to <= period_from:
        raise Refused("The period ends before it begins.", "Name one such as 2026-10.")
    if accounts is not None:
        refuse_outside_book(actor, "bill", accounts, on)
    seller = entity_of(entity)
    payers = _payers(actor, seller, period_to, on, accounts)
    [(snapshot,)] = frames.rows("select pg_current_snapshot()::text")
    run = BillRun.objects.create(
        entity=seller, period_from=period_from, period_to=period_to, on=on, snapshot=snapshot,
        launched_by_id=actor.user_id, launched_at=at,
    )
    parts = [payers[i : i + partition_accounts] for i in range(0, len(payers), partition_accounts)]
    freeze_sellers([seller.pk])  # one copy for all partitions, which would otherwise wait for whoever writes it first
    made = BillRunPartition.objects.bulk_create(
        BillRunPartition(run=run, ordinal=number, accounts=part) for number, part in enumerate(parts, start=1)
    )
    if not made:
        BillRun.objects.filter(pk=run.pk).update(state="done")
    record("bill_run", run.pk, entity=seller.code, period_from=period_from, period_to=period_to, accounts=len(payers))
    for partition in made if in_background else ():
        enqueue("invoicing.draft_partition", partition=partition.pk, lock=f"partition:{partition.pk}")
    return Launched(run.pk, [partition.pk for partition in made], len(payers))


def _payers(actor: Actor, entity: LegalEntity, until: date, on: date, accounts: Sequence[int] | None) -> list[int]:
    """Bill-to accounts with an agreement that has begun, in a fixed order."""
    query = f"""select distinct coalesce(c.bill_to_id, c.id) as id from agreement g
          join account c on c.id = g.account_id join account a on a.id = coalesce(c.bill_to_id, c.id)
         where g.entity_id = %(entity)s and g.starts_on < %(until)s and (%(everywhere)s or {IN_BOOK})
           and (%(accounts)s::bigint[] is null or a.id = any(%(accounts)s)) order by 1"""
    values = {"entity": entity.pk, "until": until, "everywhere": actor.may_everywhere("bill"), "user": actor.user_id,
              "on": on, "accounts": list(accounts) if accounts is not None else None}
    return [row[0] for row in frames.rows(query, values)]


@verb("invoicing.draft_partition", right="bill")
def draft_partition(*, actor: Actor, at: datetime, partition: int) -> Drafted:
    """Draft one partition of a run: price, tax, check and store it whole, and mark it done in the same commit.

    A partition that is done answers what it came to. Raises `Busy` when another worker holds it, `Refused` when its
    run was stopped. Several workers draft different partitions at once.
    """
    run, part = _claimed(actor, partition)
    if part["state"] == "done":
        return Drafted(partition, part["drafts"], 0, part["digest"], already=True)
    if run.state == "stopped":
        raise Refused(f"Bill run {run.pk} was stopped.", "Resume it to draft the rest.")
    scope = Scope(run.entity_id, run.period_from, run.period_to, run.on, tuple(part["accounts"]), run.snapshot)
    frames.execute("select from account where id = any(%s) order by id for no key update", [part["accounts"]])
    inputs = collect(scope)
    computed = compute(inputs)
    drafts = store(computed, partition=partition, created_by=actor.login)
    headers = drafts.headers.join(drafts.parties, on=["document_key", "account_id", "entity_id"], maintain_order="left")
    check_drafts(gather(headers, drafts.lines, drafts.evidence, drafts.unpriced, run.on), first_time=True)
    record_many("invoice", drafts.headers.select(pl.col("document_key").alias("id"), pl.struct(
        pl.lit(run.pk).alias("run"), pl.col("total").cast(pl.String), "currency",
    ).struct.json_encode().alias("data")))
    digest = computed.digest()
    record("bill_run", run.pk, partition=partition, drafts=drafts.headers.height, digest=digest)
    # Of two that end at once the second waits here, and then sees that the first is done.
    frames.execute("select from bill_run where id = %s for no key update", [run.pk])
    frames.execute("""update bill_run_partition set state = 'done', drafts = %s, digest = %s, error = ''
                       where id = %s""", [drafts.headers.height, digest, partition])
    frames.execute("""update bill_run set state = 'done' where id = %s and not exists (
        select from bill_run_partition where run_id = %s and state <> 'done')""", [run.pk, run.pk])
    return Drafted(partition, drafts.headers.height, drafts.lines.height, digest,
                   unpriced=_on_no_draft(inputs, computed))


def _on_no_draft(inputs: Inputs, computed: Drafts) -> list[str]:
    """The unpriced work of documents that have no line, in words: by account, equal reasons together."""
    lost = computed.unpriced.join(computed.headers, on="document_key", how="anti")
    if lost.is_empty():
        return []
    payers = inputs.agreements.select("document_key", "bill_to_id").unique()
    named = lost.join(payers, on="document_key").join(frames.read(
        "select id, name from account where id = any(%s)", [payers["bill_to_id"].to_list()],
        {"bill_to_id": pl.Int64, "name": pl.String}), on="bill_to_id")
    entries = pl.when(pl.len() == 1).then(pl.lit("1 entry")).otherwise(pl.format("{} entries", pl.len()))
    counted = named.group_by("name", "bill_to_id", "text").agg(entries.alias("entries"))
    return counted.select(pl.format("{}, {}: {}", "name", "entries", "text").alias("text"))["text"].sort().to_list()


def _claimed(actor: Actor, partition: int) -> tuple[BillRun, Mapping[str, Any]]:
    """The partition's row, locked until commit, and its run; `Busy` when another worker holds it, `NotFound`."""
    part = (
        BillRunPartition.objects.select_for_update(skip_locked=True).filter(pk=partition)
        .values("run_id", "accounts", "state", "drafts", "digest").first()
    )
    if part is None:
        if BillRunPartition.objects.filter(pk=partition).exists():
            raise Busy(f"Another worker is drafting partition {partition}.", "Nothing needs to be done.")
        raise unseen(actor, "bill", f"partition {partition}")
    run = BillRun.objects.get(pk=part["run_id"])
    refuse_outside_book(actor, "bill", part["accounts"], run.on, f"partition {partition}")
    return run, part


@verb("invoicing.fail_partition", right="bill")
def fail_partition(*, actor: Actor, at: datetime, partition: int, error: str) -> bool:
    """Note why a partition could not be drafted, for whoever watches the run; `resume` takes it up again.

    Answers False when it is done meanwhile. Raises `Busy` when another worker holds it.
    """
    run, part = _claimed(actor, partition)
    if part["state"] == "done":
        return False
    frames.execute("update bill_run_partition set state = 'failed', error = %s where id = %s", [error, partition])
    record("bill_run", run.pk, partition=partition, error=error)
    return True


@verb("invoicing.stop", right="bill")
def stop(*, actor: Actor, at: datetime, on: date, run: int) -> int:
    """Stop a run after the partitions under way; answers how many are still to draft."""
    return _set_running(actor, on, run, "stopped")


@verb("invoicing.resume", right="bill")
def resume(*, actor: Actor, at: datetime, on: date, run: int, in_background: bool = False) -> list[int]:
    """Let a stopped, killed or failed run go on; answers the partitions that are still to draft."""
    _set_running(actor, on, run, "running")
    left = partitions_left(run)
    for partition in left if in_background else ():
        enqueue("invoicing.draft_partition", partition=partition, lock=f"partition:{partition}")
    return left


def _set_running(actor: Actor, on: date, run: int, state: str) -> int:
    found = BillRun.objects.select_for_update().filter(pk=run).first()
    if found is None:
        raise unseen(actor, "bill", f"bill run {run}")
    accounts = [account for part in found.partitions.all() for account in part.accounts]
    refuse_outside_book(actor, "bill", accounts, on, f"bill run {run}")
    left = found.partitions.exclude(state="done").count()
    if left and found.state != state:
        BillRun.objects.filter(pk=run).update(state=state)
        record("bill_run", run, state=state, left=left)
    return left


def preview(*, actor: Actor, on: date, entity: str, period_from: date, period_to: date,
            accounts: Sequence[int] | None = None) -> Drafts:
    """What a run would draft now, computed the same way and not stored.

    Raises `Forbidden` without the right to bill, `NotFound` for an unknown entity code and outside the book.
    """
    refuse_outside_book(actor, "bill", accounts or [], on)
    seller = entity_of(entity)
    payers = _payers(actor, seller, period_to, on, accounts)
    return compute(collect(Scope(seller.pk, period_from, period_to, on, tuple(payers), None)))
