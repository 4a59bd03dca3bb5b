"""The commands of a month, on the small named world: each says what its verb answered, for people and machines.

Each command commits, as it does in life: a bill run takes what was committed before it.
"""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from duly.billing import models as m
from duly.billing.invoicing import actions
from tests.interfaces.cli import Told, duly, said
from tests.world import NOW, TODAY, World

TOGGL = """User,Email,Client,Project,Task,Description,Billable,Start date,Start time,End date,End time,Duration,Tags,Amount (EUR)
Ada Lovelace,ada@example.com,Acme GmbH,Website relaunch,Development,Checkout,Yes,2026-10-05,09:00:00,2026-10-05,11:00:00,02:00:00,,180.00
Grace Hopper,grace@example.com,Acme GmbH,Website relaunch,Design,Icons,Yes,2026-10-06,09:00:00,2026-10-06,10:00:00,01:00:00,,110.00
Ada Lovelace,ada@example.com,,,,Lunch,No,2026-10-06,12:00:00,2026-10-06,12:30:00,00:30:00,,
"""  # noqa: E501 - a file as the tool writes it


pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture
def toggl(tmp_path: Path) -> Path:
    path = tmp_path / "october.csv"
    path.write_text(TOGGL)
    return path


def drafted(*options: object) -> Told:
    return duly("bill", "--entity", "HALDEN", "--period", "2026-10", *options)


def test_an_import_is_previewed_then_taken_in_then_known(world: World, toggl: Path) -> None:
    looked = duly("import", "timesheet", toggl, "--period", "2026-10", "--preview")
    taken = duly("import", "timesheet", toggl, "--period", "2026-10")
    again = duly("import", "timesheet", toggl, "--period", "2026-10")
    assert [one.code for one in (looked, taken, again)] == [0, 0, 0]
    outcomes = {"billable": 2, "non_billable": 0, "without_client": 1, "out_of_period": 0, "rejected": 0}
    assert looked.data["import"]["outcomes"] == taken.data["import"]["outcomes"] == outcomes
    assert [one.data["import"]["batch"] > 0 for one in (looked, taken)] == [False, True]
    assert again.data["import"]["already"] is True


def test_an_import_lists_the_rows_whose_own_amount_differs(world: World, toggl: Path) -> None:
    told = duly("import", "timesheet", toggl)
    assert [(one["row_number"], one["own"], one["ours"], one["difference"]) for one in told.data["differences"]] == [
        (2, "180.00", "190.00", "10.00")
    ]
    assert "10.00" in said("import", "timesheet", toggl).text


def test_an_unknown_name_is_asked_for_in_lines_to_paste(world: World, toggl: Path) -> None:
    toggl.write_text(TOGGL.replace("Grace Hopper,grace@example.com", "G. Hopper,"))
    told = said("import", "timesheet", toggl)
    assert told.code == 1
    assert '[mapping.people]\n"G. Hopper" = ""' in told.text


def test_a_file_of_no_known_tool_is_bad_input(world: World, tmp_path: Path) -> None:
    path = tmp_path / "any.csv"
    path.write_text("a,b\n1,2\n")
    assert duly("import", "timesheet", path).code == 2


def test_unbilled_work_waits_for_approval_and_then_has_its_value(world: World, toggl: Path) -> None:
    duly("import", "timesheet", toggl)
    before = duly("unbilled", "--entity", "HALDEN").data[0]["agreements"][0]
    assert (before["amount"], before["waiting_amount"], before["waiting_seconds"]) == ("0.00", "300.00", 10800)
    approved = duly("approve", "--period", "2026-10")
    assert approved.data == {"items": 2, "seconds": 10800, "before": 0}
    after = duly("unbilled", "--entity", "HALDEN").data[0]["agreements"][0]
    assert (after["amount"], after["waiting_amount"]) == ("300.00", "0.00")
    assert "300.00 EUR" in said("unbilled").text


def test_a_milestone_is_accepted_and_billed(world: World) -> None:
    told = duly("accept", "BIG-MS", "go-live", "--share", "0.5", "--evidence", "Mail", on="2026-10-20", user="mara")
    assert (told.code, told.data["amount"]) == (0, "6000.00")
    totals = {one["account"]: one["net"] for one in drafted().data["drafts"]}
    assert totals["BIG"] == "7500.0000"


def test_a_preview_stores_nothing(world: World) -> None:
    world.time(3600)
    looked = drafted("--preview")
    assert {one["account"]: one["net"] for one in looked.data["drafts"]}["ACME"] == "95.0000"
    assert duly("drafts").data == []


def test_a_run_makes_drafts_once(world: World) -> None:
    world.time(3600)
    first, second = drafted(), drafted()
    assert first.code == 0
    assert sorted(one["account"] for one in first.data["drafts"]) == ["ACME", "BIG", "ZED"]
    assert second.data["drafts"] == []
    assert len(duly("drafts", "--run", first.data["run"]).data) == 3


