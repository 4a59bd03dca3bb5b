"""The timesheets and expenses of the demo's people: made of the plan, the same on every machine and in any order."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from random import Random
from typing import Final

from duly.formats.setup_file.model import Person
from duly.interfaces.cli.demo.plan import Plan, Project, workdays

SEED: Final = "Lindenhall"
WORKDAYS: Final = 20
"""In a month, on the average that the plan's hours are of."""
LONGEST_DAY: Final = 34
"""In quarters of an hour."""
AWAY: Final = 9
"""Of a hundred weeks that someone could work."""

TIME: Final = ("User", "Email", "Client", "Project", "Task", "Description", "Billable", "Start date", "Start time",
               "End date", "End time", "Duration")
EXPENSE: Final = ("Date", "Person", "Client", "Project", "Category", "Description", "Amount", "Currency",
                  "Tax included", "Billable", "Receipt")


@dataclass(frozen=True, slots=True)
class Entry:
    """A time entry as its person writes it down; without a project it is internal."""

    person: Person
    project: Project | None
    task: str
    description: str
    start: datetime
    minutes: int

    @property
    def cells(self) -> list[str]:
        end = self.start + timedelta(minutes=self.minutes)
        place = [self.project.client, self.project.name] if self.project else ["", ""]
        return [
            self.person.name, self.person.email or "", *place, self.task, self.description,
            "Yes" if self.project else "No", f"{self.start:%Y-%m-%d}", f"{self.start:%H:%M:%S}", f"{end:%Y-%m-%d}",
            f"{end:%H:%M:%S}", f"{self.minutes // 60:02}:{self.minutes % 60:02}:00",
        ]


def timesheet(plan: Plan, first: date, last: date) -> bytes:
    """Everyone's time from `first` to `last`, both included, as the CSV of a time tracker; day by day."""
    found = [entry for day in workdays(first, last) for person in plan.set_up.people
             for entry in _day(plan, person, day)]
    beside = [entry for entry in _beside(plan) if first <= entry.start.date() <= last]
    ordered = sorted([*found, *beside], key=lambda entry: (entry.start, entry.person.code))
    return _csv(TIME, (entry.cells for entry in ordered))


def _day(plan: Plan, person: Person, day: date) -> Iterator[Entry]:
    """What a person did on a day: two or three things, some of them internal; nothing in a week off."""
    year, week, _ = day.isocalendar()
    if Random(f"{SEED}:{person.code}:{year}:{week}").randrange(100) < AWAY:
        return
    dice = Random(f"{SEED}:{person.code}:{day}")
    booked = [one for one in plan.projects.values()
              if person.code in one.hours and one.first_day <= day <= one.last_day]
    if not booked:
        return
    weights = [one.hours[person.code] for one in booked]
    left = min(LONGEST_DAY, sum(weights) * 4 * dice.randint(85, 115) // (WORKDAYS * 100))
    clock = datetime.combine(day, time(8, 15)) + timedelta(minutes=5 * dice.randrange(12))
    if dice.randrange(5) == 0:
        yield _entry(plan, dice, person, None, clock, 45)
        clock += timedelta(minutes=45)
    while left > 0:
        [project] = dice.choices(booked, weights)
        quarters = min(left, dice.choice((2, 4, 6, 8, 10, 12, 14)))
        yield _entry(plan, dice, person, project, clock, 15 * quarters)
        clock += timedelta(minutes=15 * quarters + dice.choice((0, 0, 15, 30)))
        left -= quarters


def _entry(plan: Plan, dice: Random, person: Person, project: Project | None, start: datetime, minutes: int) -> Entry:
    """Half of the entries are of the first task of the list, which is the project's main one."""
    words: dict[str, Sequence[str]] = plan.story["words"][project.words if project else "internal"]
    tasks = list(words)
    task = tasks[0] if dice.randrange(2) else dice.choice(tasks)
    return Entry(person, project, task, dice.choice(words[task]), start, minutes)


def _beside(plan: Plan) -> Iterator[Entry]:
    """Entries that the plan names one by one: calls at night and at weekends, and slips."""
    people = {person.code: person for person in plan.set_up.people}
    for one in (*plan.story["call_outs"], *plan.story["slips"]):
        if one["project"] in plan.projects:
            start = datetime.fromisoformat(f"{one['day']}T{one['start']}")
            entry = Entry(people[one["person"]], plan.projects[one["project"]], one["task"], one["description"],
                          start, one["minutes"])
            yield from [entry] * one.get("times", 1)


def expenses(plan: Plan, first: date, last: date) -> bytes:
    """What trips and material cost from `first` to `last`, as a CSV of expenses."""
    people = {person.code: person for person in plan.set_up.people}
    rows = []
    for project in plan.projects.values():
        for day in workdays(max(first, project.first_day), last) if project.trips else ():
            dice = Random(f"{SEED}:{project.code}:{day}")
            if dice.randrange(9) == 0:
                traveller = people[dice.choice(list(project.hours))]
                for category, text, low, high, currency in plan.story["trips"][project.trips][:dice.randint(1, 3)]:
                    amount = f"{dice.randint(low, high)}.{dice.choice(('00', '50', '90', '40'))}"
                    rows.append([f"{day}", traveller.email or "", project.client, project.name, category, text, amount,
                                 currency, "no", "yes", f"{project.code.lower()}-{day:%m%d}-{category}.pdf"])
    return _csv(EXPENSE, sorted(rows))


def _csv(headers: Sequence[str], rows: Iterable[Sequence[str]]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(headers)
    writer.writerows(rows)
    return text.getvalue().encode()
