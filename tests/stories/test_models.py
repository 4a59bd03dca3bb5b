"""The examples of every way to bill: each goes from set-up, use and work through bill runs to the invoices worked
by hand beside it. All live in one firm, so that the chain runs once; each must be a whole set-up file of its own."""

import csv
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from duly.billing.kernel import frames
from duly.formats.setup_file import read_set_up
from duly.interfaces.cli.demo.plan import FOLDER
from duly.interfaces.cli.demo.sheets import EXPENSE, TIME
from tests.conftest import _clone
from tests.interfaces.cli import duly

MODELS: Final = FOLDER.parent / "models"
NAMES: Final = sorted(path.stem for path in MODELS.glob("*.yaml"))
MONTHS: Final = {"2026-08": "2026-09-02", "2026-09": "2026-10-02", "2026-10": "2026-11-02"}
"""The months that are billed, each with the day of its run; the first only for whom an example bills it."""

PEOPLE: Final = {"ada": "Ada Lovelace", "mira": "Mira Okafor"}
EVENT: Final = ("agreement", "metric", "source", "event_id", "at", "quantity")

Happening = Mapping[str, Any]


def happenings(name: str) -> list[Happening]:
    """What happens in an example, all values as text."""
    told = yaml.load((MODELS / f"{name}.yaml").read_text(encoding="utf-8"), yaml.BaseLoader)
    return list(told["happens"])


def text_of(names: Sequence[str]) -> str:
    return "\n".join((MODELS / f"{name}.toml").read_text(encoding="utf-8") for name in ("firm", *names))


def ada(*arguments: object, on: str = "2026-11-02") -> Any:
    told = duly(*arguments, user="ada", on=on)
    assert told.code == 0, told.text
    return told.data


def used(name: str, place: int, what: Happening) -> list[str]:
    return [name, what["metric"], "example", f"{name}-{place}", f"{what['on']}T12:00:00Z", what["quantity"]]


def worked(name: str, what: Happening) -> list[str]:
    """A row of a timesheet; the example's agreement has one project, of its own name."""
    client, project = places(name)
    minutes = int(what["minutes"])
    return [PEOPLE[what["who"]], f"{what['who']}@example.com", client, project, "", "Work", "Yes", what["on"],
            "08:00:00", what["on"], f"{8 + minutes // 60:02}:{minutes % 60:02}:00",
            f"{minutes // 60:02}:{minutes % 60:02}:00"]


def spent(name: str, what: Happening) -> list[str]:
    client, project = places(name)
    return [what["on"], f"{what['who']}@example.com", client, project, what.get("category", "travel"), what["what"],
            what["cost"], "EUR", "no", "yes", ""]


def places(name: str) -> tuple[str, str]:
    found = read_set_up(text_of([name]).encode())
    return found.accounts[0].name, found.agreements[0].projects[0][1]


def written(path: Path, header: Sequence[str], rows: Sequence[Sequence[str]]) -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([header, *rows])
    return path


@pytest.fixture(scope="module")
def billed(schema: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """The books after both months, made by the commands."""
    folder = tmp_path_factory.mktemp("models")
    with _clone(schema, f"{schema}_models"):
        (folder / "firm.toml").write_text(text_of(NAMES), encoding="utf-8")
        ada("set-up", folder / "firm.toml")
        every = [(name, place, what) for name in NAMES for place, what in enumerate(happenings(name))]
        ada("usage", "import", written(folder / "usage.csv", EVENT, [
            used(name, place, what) for name, place, what in every if "metric" in what]))
        for month in MONTHS:
            here = [(name, what) for name, _, what in every if what["on"].startswith(month)]
            take_in(folder, month, here)
            ada("approve", "--period", month)
            first = [f"--account={name}" for name in NAMES if month in billed_by_hand(name)]
            whose = first if month == min(MONTHS) else []
            ada("bill", "--entity", "LAB", "--period", month, *whose, on=MONTHS[month])
            ada("issue", "--entity", "LAB", on=MONTHS[month])
        yield


def take_in(folder: Path, month: str, here: Sequence[tuple[str, Happening]]) -> None:
    """The month's hours, expenses and acceptances."""
    if rows := [worked(name, what) for name, what in here if "minutes" in what]:
        ada("import", "timesheet", written(folder / f"time-{month}.csv", TIME, rows), "--period", month)
    if rows := [spent(name, what) for name, what in here if "cost" in what]:
        ada("import", "expenses", written(folder / f"cost-{month}.csv", EXPENSE, rows), "--period", month)
    for name, what in here:
        if "accepted" in what:
            ada("accept", name, what["accepted"], "--share", what["share"], "--evidence", "Mail", on=what["on"])


def billed_by_hand(name: str) -> dict[str, tuple[tuple[Decimal, ...], list[tuple[str, Decimal]]]]:
    """The example's invoices by month, as they are worked."""
    told = yaml.load((MODELS / f"{name}.yaml").read_text(encoding="utf-8"), yaml.BaseLoader)
    return {one["month"]: (totals(one["totals"]), [(line["line"], Decimal(line["amount"])) for line in one["lines"]])
            for one in told["invoices"]}


@pytest.mark.parametrize("name", NAMES)
def test_its_invoices_are_as_they_are_worked_by_hand(billed: None, name: str) -> None:
    assert found(name) == billed_by_hand(name)


def totals(told: Mapping[str, str]) -> tuple[Decimal, ...]:
    """Net, tax, total and what is asked for: the total, where nothing else is told."""
    return tuple(Decimal(told.get(part, told["total"])) for part in ("net", "tax", "total", "payable"))


def found(name: str) -> dict[str, tuple[tuple[Decimal, ...], list[tuple[str, Decimal]]]]:
    """The example's issued documents by the month that they bill, with what lines are of, and amounts."""
    rows = frames.rows("""select i.issued_on, i.net, i.tax, i.total, i.total - i.prepaid - i.withheld + i.rounding,
               array_agg(array[regexp_replace(l.description, ' – (DEP-.*|INV-.*|Mail)', ''), l.amount::text]
                         order by l.position)
          from invoice i join invoice_line l on l.invoice_id = i.id join account a on a.id = i.account_id
         where a.number = %s and i.state = 'issued' group by i.id""", [name])
    months = {date.fromisoformat(day): month for month, day in MONTHS.items()}
    return {months[on]: ((net, tax, total, payable), [(text, Decimal(amount)) for text, amount in lines])
            for on, net, tax, total, payable, lines in rows}


@pytest.mark.parametrize("name", NAMES)
def test_it_is_a_whole_set_up_file_behind_the_firm(name: str) -> None:
    assert [agreed.number for agreed in read_set_up(text_of([name]).encode()).agreements] == [name]