def test_a_run_of_one_account(world: World) -> None:
    world.time(3600)
    assert [one["account"] for one in drafted("--account", "ACME").data["drafts"]] == ["ACME"]


def test_a_run_names_the_work_that_is_on_no_draft(world: World) -> None:
    world.expense("10", currency="CHF")
    run = drafted()
    assert run.code == 1
    assert run.data["unpriced"] == ["Acme GmbH, 1 entry: no exchange rate from CHF to EUR on 7 Oct 2026; add one."]
    assert sorted(one["account"] for one in run.data["drafts"]) == ["BIG", "ZED"]
    assert "no exchange rate from CHF to EUR" in said("bill", "--entity", "HALDEN", "--period", "2026-10").text


def test_a_run_that_is_done_has_nothing_to_resume(world: World) -> None:
    run = drafted().data["run"]
    assert duly("bill", "--resume", run).data["left"] == []


def test_the_same_key_launches_one_run(world: World) -> None:
    world.time(3600)
    first, again = drafted("--key", "october"), drafted("--key", "october")
    assert (first.code, again.code, again.data) == (0, 0, first.data)
    other = duly("bill", "--entity", "HALDEN", "--period", "2026-11", "--key", "october")
    assert (other.code, other.data["error"]["remedy"]) == (1, "Use a new key.")


def test_a_run_is_stopped_and_goes_on(world: World) -> None:
    run = drafted("--background", "--partition", 1).data
    stopped = duly("bill", "--stop", run["run"])
    assert (stopped.code, stopped.data) == (0, {"run": run["run"], "left": len(run["partitions"])})
    assert "goes on" in said("bill", "--stop", run["run"]).text
    assert duly("bill", "--resume", run["run"]).data["left"] == []
    assert "nothing was left" in said("bill", "--stop", run["run"]).text
    assert duly("bill", "--stop", run["run"], "--resume", run["run"]).code == 2


