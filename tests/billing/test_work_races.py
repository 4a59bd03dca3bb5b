"""Two processes with the same file at the same moment record its work once."""

import os
import subprocess
import sys
from pathlib import Path

from duly.billing import models as m
from tests.world import World

ROOT = Path(__file__).parents[2]

IMPORTER = """
import sys
from tests import conftest
from tests.billing.test_work_imports import entry, read_in
from tests.world import World
from django.db import connections
connections["default"].settings_dict["HOST"] = sys.argv[1]
rows = [entry(number) for number in range(2, 2002)]
print("ready", flush=True)
sys.stdin.readline()
result = read_in(World(), rows, content=sys.argv[2].encode())
print(result.created, result.known["billable"], result.already)
"""


def import_at_once(database: str, contents: list[str]) -> list[str]:
    """What importers of two thousand equal rows say that start together, each with a file of its own content."""
    from django.db import connections

    environ = {**os.environ, "DULY_DATABASE": database, "PYTHONPATH": f"{ROOT / 'src'}:{ROOT}"}
    command = [sys.executable, "-c", IMPORTER, str(connections["default"].settings_dict["HOST"])]
    running = [subprocess.Popen([*command, content], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                                env=environ, cwd=ROOT) for content in contents]
    for process in running:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in running:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    return sorted(process.communicate(timeout=60)[0].strip() for process in running)


def test_one_file_read_in_by_two_at_once(database: str, world: World) -> None:
    assert import_at_once(database, ["same", "same"]) == ["2000 0 False", "2000 0 True"]
    assert (m.WorkItem.objects.count(), m.ImportBatch.objects.count()) == (2000, 1)


def test_two_overlapping_files_read_in_at_once(database: str, world: World) -> None:
    said = import_at_once(database, ["one export", "another export"])
    assert (m.WorkItem.objects.count(), m.ImportRow.objects.count()) == (2000, 4000)
    assert said == ["0 2000 False", "2000 0 False"]
