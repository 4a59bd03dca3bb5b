"""A file's rows come in once, each with one outcome; what cannot be billed is said, never guessed."""

import tomllib
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from hypothesis import given, settings
from hypothesis import strategies as st

from duly.billing import models as m
from duly.billing.kernel.errors import Forbidden, NotFound, Refused
from duly.billing.work.actions import approve, import_expenses, import_timesheet, map_names
from duly.billing.work.queries import preview_timesheet
from duly.billing.work.rows import EntryRow, ExpenseRow, Imported, RejectedRow
from tests.world import NOW, OCTOBER, World

OUTCOMES = ("billable", "non_billable", "without_client", "out_of_period", "rejected")


def entry(number: int, **changes: Any) -> EntryRow:
    """An hour of Ada's on Acme's website on 5 October, but for `changes`."""
    row = EntryRow(
        row_number=number, person="Ada Lovelace", email="ada@example.com", client="Acme GmbH",
        project="Website relaunch", task="Development", description="Deploy", billable=True,
        worked_on=date(2026, 10, 5), started_at=None, seconds=3600, source_key=f"key {number}", raw=["a", "b"],
    )
    return replace(row, **changes)


def expense(number: int, **changes: Any) -> ExpenseRow:
    row = ExpenseRow(
        row_number=number, person="ada@example.com", client="Acme GmbH", project="Website relaunch",
        category="travel", description="Train", billable=True, spent_on=date(2026, 10, 5),
        cost=Decimal("120.40"), currency="EUR", source_key=f"expense {number}",
    )
    return replace(row, **changes)


def read_in(world: World, rows: Sequence[EntryRow], *, by: str = "ben", **changes: Any) -> Imported:
    values: dict[str, Any] = {"file_name": "october.csv", "content": repr(rows).encode(), "layout": "toggl",
                              "period": OCTOBER, **changes}
    return import_timesheet(actor=world.actor(by), at=NOW, rows=rows, **values)


SEPTEMBER = date(2026, 9, 30)
OUTCOME_OF = [
    # the row differs from a billable hour by …                                outcome            work?
    ({}, "billable", True),
    ({"email": "", "person": "  ADA   lovelace "}, "billable", True),
    ({"client": "acme gmbh", "project": "WEBSITE  relaunch"}, "billable", True),
    ({"billable": False}, "non_billable", True),
    ({"billable": False, "project": "Lunch"}, "non_billable", False),
    ({"billable": False, "person": "Nobody", "email": ""}, "non_billable", False),
    ({"client": "", "project": "Internal"}, "without_client", False),
    ({"client": "", "billable": False}, "without_client", False),
    ({"client": "", "person": "Nobody", "email": ""}, "without_client", False),
    ({"worked_on": SEPTEMBER}, "out_of_period", True),
    ({"worked_on": date(2026, 11, 1)}, "out_of_period", True),
    ({"worked_on": date(2026, 10, 31)}, "billable", True),
    ({"worked_on": SEPTEMBER, "client": ""}, "out_of_period", False),
    ({"worked_on": SEPTEMBER, "billable": False}, "out_of_period", True),
    ({"person": "Nobody", "email": "nobody@example.com"}, "rejected", False),
    ({"client": "Unheard Ltd"}, "rejected", False),
    ({"project": "Unheard"}, "rejected", False),
    ({"project": ""}, "rejected", False),
    ({"project": "Unheard", "worked_on": SEPTEMBER}, "rejected", False),
    ({"task": "x" * 101}, "rejected", False),
    ({"own_amount": Decimal("1e15")}, "rejected", False),
]


@pytest.mark.parametrize(("changes", "outcome", "is_work"), OUTCOME_OF)
def test_each_row_has_the_outcome_that_it_deserves(
    world: World, changes: dict[str, Any], outcome: str, is_work: bool
) -> None:
    result = read_in(world, [entry(2, **changes)], keep_good=True)
    assert result.outcomes == {name: int(name == outcome) for name in OUTCOMES}
    assert result.created == m.WorkItem.objects.count() == int(is_work)
    row = m.ImportRow.objects.get()
    assert (row.outcome, row.raw, row.work_item is not None) == (outcome, ["a", "b"], is_work)


