"""Small exports for the tests: one full sample for each layout, and builders for one trap at a time."""

from pathlib import Path

from duly.formats.timesheets import LAYOUTS

SAMPLES = {name: (Path(__file__).parent / "samples" / f"{name}.csv").read_bytes() for name in LAYOUTS}


def toggl(
    *records: str, header: str = "User,Start date,Start time,End date,End time,Duration,Billable"
) -> bytes:
    return "\n".join((header, *records)).encode()


def clockify(*records: str) -> bytes:
    header = "Project,User,Billable,Start Date,Start Time,End Date,End Time,Duration (h)"
    return "\n".join((header, *(f"Website,Ada,Yes,{record}" for record in records))).encode()


def harvest(hours: str, amount: str = "", *, delimiter: str = ",") -> bytes:
    header = (
        "Date",
        "Project",
        "Hours",
        "Billable?",
        "First Name",
        "Last Name",
        "Billable Amount",
        "Currency",
    )
    cells = ("2026-10-01", "Website", f'"{hours}"', "Yes", "Ada", "Lovelace", f'"{amount}"', "Euro - EUR")
    return f"{delimiter.join(header)}\r\n{delimiter.join(cells)}\r\n".encode()


def kimai(duration: str) -> bytes:
    header = "Date,From,To,Duration,User,Customer,Project,Activity,Billable"
    return f"{header}\n2026-10-01,09:00,,{duration},ada,Acme,Website,Design,Yes\n".encode()