def test_a_stop_while_a_run_is_drafted_holds(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.time(3600)
    draft = actions.draft_partition

    def draft_then_stop(**arguments: Any) -> Any:
        done = draft(**arguments)
        actions.stop(actor=world.actor("ben"), at=NOW, on=TODAY, run=m.BillRun.objects.get().pk)
        monkeypatch.setattr(actions, "draft_partition", draft)
        return done

    monkeypatch.setattr(actions, "draft_partition", draft_then_stop)
    told = drafted("--partition", 1)
    assert (told.code, len(told.data["drafts"])) == (1, 1)
    assert len(told.data["left"]) == m.BillRunPartition.objects.count() - 1
    assert all("was stopped" in trouble for trouble in told.data["troubles"])
    assert m.BillRun.objects.get().state == "stopped"


def test_an_account_outside_the_book_answers_as_one_that_is_not_there(world: World) -> None:
    for preview in ((), ("--preview",)):
        foreign, missing = (
            duly("bill", "--entity", "HALDEN", "--period", "2026-10", "--account", number, *preview, user="mara")
            for number in ("ZED", "NOWHERE")
        )
        assert foreign.code == missing.code == 2
        assert foreign.data["error"]["text"].replace("ZED", "NOWHERE") == missing.data["error"]["text"]


def test_a_preview_needs_the_right_to_bill(world: World) -> None:
    refused = duly("bill", "--entity", "HALDEN", "--period", "2026-10", "--preview", user="rita")
    assert (refused.code, "right “bill”" in refused.data["error"]["text"]) == (1, True)


def test_a_run_needs_a_scope(world: World) -> None:
    assert duly("bill", "--entity", "HALDEN").code == 2
    assert duly("bill", "--entity", "NOBODY", "--period", "2026-10").code == 2


def test_checks_find_what_blocks_and_a_waiver_sets_it_aside(world: World) -> None:
    account = world.account("ACME")
    account.requires_purchase_order = True
    account.save()
    world.time(3600)
    [draft] = [one["id"] for one in drafted("--account", "ACME").data["drafts"]]
    checked = duly("check", draft)
    assert (checked.code, checked.data["blocking"]) == (1, 1)
    assert [one["check_name"] for one in checked.data["findings"]] == ["purchase_order_missing"]
    assert duly("issue", draft).data["skipped"][0]["draft"] == draft
    assert duly("waive", draft, "purchase_order_missing", "--reason", "By mail").data["waived"] == 1
    assert duly("check", draft).code == 0
    assert "waived" in said("check", draft).text
    assert duly("issue", draft).code == 0


def test_review_by_a_second_person_before_issue(world: World) -> None:
    [draft] = [one["id"] for one in drafted("--account", "BIG").data["drafts"]]
    assert "submit it first" in duly("issue", draft).data["skipped"][0]["reason"]
    assert duly("review", "submit", draft).data == {"submitted": 1, "waiting": 1}
    returned = duly("review", "return", draft, "--reason", "Text", user="rita")
    assert returned.data == {"returned": 1}
    duly("review", "submit", draft)
    assert duly("review", "approve", draft, user="rita").data == {"approved": 1, "ready": 1}
    assert list(duly("issue", draft).data["numbers"].values()) == ["R2026-00001"]


def test_an_author_cannot_approve_their_own_draft(world: World) -> None:
    run = duly("bill", "--entity", "HALDEN", "--period", "2026-10", "--account", "BIG", user="fin").data
    [draft] = [one["id"] for one in run["drafts"]]
    duly("review", "submit", draft)
    refused = duly("review", "approve", draft, user="fin")
    assert (refused.code, refused.data["error"]["remedy"]) == (1, "Ask a colleague to review it.")


def test_a_discarded_draft_frees_its_work(world: World) -> None:
    world.time(3600)
    run = drafted("--account", "ACME").data["run"]
    assert duly("discard", "--run", run).data == {"discarded": 1}
    assert len(drafted("--account", "ACME").data["drafts"]) == 1


@pytest.mark.parametrize("act", [("issue",), ("discard",), ("review", "submit"), ("review", "approve")])
def test_changing_drafts_needs_them_named(world: World, act: tuple[str, ...]) -> None:
    assert duly(*act).code == 2
    assert duly(*act, "--run", 1, "--key", "k").code == 2


def test_a_draft_that_is_not_there_is_bad_input(world: World) -> None:
    told = duly("discard", 999999)
    assert (told.code, "999999" in told.data["error"]["text"]) == (2, True)


def test_issued_invoices_are_listed_with_what_they_owe(world: World) -> None:
    world.time(3600)
    run = drafted("--account", "ACME").data["run"]
    issued = said("issue", "--run", run)
    assert issued.code == 0
    assert "R2026-00001" in issued.text
    [invoice] = duly("invoices", "--open").data
    assert (invoice["number"], invoice["total"], invoice["balance"]) == ("R2026-00001", "113.0500", "113.0500")


@pytest.fixture
def invoice(world: World) -> str:
    """The number of an issued invoice of Acme over 113.05 EUR."""
    world.time(3600)
    run = drafted("--account", "ACME").data["run"]
    [number] = duly("issue", "--run", run).data["numbers"].values()
    return str(number)


@pytest.mark.parametrize(
    ("options", "paid", "left"),
    [
        ((), [], "113.05"),
        (("--for", "R2026-00001"), ["113.05"], "0.00"),
        (("--for", "R2026-00001=50"), ["50.00"], "63.05"),
        (("--oldest",), ["113.05"], "0.00"),
    ],
)
def test_money_pays_what_is_named(
    world: World, invoice: str, options: tuple[str, ...], paid: list[str], left: str
) -> None:
    told = duly("receive", "113.05", "eur", "--entity", "HALDEN", "--account", "ACME", *options)
    assert [part["amount"] for part in told.data["allocated"]] == paid
    assert told.data["on_account"] == left
    [open_invoice] = duly("invoices").data
    assert Decimal(open_invoice["balance"]) == Decimal("113.05") - sum(map(Decimal, paid))


def test_an_allocation_is_made_later_and_taken_back(world: World, invoice: str) -> None:
    receipt = duly("receive", "200", "EUR", "--entity", "HALDEN", "--account", "ACME").data["number"]
    made = duly("allocate", receipt, invoice, "--entity", "HALDEN").data
    assert (made["allocated"][0]["amount"], made["on_account"]) == ("113.05", "86.95")
    undone = duly("unallocate", made["allocated"][0]["allocation"], "--reason", "Wrong invoice")
    assert undone.data["amount"] == "113.05"
    rows = duly("statement", "ACME", "--entity", "HALDEN").data["rows"]
    assert [row["kind"] for row in rows if row["kind"] in ("invoice", "receipt")] == ["invoice", "receipt"]


def test_the_same_key_receives_once(world: World, invoice: str) -> None:
    act = ("receive", "10", "EUR", "--entity", "HALDEN", "--account", "ACME", "--key", "k1")
    assert duly(*act).data == duly(*act).data
    other = duly("receive", "11", "EUR", "--entity", "HALDEN", "--account", "ACME", "--key", "k1")
    assert other.code == 1


def test_money_that_is_no_amount_is_bad_usage(world: World) -> None:
    assert duly("receive", "ten", "EUR", "--entity", "HALDEN", "--account", "ACME").code == 2
    both = duly("receive", "10", "EUR", "--entity", "HALDEN", "--account", "ACME", "--oldest", "--for", "R1")
    assert both.code == 2