def test_an_entry_becomes_work_with_the_names_of_that_day(world: World) -> None:
    row = entry(2, own_amount=Decimal("95.00"), own_currency="EUR", person="ada@example.com", email="", seconds=7382)
    result = read_in(world, [row], by="mara")
    item, kept = m.WorkItem.objects.get(), m.ImportRow.objects.get()
    assert (item.person_name, item.role, item.project_name, item.task, item.quantity) == (
        "Ada Lovelace", "Developer", "Website relaunch", "Development", 7382)
    assert (item.billable, item.approved_by, item.agreement.number) == (True, None, "ACME-TM")
    assert (kept.own_amount, kept.own_currency, kept.work_item) == (Decimal(95), "EUR", item)
    event = m.Event.objects.get(subject_type="import_batch", subject_id=result.batch)
    assert (event.verb, event.actor, event.data["created"]) == ("work.import_timesheet", "mara", 1)


ROW = st.fixed_dictionaries({
    "client": st.sampled_from(["Acme GmbH", "", "Unheard", "Big Company SARL"]),
    "project": st.sampled_from(["Website relaunch", "Migration", "", "Support"]),
    "person": st.sampled_from(["Ada Lovelace", "Nobody"]),
    "email": st.just(""),
    "billable": st.booleans(),
    "worked_on": st.dates(date(2026, 9, 29), date(2026, 11, 2)),
    "seconds": st.integers(1, 90_000),
})


@given(st.lists(ROW, max_size=12), st.integers(0, 3))
@settings(max_examples=40, deadline=None)
def test_the_outcomes_add_up_to_the_file(shared_database: str, rows: list[dict[str, Any]], unread: int) -> None:
    entries = [entry(number, **row) for number, row in enumerate(rows, start=2)]
    rejected = [RejectedRow(1000 + number, "Hours “x”: not a number. Correct it.") for number in range(unread)]
    found = preview_timesheet(actor=World().actor("ben"), at=NOW, rows=entries, rejected=rejected, period=OCTOBER)
    assert sum(found.outcomes.values()) == found.rows == len(rows) + unread
    assert sum(found.seconds.values()) == sum(row["seconds"] for row in rows)
    assert len(found.rejected) == found.outcomes["rejected"] >= unread


def test_the_same_file_twice_changes_nothing_and_answers_the_same(world: World) -> None:
    rows = [entry(2), entry(3, billable=False), entry(4, client="")]
    first = read_in(world, rows)
    events = m.Event.objects.count()
    assert read_in(world, rows) == replace(first, already=True)
    assert (m.WorkItem.objects.count(), m.ImportBatch.objects.count(), m.Event.objects.count()) == (2, 1, events)


def test_a_longer_export_adds_only_what_is_new(world: World) -> None:
    read_in(world, [entry(2), entry(3, billable=False)])
    longer = read_in(world, [entry(2), entry(3, billable=False), entry(4), entry(5, billable=False)])
    assert (longer.created, longer.already) == (2, False)
    assert longer.outcomes == {**dict.fromkeys(OUTCOMES, 0), "billable": 2, "non_billable": 2}
    assert longer.known == {**dict.fromkeys(OUTCOMES, 0), "billable": 1, "non_billable": 1}
    assert longer.seconds["billable"] == 7200


def test_a_row_that_is_billable_now_but_was_not_is_told(world: World) -> None:
    read_in(world, [entry(2, billable=False)])
    again = read_in(world, [entry(2), entry(3)])
    assert again.notes == ["Row 2: It is recorded already, as not billable, and stays so."]


