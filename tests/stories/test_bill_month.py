"""`bill-month`: from an empty database to issued documents, on the sample exports of four tools.

The samples hold the same 120 entries with the roundings of each tool. DULY_CORPORA names their folder; docs/reference
says where they come from.
"""

import os
from pathlib import Path

import pytest

from tests.interfaces.cli import Told, duly

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
CORPORA = os.environ.get("DULY_CORPORA")

pytestmark = pytest.mark.usefixtures("empty")
needs_corpora = pytest.mark.skipif(not CORPORA, reason="DULY_CORPORA names no folder of sample files")


def billed(set_up: Path, out: Path, *options: object) -> Told:
    return duly("bill-month", "--set-up", set_up, "--period", "2026-10", "--out", out, *options, user=None)


@needs_corpora
@pytest.mark.parametrize(
    ("name", "billable_seconds"),
    [
        ("toggl_detailed", 265042),
        ("clockify_detailed", 265042),
        ("harvest_time_report", 265068),
        ("kimai_export", 264540),
    ],
)
def test_a_month_of_each_tool(tmp_path: Path, name: str, billable_seconds: int) -> None:
    file = Path(str(CORPORA)) / "timesheets" / f"{name}.csv"
    told = billed(EXAMPLES / "timesheets.toml", tmp_path, "--timesheet", file)
    assert told.code == 0, told.text
    [imported] = told.data["imports"]
    assert imported["rows"] == 120
    assert imported["outcomes"] == {
        "billable": 83, "non_billable": 13, "without_client": 24, "out_of_period": 0, "rejected": 0,
    }
    assert imported["seconds"]["billable"] == billable_seconds
    assert told.data["hours"] == {"billable": billable_seconds, "billed": billable_seconds, "agree": True}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["INV-2026-00001.pdf", "INV-2026-00002.pdf"]


@needs_corpora
def test_a_second_call_finds_nothing_left_to_do(tmp_path: Path) -> None:
    file = Path(str(CORPORA)) / "timesheets" / "kimai_export.csv"
    options = (EXAMPLES / "timesheets.toml", tmp_path, "--timesheet", file)
    first, again = billed(*options), billed(*options)
    assert (again.code, again.data["imports"][0]["already"]) == (0, True)
    assert again.data["issued"] == first.data["issued"]


TOGGL = """User,Email,Client,Project,Task,Description,Billable,Start date,Start time,End date,End time,Duration,Tags
Ada Lovelace,ada@example.com,Acme GmbH,Website relaunch,,Checkout,Yes,2026-10-05,09:00:00,2026-10-05,11:00:00,02:00:00,
"""


@pytest.fixture
def toggl(tmp_path: Path) -> Path:
    path = tmp_path / "october.csv"
    path.write_text(TOGGL)
    return path


def test_where_a_review_is_demanded_it_stops_there_and_says_so(tmp_path: Path, toggl: Path) -> None:
    set_up = tmp_path / "peer.toml"
    set_up.write_text((EXAMPLES / "timesheets.toml").read_text().replace('review = "none"', 'review = "peer"'))
    told = billed(set_up, tmp_path / "out", "--timesheet", toggl)
    assert told.code == 1
    assert told.data["issued"] == []
    assert [one["reason"] for one in told.data["held_back"]] == ["It waits for peer review."]


def test_work_that_no_rate_prices_is_held_back_and_named(tmp_path: Path, toggl: Path) -> None:
    set_up = tmp_path / "rates.toml"
    set_up.write_text((EXAMPLES / "timesheets.toml").read_text().replace('{ person = "ada", price = 95 }, ', ""))
    told = billed(set_up, tmp_path / "out", "--timesheet", toggl)
    assert told.code == 1
    assert told.data["held_back"] == [{
        "what": "work on no draft",
        "reason": "Acme GmbH, 1 entry: no rate for Ada Lovelace on 5 Oct 2026; add one to the rate card."}]


def test_a_second_file_of_a_month_is_compared_with_its_own_work(tmp_path: Path, toggl: Path) -> None:
    later = tmp_path / "later.csv"
    later.write_text(TOGGL.replace("Checkout", "Basket").replace("2026-10-05", "2026-10-06"))
    first, second = (billed(EXAMPLES / "timesheets.toml", tmp_path / "out", "--timesheet", file)
                     for file in (toggl, later))
    agreed = {"billable": 7200, "billed": 7200, "agree": True}
    assert [(one.code, one.data["hours"]) for one in (first, second)] == [(0, agreed), (0, agreed)]
    assert len(second.data["issued"]) == len(first.data["issued"]) + 1


def test_a_draft_of_another_period_is_left_alone(tmp_path: Path, toggl: Path) -> None:
    set_up, entity = EXAMPLES / "timesheets.toml", "LAB"
    duly("set-up", set_up, user="ada")
    september = tmp_path / "september.csv"
    september.write_text(TOGGL.replace("2026-10-05", "2026-09-07"))
    duly("import", "timesheet", september, user="ada")
    duly("approve", "--period", "2026-09", user="ada")
    [foreign] = duly("bill", "--entity", entity, "--period", "2026-09", user="ada").data["drafts"]
    told = billed(set_up, tmp_path / "out", "--timesheet", toggl)
    assert (told.code, len(told.data["issued"])) == (0, 1)
    assert [draft["id"] for draft in duly("drafts", user="ada").data] == [foreign["id"]]


def test_an_unknown_name_stops_it_before_anything_is_billed(tmp_path: Path, toggl: Path) -> None:
    toggl.write_text(TOGGL.replace("Website relaunch", "Shop"))
    told = billed(EXAMPLES / "timesheets.toml", tmp_path / "out", "--timesheet", toggl)
    assert told.code == 1
    assert "Acme GmbH / Shop" in told.data["error"]["remedy"]
    assert duly("drafts", user="ada").data == []


def test_hours_that_are_not_priced_are_told(tmp_path: Path, toggl: Path) -> None:
    set_up = tmp_path / "later.toml"
    text = (EXAMPLES / "timesheets.toml").read_text()
    set_up.write_text(text.replace("from = 2026-01-01\nrates", "from = 2026-11-01\nrates"))
    told = billed(set_up, tmp_path / "out", "--timesheet", toggl)
    assert told.code == 1
    assert told.data["hours"] == {"billable": 7200, "billed": 0, "agree": False}


def test_someone_in_the_set_up_file_must_be_able_to_issue(tmp_path: Path, toggl: Path) -> None:
    set_up = tmp_path / "nobody.toml"
    set_up.write_text((EXAMPLES / "timesheets.toml").read_text().replace('"issue", ', ""))
    told = billed(set_up, tmp_path / "out", "--timesheet", toggl)
    assert (told.code, told.data["error"]["text"]) == (2, "Nobody in the set-up file may bill and issue.")
