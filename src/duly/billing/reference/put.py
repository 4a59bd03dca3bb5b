"""Settings as described: the row of a natural key is added, changed or left alone, and the log says which."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from django.db import models

from duly.billing.audit.actions import record


@dataclass(frozen=True, slots=True)
class Put:
    """What became of a row: `outcome` is added, changed or unchanged; `changes` names the columns that differ."""

    id: int
    outcome: str
    changes: list[str]


def put(model: type[models.Model], key: Mapping[str, Any], values: Mapping[str, Any],
        personal: Collection[str] = (), untold: Mapping[str, Any] | None = None) -> Put:
    """Make the row of this natural key hold these values, under a lock, and record the event of what changed.

    Same values, nothing written: a set-up file may be read again and again. The values of `personal` columns
    go beside the event, where they can be erased; `untold` values of a new row are not in the event at all.
    """
    rows: models.Manager[Any] = model._default_manager
    table = model._meta.db_table
    row = rows.select_for_update().filter(**key).first()
    if row is None:
        made = rows.create(**key, **values, **(untold or {}))
        _record(table, made.pk, {"added": {**key, **values}}, personal)
        return Put(made.pk, "added", sorted(values))
    before = {name: getattr(row, name) for name in values}
    changes = sorted(name for name in values if before[name] != values[name])
    if not changes:
        return Put(row.pk, "unchanged", [])
    rows.filter(pk=row.pk).update(**{name: values[name] for name in changes})
    _record(table, row.pk, {"before": {name: before[name] for name in changes},
                            "after": {name: values[name] for name in changes}}, personal)
    return Put(row.pk, "changed", changes)


def _record(table: str, row_id: int, sides: Mapping[str, Mapping[str, Any]], personal: Collection[str]) -> None:
    open_values = {side: {n: v for n, v in values.items() if n not in personal} for side, values in sides.items()}
    hidden = {f"{side}.{name}": str(value) for side, values in sides.items()
              for name, value in values.items() if name in personal and value}
    record(table, row_id, personal=hidden, **open_values)
