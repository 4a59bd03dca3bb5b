"""The tutorial does what it says: its commands run in order, and each succeeds."""

import re
import shlex
from pathlib import Path

import pytest

from tests.interfaces.cli import said

ROOT = Path(__file__).resolve().parents[2]
STEPS, _ = (ROOT / "docs" / "tutorial.md").read_text().split("## All at once")


@pytest.mark.usefixtures("empty")
def test_the_tutorial_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    monkeypatch.chdir(tmp_path)
    commands = [shlex.split(line) for line in re.findall(r"^ {4}bin/duly (.*)$", STEPS, re.MULTILINE)]
    told = [said(*words, user="lena", on=None) for words in commands]
    assert [(words, one.text) for words, one in zip(commands, told, strict=True) if one.code] == []
    assert len(told) == 18
    (received,) = [one.text for words, one in zip(commands, told, strict=True) if words[0] == "receive"]
    assert "nothing on account" in received, "the payment is what the invoice says"
    assert len(list((tmp_path / "invoices").iterdir())) == 5
    assert [path.name for path in (tmp_path / "receipts").iterdir()] == ["KQ2026-0001.pdf"]
