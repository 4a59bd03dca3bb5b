"""How commands are told which drafts they act on: by their ids, by their bill run, or all of an entity."""

from collections.abc import Callable, Sequence
from typing import Any

import click
import polars as pl

from duly.billing.accounts.queries import entity as entity_of
from duly.billing.invoicing.queries import listed
from duly.billing.kernel import frames
from duly.billing.kernel.authority import Actor
from duly.interfaces.cli.failures import BadInput
from duly.interfaces.cli.frame import Door


def selects(function: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the arguments `ids`, `run` and `entity`."""
    function = click.option("--entity", metavar="CODE", help="Those of one legal entity.")(function)
    function = click.option("--run", type=int, metavar="RUN", help="Those of one bill run.")(function)
    return click.argument("ids", nargs=-1, type=int, metavar="[ID]...")(function)


def chosen(door: Door, actor: Actor, states: Sequence[str], ids: Sequence[int], run: int | None,
           entity: str | None) -> pl.DataFrame:
    """The documents meant, as `listed` has them: the named ones whatever their state, else those in `states`.

    Raises `BadInput` for an id that is not there or not in the actor's book.
    """
    _known(run, entity)
    if not ids:
        return listed(actor=actor, on=door.on, run=run, entity=entity, states=states)
    found = listed(actor=actor, on=door.on, ids=ids, run=run, entity=entity)
    missing = sorted(set(ids) - set(found["id"]))
    if missing:
        raise BadInput(f"There is no draft {missing[0]} here.", "`duly drafts` lists those that there are.")
    return found


def meant(door: Door, actor: Actor, states: Sequence[str], ids: Sequence[int], run: int | None,
          entity: str | None) -> pl.DataFrame:
    """As `chosen`, for commands that change drafts: something must be named, so that nothing happens by accident."""
    if not (ids or run or entity):
        raise click.UsageError("Say which drafts: their ids, --run RUN or --entity CODE.")
    if door.key and not ids:
        raise click.UsageError("With --key name the drafts by their ids: a run has others the next time.")
    return chosen(door, actor, states, ids, run, entity)


def issued(door: Door, actor: Actor, numbers: Sequence[str], run: int | None, entity: str | None) -> pl.DataFrame:
    """The issued documents of these numbers, or all of the run or entity; raises `BadInput` for one not there."""
    _known(run, entity)
    found = listed(actor=actor, on=door.on, run=run, entity=entity, states=("issued",))
    if not numbers:
        return found
    missing = sorted(set(numbers) - set(found["number"]))
    if missing:
        raise BadInput(f"There is no issued document “{missing[0]}” here.", "`duly invoices` lists them.")
    return found.filter(pl.col("number").is_in(list(numbers)))


def _known(run: int | None, entity: str | None) -> None:
    """Raise for a bill run or legal entity that is not there, so that a slip does not look like “nothing to do”."""
    if entity is not None:
        entity_of(entity)
    if run is not None and not frames.rows("select 1 from bill_run where id = %s", [run]):
        raise BadInput(f"There is no bill run {run}.", "`duly bill` says the number of each run it makes.")


def names_of(accounts: Sequence[int]) -> dict[int, tuple[str, str]]:
    """Number and name of accounts, by id."""
    return {id_: (number, name) for id_, number, name in
            frames.rows("select id, number, name from account where id = any(%s)", [list(accounts)])}


def entity_codes() -> list[str]:
    """The codes of the legal entities, in order."""
    return [code for (code,) in frames.rows("select code from legal_entity order by code")]
