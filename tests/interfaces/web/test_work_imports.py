"""Files of work in the browser: handed in, looked at, their names mapped, imported."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from playwright.sync_api import Page, expect

from duly.billing import models as m
from duly.billing.work.actions import uploads
from tests.interfaces.test_cli_imports import EXPENSES, TOGGL, UNREADABLE
from tests.world import World

ClientOf = Callable[..., Client]
WORK = "/work/"
STRANGE = TOGGL + "G. Hopper,,Acme GmbH,Relaunch 2026,,Late,Yes,2026-10-03,10:00:00,2026-10-03,12:00:00,02:00:00,,\n"
UNSETTLED = TOGGL.replace("2026-10-01", "10/01/2026").replace("2026-10-02", "10/02/2026")


def body(answer: Any) -> str:
    return " ".join(answer.content.decode().split())


def handed_in(client: Client, text: str, kind: str = "timesheet") -> str:
    """The address of the preview."""
    answer = client.post(f"{WORK}import/", {"kind": kind, "file": SimpleUploadedFile("october.csv", text.encode())})
    assert answer.status_code == 302, body(answer)
    return str(answer["Location"])


def outcomes(page: str) -> dict[str, str]:
    """The rows of each outcome, and of the file."""
    return dict(re.findall(r'<th scope="row">([^<]+)</th><td class="right">(\d+)</td>', page))


def test_a_preview_adds_up_to_the_file_and_the_import_does_what_it_said(world: World, client_of: ClientOf) -> None:
    ben = client_of("ben")
    preview = handed_in(ben, TOGGL) + "?period=2026-10"
    page = body(ben.get(preview))
    assert outcomes(page) == {"Billable": "1", "Non-billable": "0", "Without client": "1", "Out of period": "0",
                              "Rejected": "0", "= the file": "2"}
    assert not m.WorkItem.objects.exists()
    done = ben.post(preview, {"keep": "all"})
    batch = m.ImportBatch.objects.get()
    assert done["Location"] == f"{WORK}imports/{batch.pk}/"
    page = body(ben.get(done["Location"]))
    assert "1 work item is new" in page
    assert outcomes(page)["= the file"] == "2"
    assert "Approve 1" in page
    assert "october.csv" in body(ben.get(f"{WORK}imports/"))
    ben.post(preview, {"keep": "all"})
    assert "nothing was changed" in body(ben.get(done["Location"]))
    assert m.WorkItem.objects.count() == 1


def test_rows_with_errors_are_listed_and_the_good_ones_imported_when_asked(world: World, client_of: ClientOf) -> None:
    ben = client_of("ben")
    preview = handed_in(ben, UNREADABLE)
    page = body(ben.get(preview))
    assert "Row 4: " in page
    assert "“an hour”" in page
    refused = ben.post(preview, {"keep": "all"})
    assert refused.status_code == 422
    assert "cannot be taken in" in body(refused)
    assert not m.WorkItem.objects.exists()
    assert ben.post(preview, {"keep": "good"}).status_code == 302
    assert m.WorkItem.objects.exists()


def test_names_that_are_not_known_are_mapped_and_counted_anew(world: World, client_of: ClientOf) -> None:
    mara = client_of("mara")
    preview = handed_in(mara, STRANGE) + "?period=2026-10"
    page = body(mara.get(preview))
    assert outcomes(page)["Rejected"] == "1"
    assert "Acme GmbH / Relaunch 2026" in page
    given = {"person-0": "grace", "project-0": "ACME-WEB"}
    answer = mara.post(preview.replace("?", "map/?"), given)
    assert answer["Location"] == preview
    page = body(mara.get(preview))
    assert (outcomes(page)["Billable"], outcomes(page)["Rejected"]) == ("2", "0")
    assert "2 names are mapped" in page
    assert "Names that are not known" not in page


def test_a_name_cannot_stand_for_what_is_not_offered(world: World, client_of: ClientOf) -> None:
    otto = client_of("otto")
    preview = handed_in(otto, STRANGE.replace("Acme GmbH", "Somebody"))
    answer = otto.post(f"{preview}map/", {"person-0": "grace", "project-0": "ACME-WEB"})
    assert answer.status_code == 422
    assert "Select a valid choice" in body(answer)
    assert re.search(r'<option value="grace" selected', body(answer))
    assert not m.NameMapping.objects.exists()


def test_a_file_that_does_not_say_how_to_read_it_is_asked_about_and_kept(world: World, client_of: ClientOf) -> None:
    ben = client_of("ben")
    preview = handed_in(ben, UNSETTLED)
    page = body(ben.get(preview))
    assert "How its rows would come out" not in page
    assert 'role="alert"' in page
    assert outcomes(body(ben.get(f"{preview}?date_order=mdy")))["= the file"] == "2"
    wrong = body(ben.get(f"{preview}?period=Oktober&date_order=mdy"))
    assert "“Oktober” is no period" in wrong
    assert 'value="Oktober"' in wrong


@pytest.mark.parametrize("text", ["", "\0\0", "just,some,columns\n1,2,3\n", "PK\x03\x04"])
def test_what_is_no_timesheet_is_refused_with_a_remedy(world: World, client_of: ClientOf, text: str) -> None:
    ben = client_of("ben")
    answer = ben.post(f"{WORK}import/", {"kind": "timesheet", "file": SimpleUploadedFile("x.csv", text.encode())},
                      follow=True)
    assert 'role="alert"' in body(answer) or "It is empty" in body(answer)


def test_a_file_that_is_too_large_is_refused(world: World, client_of: ClientOf) -> None:
    file = SimpleUploadedFile("x.csv", b"x" * (uploads.LARGEST + 1))
    answer = client_of("ben").post(f"{WORK}import/", {"kind": "timesheet", "file": file})
    assert answer.status_code == 422
    assert "larger than 25 MB" in body(answer)
    assert not m.ImportUpload.objects.exists()


def test_nobody_else_sees_what_was_handed_in(world: World, client_of: ClientOf) -> None:
    preview = handed_in(client_of("ben"), TOGGL)
    assert client_of("fin").get(preview).status_code == 404
    assert client_of("audra").get(f"{WORK}import/").status_code == 403
    assert client_of("ben").get(f"{WORK}import/999999/").status_code == 404


def test_an_import_is_shown_to_whom_its_accounts_are(world: World, client_of: ClientOf) -> None:
    mara = client_of("mara")
    mara.post(handed_in(mara, TOGGL), {"keep": "all"})
    batch = m.ImportBatch.objects.get().pk
    assert mara.get(f"{WORK}imports/{batch}/").status_code == 200
    assert client_of("otto").get(f"{WORK}imports/{batch}/").status_code == 404
    assert "october.csv" not in body(client_of("otto").get(f"{WORK}imports/"))


def test_expenses_are_counted_by_currency(world: World, client_of: ClientOf) -> None:
    page = body(client_of("ben").get(handed_in(client_of("ben"), EXPENSES, "expenses")))
    assert "€120<small>.40" in page
    assert "Whose export" not in page


def test_a_month_from_the_file_to_the_work(
    database: str, world: World, signed_in: Callable[[str], Page], axe: Callable[[Page], None], each_look: Any,
    tmp_path: Path,
) -> None:
    file = tmp_path / "october.csv"
    file.write_text(STRANGE)
    page = signed_in("ben")
    page.goto(f"{WORK}imports/")
    axe(page)
    page.goto(f"{WORK}import/")
    axe(page)
    page.get_by_label("The file").set_input_files(file)
    page.get_by_role("button", name="Look at it").click()
    expect(page.get_by_role("heading", name="Names that are not known")).to_be_visible()
    axe(page)
    page.get_by_label("G. Hopper").select_option("grace")
    page.get_by_label("Acme GmbH / Relaunch 2026").select_option("ACME-WEB")
    page.get_by_role("button", name="Keep these names").click()
    page.get_by_role("button", name="Import 3 rows").click()
    expect(page.get_by_role("heading", name="How its rows came out")).to_be_visible()
    axe(page)
