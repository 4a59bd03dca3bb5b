"""The one path of every command: rights, idempotency, one transaction, events with one command id.

Read as the pattern of all verbs::

    @verb("invoicing.discard", right="bill")
    def discard(*, actor: Actor, at: datetime, drafts: Sequence[int]) -> Discarded: ...
"""

import dataclasses
import functools
import hashlib
import inspect
import json
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextvars import ContextVar
from datetime import datetime
from typing import Any, ParamSpec, TypeVar

import polars as pl
from django.core.serializers.json import DjangoJSONEncoder
from django.db import DatabaseError, connection, transaction

from duly.billing.kernel import frames
from duly.billing.kernel.authority import RIGHTS, Actor
from duly.billing.kernel.errors import Forbidden, Refused, explained

P = ParamSpec("P")
R = TypeVar("R")


@dataclasses.dataclass(frozen=True, slots=True)
class Running:
    """The command under way in this thread."""

    id: uuid.UUID
    verb: str
    actor: Actor
    at: datetime


@dataclasses.dataclass(frozen=True, slots=True)
class Verb:
    """A registered verb: its name, the right it demands, and the function doors call."""

    name: str
    right: str
    function: Callable[..., Any]


VERBS: dict[str, Verb] = {}
_running: ContextVar[Running] = ContextVar("running")


