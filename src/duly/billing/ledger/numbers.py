"""Gapless numbers: taken from a locked counter row, inside the transaction of their documents (law 4)."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from duly.billing.audit.actions import running
from duly.billing.kernel import frames
from duly.billing.kernel.errors import Refused
from duly.engine.fiscal import document_number, fiscal_year
from duly.engine.wording import day

FURTHEST_AHEAD: Final = timedelta(days=31)
"""A booking may be dated ahead of the day by a month, no more: a slip in the year would shut the series behind it."""


def _refuse_far_ahead(on: date, today: date) -> None:
    if on > today + FURTHEST_AHEAD:
        raise Refused(f"{day(on)} is more than {FURTHEST_AHEAD.days} days ahead.", "Check the year and the month.")


@dataclass(frozen=True, slots=True)
class Taken:
    """A run of fresh numbers: `first` and those after it, in one series and fiscal year."""

    series_id: int
    fiscal_year: int
    first: int
    pattern: str

    def number(self, offset: int) -> str:
        return document_number(self.pattern, self.fiscal_year, self.first + offset)


def take(*, kind: str, entity_id: int, on: date, count: int, until: date | None = None) -> Taken:
    """Take `count` numbers of the entity's series for documents dated `on`; the counter stays locked until commit.

    Documents of several dates in one fiscal year are dated from `on`, the first, to `until`, the last of them.

    Call it after all checks, inside a verb. A transaction that takes from several series does so in the order of
    their kinds. Raises `Refused` when the entity numbers no such documents, when the series is past that date
    already, or for a date more than a month ahead.
    """
    _refuse_far_ahead(until or on, running().at.date())
    found = frames.rows("""select s.id, s.pattern, e.fiscal_year_start, e.code from number_series s
                             join legal_entity e on e.id = s.entity_id
                            where s.entity_id = %s and s.kind = %s""", [entity_id, kind])
    if not found:
        example = f'series.{kind} = "{kind[0].upper()}{{year}}-{{number:05}}"'
        raise Refused(f"The legal entity has no number series for documents of the kind “{kind}”.",
                      f"Add one to the entity, for example {example}.")
    series_id, pattern, start_month, code = found[0]
    year = fiscal_year(on, start_month)
    frames.execute("""insert into number_counter (series_id, fiscal_year) values (%s, %s)
                      on conflict do nothing""", [series_id, year])
    [(last_number, last_on)] = frames.rows("""select last_number, last_issued_on from number_counter
                    where series_id = %s and fiscal_year = %s for update""", [series_id, year])
    if last_on is not None and on < last_on:
        last = day(last_on)
        raise Refused(f"The last {kind} of {code} in {year} is dated {last}; one dated {day(on)} cannot follow it.",
                      f"Use {last} or a later date.", law=4)
    frames.execute("""update number_counter set last_number = %s, last_issued_on = %s
                       where series_id = %s and fiscal_year = %s""",
                   [last_number + count, until or on, series_id, year])
    return Taken(series_id, year, last_number + 1, pattern)
