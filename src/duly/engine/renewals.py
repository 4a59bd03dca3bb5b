"""How long an agreement runs: its term, when it renews, and the day until which notice ends it.

Terms are counted in months from the first day, clamped and without drift (see `periods.add_months`). Notice is in time
when it leaves the whole notice period before the next term begins: with three months' notice, a term that lasts until
31 December is ended by notice on 30 September (German Civil Code, § 187 (1), § 188 (2), and most laws alike).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from duly.engine.periods import Period, add_months


@dataclass(frozen=True, slots=True)
class Runtime:
    """`months` is the first term; it renews for `renews_months` again and again, or ends where that is None. Notice is
    asked for so many months and days. Raises `ValueError` for terms that have no length and notices below zero."""

    starts_on: date
    months: int
    renews_months: int | None = None
    notice_months: int = 0
    notice_days: int = 0

    def __post_init__(self) -> None:
        if self.months < 1 or (self.renews_months is not None and self.renews_months < 1):
            raise ValueError("a term has one month at least")
        if min(self.notice_months, self.notice_days) < 0:
            raise ValueError("a notice period is not below zero")

    def terms(self) -> Iterator[Period]:
        """The first term and its renewals, as long as nobody gives notice."""
        start, months = self.starts_on, self.months
        while True:
            end = add_months(self.starts_on, months)
            yield Period(start, end)
            if self.renews_months is None:
                return
            start, months = end, months + self.renews_months

    def notice_by(self, term: Period) -> date:
        """The last day on which notice ends the agreement with that term."""
        return add_months(term.end, -self.notice_months) - timedelta(days=self.notice_days + 1)


@dataclass(frozen=True, slots=True)
class Standing:
    """`term` is that of the day asked for, the first before it and the last after it. `notice_by` is the last day for
    notice to end with it, `renews_on` the first day of the next term: both None where none follows. `ends_on` is the
    agreement's last day, where one is certain."""

    term: Period
    notice_by: date | None
    renews_on: date | None
    ends_on: date | None


def standing(runtime: Runtime, on: date, noticed_on: date | None = None) -> Standing:
    """Where an agreement stands on a day, with the notice given until then. Notice ends the first term for which it is
    in time."""
    for term in runtime.terms():
        last = runtime.renews_months is None or (noticed_on is not None and noticed_on <= runtime.notice_by(term))
        if last:
            return Standing(term, None, None, term.last)
        if on < term.end:
            break
    ends = None if noticed_on is None else standing(runtime, date.max, noticed_on).ends_on
    following = ends is None or ends > term.last
    return Standing(term, runtime.notice_by(term) if ends is None else None, term.end if following else None, ends)
