"""Verbs for metrics: what is measured of usage, defined once and for all."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from duly.billing.accounts.queries import refuse_unless_everywhere
from duly.billing.agreements.models import Metric
from duly.billing.audit.actions import record, verb
from duly.billing.kernel import frames
from duly.billing.kernel.authority import Actor
from duly.billing.kernel.errors import NotFound, Problem, Refused
from duly.billing.reference.put import Put, put
from duly.engine.pricing.usage import AGGREGATIONS

CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
DEFINITION = ("aggregation", "event", "property", "filters", "group_by")


@dataclass(frozen=True, slots=True)
class FilterInput:
    """Only events whose property is one of the values, or with `excluded` none of them."""

    property: str
    values: Sequence[str]
    excluded: bool = False


@verb("agreements.put_metric", right="agree")
def put_metric(*, actor: Actor, at: datetime, code: str, name: str, aggregation: str, unit: str = "", event: str = "",
               property: str = "", filters: Sequence[FilterInput] = (), group_by: Sequence[str] = (),
               new: bool = False) -> Put:
    """Define a metric, or change its name and unit. It may serve any account, so the right must hold for all of them.

    `event` names the events it is made of, the code where it is empty; see `engine.pricing.usage.Metric`. Raises
    `Refused` with each problem of the definition, for another definition than it has, and for a `new` one that is
    there; `Forbidden`.
    """
    refuse_unless_everywhere(actor, "agree")
    kept = [{"property": one.property, "values": list(one.values), "excluded": one.excluded} for one in filters]
    definition: dict[str, Any] = {"aggregation": aggregation, "event": event, "property": property, "filters": kept,
                                  "group_by": list(group_by)}
    problems = _problems(code, name, definition)
    known = Metric.objects.filter(code=code).first()
    if known is not None and new:
        problems.append(Problem("code", f"{code} is “{known.name}”.", "Give the new metric another code."))
    elif known is not None:
        problems += [Problem(word, f"The metric {code} is defined with {_said(getattr(known, word))}.",
                             "What is measured stays. Define another metric with a code of its own.")
                     for word in DEFINITION if getattr(known, word) != definition[word]]
    if problems:
        raise Refused(f"The metric {code} cannot be so.", problems=problems)
    return put(Metric, {"code": code}, {"name": name, "unit": unit, **definition})


@verb("agreements.drop_metric", right="agree")
def drop_metric(*, actor: Actor, at: datetime, code: str) -> int:
    """Take away a metric that no charge bills; its events stay. Answers the id it had.

    Raises `NotFound`, `Forbidden`, `Refused` where a charge bills it.
    """
    refuse_unless_everywhere(actor, "agree")
    found = frames.rows("delete from metric where code = %s returning id", [code])
    if not found:
        raise NotFound(f"There is no metric “{code}”.", "Choose one of the list.")
    record("metric", found[0][0], dropped={"code": code})
    return int(found[0][0])


def _problems(code: str, name: str, definition: dict[str, Any]) -> list[Problem]:
    problems = [Problem(field, f"It has {len(text)} characters.", f"Give it 1 to {longest}.")
                for field, text, longest in (("code", code, 60), ("name", name, 200))
                if not 1 <= len(text.strip()) <= longest]
    if code and not CODE.fullmatch(code):
        problems.append(Problem("code", f"“{code}” is no code.", "Use letters, digits and . _ - only."))
    if definition["aggregation"] not in AGGREGATIONS:
        problems.append(Problem("aggregation", f"“{definition['aggregation']}” is not known here.",
                                f"Use {', '.join(AGGREGATIONS)}."))
    if definition["aggregation"] == "unique_count" and not definition["property"]:
        problems.append(Problem("property", "It says not of which property the values are counted.", "Name one."))
    named = [("property", definition["property"]), *(("group_by", one) for one in definition["group_by"]),
             *((f"filters[{i}].property", one["property"]) for i, one in enumerate(definition["filters"]))]
    problems += [Problem(path, f"A property cannot be called “{text}”.",
                         "Give 1 to 60 characters, without ' and \\.")
                 for path, text in named if "'" in text or "\\" in text or len(text) > 60
                 or (not text and path != "property")]
    problems += [Problem(f"filters[{i}].values", "It lets nothing through.", "Give the values it lets through.")
                 for i, one in enumerate(definition["filters"]) if not one["values"] and not one["excluded"]]
    return problems


def _said(value: Any) -> str:
    return f"“{value}”" if value not in ("", []) else "nothing there"