def test_unknown_names_refuse_the_file_with_lines_to_paste(world: World) -> None:
    rows = [entry(2), entry(3, person="Alan “T” Turing", email="alan@example.com"), entry(4, project="Café – „Neu“"),
            entry(5, client="Unheard \\ Sons", project="Shop")]
    with pytest.raises(Refused) as refused:
        read_in(world, rows)
    assert [problem.path for problem in refused.value.problems] == ["row 3", "row 4", "row 5"]
    lines = refused.value.remedy[refused.value.remedy.index("[mapping") :]
    assert tomllib.loads(lines) == {"mapping": {
        "people": {"Alan “T” Turing": ""},
        "clients": {"Unheard \\ Sons": ""},
        "projects": {"Acme GmbH / Café – „Neu“": "", "Unheard \\ Sons / Shop": ""},
    }}
    assert (m.ImportBatch.objects.count(), m.WorkItem.objects.count()) == (0, 0)


def test_pasted_and_filled_in_lines_let_the_file_in(world: World) -> None:
    rows = [entry(2, person="A. Lovelace", email="", client="Acme", project="Relaunch")]
    found = preview_timesheet(actor=world.actor("ben"), at=NOW, rows=rows, rejected=[], period=OCTOBER)
    assert (found.batch, found.outcomes["rejected"]) == (0, 1)
    names = tomllib.loads(found.mapping)["mapping"]
    answers = {"A. Lovelace": "ada", "Acme": "ACME", "Acme / Relaunch": "ACME-WEB"}
    filled = {table: {name: answers[name] for name in lines} for table, lines in names.items()}
    map_names(actor=world.actor("anna"), at=NOW, **filled)
    assert read_in(world, rows).outcomes["billable"] == 1


def test_good_rows_are_kept_and_the_rest_comes_in_once_its_names_are_known(world: World) -> None:
    rows = [entry(2), entry(3, person="A. L.", email="")]
    unread = [RejectedRow(4, "Hours “x”: not a number. Correct it.", ["x"])]
    with pytest.raises(Refused, match="2 of its rows"):
        read_in(world, rows, rejected=unread)
    first = read_in(world, rows, rejected=unread, keep_good=True)
    assert (first.outcomes["rejected"], first.created) == (2, 1)
    assert first.rejected[1] == "Row 4: Hours “x”: not a number. Correct it."
    assert read_in(world, rows, rejected=unread) == replace(first, already=True)
    map_names(actor=world.actor("ben"), at=NOW, people={"a. l.": "ada"}, clients={}, projects={})
    second = read_in(world, rows, rejected=unread, keep_good=True)
    assert (second.already, second.created, second.outcomes["billable"], second.known["billable"]) == (False, 1, 2, 1)


def test_an_ignored_name_is_not_for_billing(world: World) -> None:
    map_names(actor=world.actor("ben"), at=NOW, people={"Robot": "ignore"}, clients={"Own house": "ignore"},
              projects={"Acme GmbH / Training": "ignore"})
    rows = [entry(2, person="Robot", email=""), entry(3, client="Own house"), entry(4, project="Training")]
    result = read_in(world, rows)
    assert (result.outcomes["non_billable"], result.outcomes["without_client"], result.created) == (2, 1, 0)
    assert len(result.notes) == 3


def test_one_name_of_two_people_is_asked_for(world: World) -> None:
    m.Person.objects.create(code="ada2", name="Ada Lovelace", email="other@example.com", role="Tester")
    assert read_in(world, [entry(2)]).outcomes["billable"] == 1, "the address tells them apart"
    with pytest.raises(Refused, match="Ada Lovelace"):
        read_in(world, [entry(3, email="")])


@pytest.mark.parametrize(("changes", "path", "text"), [
    ({"people": {"X": "nobody"}}, 'mapping.people."X"', "“nobody” is not a person's code."),
    ({"people": {"X": ""}}, 'mapping.people."X"', "“” is not a person's code."),
    ({"clients": {"X": "ada"}}, 'mapping.clients."X"', "“ada” is not an account's number."),
    ({"projects": {"Website": "ACME-WEB"}}, 'mapping.projects."Website"', "A project is named with its client."),
    ({"people": {"X": "ada", "x ": "grace"}}, 'mapping.people."x "', "The name stands twice, for different things."),
    ({"people": {" ": "ada"}}, 'mapping.people." "', "This is not a name."),
])
def test_a_mapping_to_nothing_is_refused(world: World, changes: dict[str, Any], path: str, text: str) -> None:
    names: dict[str, Any] = {"people": {}, "clients": {}, "projects": {}, **changes}
    with pytest.raises(Refused) as refused:
        map_names(actor=world.actor("ben"), at=NOW, **names)
    assert [(problem.path, problem.text) for problem in refused.value.problems] == [(path, text)]
    assert not m.NameMapping.objects.exists()