def verb(name: str, *, right: str, one_snapshot: bool = False) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Make a keyword-only function a verb: it demands `right` and runs as one command in one transaction.

    Callers may add `key`, an idempotency key: the same key with the same arguments acts once and answers the
    same; with other arguments it is `Refused` (law 8). A keyed verb returns a frozen dataclass of plain
    values, an int or None. With `one_snapshot` all that it reads is as of one moment. Raises `Forbidden` without
    the right, `Refused` when a law or a rule forbids it.
    """
    assert right in RIGHTS, f"unknown right {right}"

    def register(function: Callable[P, R]) -> Callable[P, R]:
        answer_type = inspect.signature(function).return_annotation

        @functools.wraps(function)
        def run(*args: P.args, **arguments: P.kwargs) -> R:
            key: Any = arguments.pop("key", None)
            actor: Any = arguments["actor"]
            at: Any = arguments["at"]
            if not actor.may(right):
                raise Forbidden(f"{actor.login} may not do this: it needs the right “{right}”.",
                                "Ask an administrator for it.")
            if at.tzinfo is None:
                raise ValueError("`at` is an instant: give it a time zone")
            command = Running(uuid.uuid4(), name, actor, at)
            act = functools.partial(function, **arguments)
            return _run(command, key, act, arguments, answer_type, one_snapshot)  # type: ignore[arg-type]

        VERBS[name] = Verb(name, right, run)
        return run  # type: ignore[return-value]

    return register


def _run(command: Running, key: str | None, act: Callable[[], R], arguments: Mapping[str, Any], kind: Any,
         one_snapshot: bool) -> R:
    outermost = not connection.in_atomic_block
    token = _running.set(command)
    try:
        with transaction.atomic(), connection.wrap_database_errors:  # COPY's refusals come raw otherwise
            if one_snapshot and outermost:
                frames.execute("set transaction isolation level repeatable read")
            frames.rows("select set_config('duly.actor', %s, true), set_config('duly.command', %s, true)",
                        [command.actor.login, str(command.id)])
            if key is not None and not _claim(command, key, arguments):
                return _answer_again(key, arguments, command, kind)
            answer = act()
            if key is not None:
                frames.execute("update command set result = %s where id = %s",
                               [_plain(_as_value(answer)), command.id])
            return answer
    except DatabaseError as error:
        refusal = explained(error)
        if refusal is None:
            raise
        raise refusal from error
    except UnicodeEncodeError as error:  # half of a pair, as JSON can spell it
        bad = f"U+{ord(error.object[error.start]):04X}"
        raise Refused(f"A text holds {bad}, which is no character.", "Write the text again without it.") from error
    finally:
        _running.reset(token)


def _claim(command: Running, key: str, arguments: Mapping[str, Any]) -> bool:
    """Take the key for this command; False when another command has it. Waits for one under way."""
    query = """insert into command (id, verb, actor, at, key, body_digest) values (%s, %s, %s, %s, %s, %s)
               on conflict (key) do nothing"""
    values = [command.id, command.verb, command.actor.login, command.at, key, _digest(command, arguments)]
    return frames.execute(query, values) == 1


def _answer_again(key: str, arguments: Mapping[str, Any], command: Running, kind: Any) -> Any:
    digest, result = frames.rows("select body_digest, result::text from command where key = %s", [key])[0]
    if digest != _digest(command, arguments):
        raise Refused(f"The idempotency key “{key}” was used for another command.", "Use a new key.", law=8)
    value: Any = json.loads(result) if result is not None else None
    return kind(**value) if isinstance(kind, type) and dataclasses.is_dataclass(kind) else value


def _digest(command: Running, arguments: Mapping[str, Any]) -> str:
    body = {name: value for name, value in arguments.items() if name not in ("actor", "at")}
    text = _plain([command.verb, command.actor.login, body])
    return hashlib.sha256(text.encode()).hexdigest()


def _as_value(answer: Any) -> Any:
    return dataclasses.asdict(answer) if dataclasses.is_dataclass(answer) and not isinstance(answer, type) else answer


def _plain(value: Any) -> str:
    return json.dumps(value, cls=_Encoder, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


class _Encoder(DjangoJSONEncoder):
    def default(self, o: Any) -> Any:
        if isinstance(o, bytes):
            return hashlib.sha256(o).hexdigest()
        if isinstance(o, pl.DataFrame):
            return hashlib.sha256(o.write_csv().encode()).hexdigest()
        if dataclasses.is_dataclass(o) and not isinstance(o, type):
            return dataclasses.asdict(o)
        if isinstance(o, set | frozenset):
            return sorted(o)
        return super().default(o)


def running() -> Running:
    """The command under way; a programming error outside of a verb."""
    return _running.get()


def record(subject_type: str, subject_id: int, personal: Mapping[str, str] | None = None, **data: Any) -> None:
    """Write the event of one subject. `personal` values go beside it as salted digests, erasable (law 7)."""
    from duly.billing.audit.personal import digested

    digests, kept = digested(personal or {})
    command = running()
    query = """insert into event (command_id, verb, actor, on_behalf_of, at, subject_type, subject_id, data)
               values (%s, %s, %s, %s, %s, %s, %s, %s) returning id"""
    actor = command.actor
    values = [command.id, command.verb, actor.login, actor.on_behalf_of, command.at, subject_type, subject_id,
              _plain({**data, **digests})]
    event_id = frames.rows(query, values)[0][0]
    for path, salt, value in kept:
        frames.execute("insert into personal_value (event_id, path, salt, value) values (%s, %s, %s, %s)",
                       [event_id, path, salt, value])


def record_many(subject_type: str, subjects: pl.DataFrame) -> None:
    """One event per row of `subjects`: column `id`, and `data` as JSON text."""
    _write_events(subject_type, subjects)


def _write_events(subject_type: str, subjects: pl.DataFrame, *more: pl.Expr) -> None:
    command = running()
    actor = command.actor
    frames.write("event", subjects.select(
        *more, pl.lit(str(command.id)).alias("command_id"), pl.lit(command.verb).alias("verb"),
        pl.lit(actor.login).alias("actor"), pl.lit(actor.on_behalf_of, dtype=pl.String).alias("on_behalf_of"),
        pl.lit(command.at.isoformat()).alias("at"), pl.lit(subject_type).alias("subject_type"),
        pl.col("id").alias("subject_id"), pl.col("data"),
    ))


def record_each(subject_type: str, events: Sequence[tuple[int, Mapping[str, Any], Mapping[str, str]]]) -> None:
    """One event for each (subject's id, data, personal values), written together; personal ones as by `record`."""
    from duly.billing.audit.personal import digested

    hidden = [digested(personal) for _, _, personal in events]
    ids = frames.next_ids("event", len(events))
    _write_events(subject_type, pl.DataFrame({
        "event_id": ids, "id": [subject for subject, _, _ in events],
        "data": [_plain({**data, **digests}) for (_, data, _), (digests, _) in zip(events, hidden, strict=True)],
    }), pl.col("event_id").alias("id"))
    frames.write("personal_value", pl.DataFrame(
        [(event, path, "\\x" + salt.hex(), value) for event, (_, kept) in zip(ids, hidden, strict=True)
         for path, salt, value in kept],
        schema={"event_id": pl.Int64, "path": pl.String, "salt": pl.String, "value": pl.String}, orient="row"))


def enqueue(job: str, *, lock: str | None = None, **arguments: Any) -> None:
    """Defer a job by name in the transaction of its data; the outbox runs it after the commit.

    With `lock`, a job that already waits under the same lock is enough: no second one is added.
    """
    from procrastinate import exceptions
    from procrastinate.contrib.django import app

    deferrer = app.configure_task(job, queueing_lock=lock, lock=lock)
    try:
        with transaction.atomic():
            deferrer.defer(**arguments)
    except exceptions.AlreadyEnqueued:
        return


def subjects(ids: Iterable[int], **data: Any) -> pl.DataFrame:
    """The same data for many subjects, in the shape `record_many` takes."""
    return pl.DataFrame({"id": list(ids)}, schema={"id": pl.Int64}).with_columns(pl.lit(_plain(data)).alias("data"))