def test_mapping_again_changes_only_what_differs(world: World) -> None:
    def names(target: str) -> tuple[int, int, int]:
        done = map_names(actor=world.actor("ben"), at=NOW, people={"A. L.": target, "G. H.": "grace"}, clients={},
                         projects={})
        return done.added, done.changed, done.unchanged

    assert [names("ada"), names("ada"), names("grace")] == [(2, 0, 0), (0, 0, 2), (0, 1, 1)]
    assert m.Event.objects.filter(verb="work.map_names").count() == 3
    assert "A. L." not in str(list(m.Event.objects.values_list("data", flat=True)))


def test_expenses_come_in_with_their_cost(world: World) -> None:
    rows = [expense(2), expense(3, cost=Decimal("30"), currency="CHF"), expense(4, billable=False),
            expense(5, client="")]
    result = import_expenses(actor=world.actor("ben"), at=NOW, file_name="e.csv", content=b"e", layout="expenses",
                             rows=rows, period=OCTOBER)
    assert result.amounts == {**{name: {} for name in OUTCOMES}, "billable": {"EUR": "120.40", "CHF": "30.00"},
                              "non_billable": {"EUR": "120.40"}, "without_client": {"EUR": "120.40"}}
    assert (sum(result.seconds.values()), result.created) == (0, 3)
    item = m.WorkItem.objects.get(cost_currency="CHF")
    assert (item.kind, item.cost, item.task, item.quantity, item.person_name) == (
        "expense", 30, "travel", 1, "Ada Lovelace")


def test_a_manager_imports_for_their_own_book_only(world: World) -> None:
    m.Project.objects.create(code="ZED-OPS", name="Operations", agreement=world.agreement("ZED-SUB"))
    theirs = entry(3, client="Zed AG", project="Operations")
    with pytest.raises(NotFound):
        read_in(world, [entry(2), theirs], by="mara")
    assert not m.ImportBatch.objects.exists()
    assert read_in(world, [entry(2), theirs], by="ben").created == 2
    with pytest.raises(NotFound):
        preview_timesheet(actor=world.actor("mara"), at=NOW, rows=[theirs], rejected=[], period=None)
    with pytest.raises(NotFound):
        map_names(actor=world.actor("mara"), at=NOW, people={}, clients={"Zed": "ZED"}, projects={})


def test_a_name_of_another_book_is_not_taken_over(world: World) -> None:
    def mapped(by: str, number: str) -> None:
        map_names(actor=world.actor(by), at=NOW, people={}, clients={"The client": number}, projects={})

    mapped("otto", "ZED")
    with pytest.raises(NotFound):
        mapped("mara", "ACME")


@pytest.mark.parametrize("login", ["rita", "audra", "anna"])
def test_importing_needs_the_right_to(world: World, login: str) -> None:
    with pytest.raises(Forbidden):
        read_in(world, [entry(2)], by=login)
    with pytest.raises(Forbidden):
        preview_timesheet(actor=world.actor(login), at=NOW, rows=[], rejected=[], period=None)


def test_twenty_thousand_rows_are_one_matter_of_seconds(world: World) -> None:
    """Set-based throughout: the same number of queries for one row and for twenty thousand."""
    counts = []
    for size in (1, 20_000):
        asked: list[str] = []

        def count(execute: Any, query: str, *rest: Any, asked: list[str] = asked) -> Any:
            asked.append(query)
            return execute(query, *rest)

        rows = [entry(number, source_key=f"{size} {number}") for number in range(2, size + 2)]
        with connection.execute_wrapper(count):
            assert read_in(world, rows, content=str(size).encode()).created == size
            assert approve(actor=world.actor("ben"), at=NOW, on=NOW.date(), accounts=["ACME"]).items == size
        counts.append(len(asked))
    assert counts[0] == counts[1]
