"""No float touches money, nothing below the doors reads the clock, and one function writes an invoice's state."""

import ast
import re
from pathlib import Path

import pytest

from tests.house.sources import PACKAGE, name, python_files, texts_of, tree

PURE = ("engine", "billing", "formats")

FLOATS_ALLOWED = {
    "src/duly/formats/typeset/colour.py": "the contrast of a colour, as WCAG defines it",
}
"""File: why its floats touch no money."""

CLOCKS = {"now", "today", "utcnow", "time", "time_ns", "localtime", "gmtime"}
CLOCK_OWNERS = {"datetime", "date", "time", "timezone"}
SQL_CLOCK = re.compile(r"\b(current_date|current_timestamp|localtimestamp|clock_timestamp\(\)|now\(\))", re.I)
SQL_CLOCKS_ALLOWED = {
    "src/duly/billing/invoicing/actions/review.py": "the law puts the moment of the lock in its place",
    "src/duly/billing/reporting/export.py": "says which moment the export is of; it is the database's own",
}

STATE_WRITER = "src/duly/billing/invoicing/state.py"
STATE_IN_SQL = re.compile(r"update\s+invoice\s(?:(?!\bwhere\b).)*?\bset\b(?:(?!\bwhere\b).)*?\bstate\s*=", re.I | re.S)


def below_the_doors() -> list[Path]:
    return [file for package in PURE for file in python_files(PACKAGE / package)]


def floats(module: ast.Module) -> list[int]:
    """The lines on which a float is written, made or asked for."""
    found = []
    for node in ast.walk(module):
        literal = isinstance(node, ast.Constant) and isinstance(node.value, float)
        called = isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "float"
        typed = isinstance(node, ast.Attribute) and node.attr in ("Float32", "Float64", "FloatField")
        if literal or called or typed:
            found.append(node.lineno)
    return found


def clocks(module: ast.Module) -> list[int]:
    """The lines that read the clock."""
    return [
        node.lineno for node in ast.walk(module)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in CLOCKS
        and isinstance(node.func.value, ast.Name) and node.func.value.id in CLOCK_OWNERS
    ]


def state_writes(file: Path) -> list[int]:
    """The lines that write an invoice's state: by SQL, by the ORM, or on an object."""
    found = [line for line, text in texts_of(file) if STATE_IN_SQL.search(text)]
    for node in ast.walk(tree(file)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "update":
            if "Invoice.objects" in ast.unparse(node.func) and any(word.arg == "state" for word in node.keywords):
                found.append(node.lineno)
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            if any(isinstance(one, ast.Attribute) and ast.unparse(one).endswith("invoice.state") for one in targets):
                found.append(node.lineno)
    return found


def test_no_float_touches_money() -> None:
    found = {name(file): lines for file in below_the_doors() if (lines := floats(tree(file)))}
    assert {file: lines for file, lines in found.items() if file not in FLOATS_ALLOWED} == {}
    assert set(FLOATS_ALLOWED) <= set(found), "an exception that is no longer needed"


def test_nothing_below_the_doors_reads_the_clock() -> None:
    assert {name(file): lines for file in below_the_doors() if (lines := clocks(tree(file)))} == {}


def test_no_query_reads_the_clock() -> None:
    """The database's own moments are column defaults and laws; a query is told the time."""
    found = {name(file) for file in below_the_doors() for _, text in texts_of(file)
             if SQL_CLOCK.search(text) and re.search(r"\b(select|insert|update|delete)\b", text, re.I)}
    assert found == set(SQL_CLOCKS_ALLOWED)


def test_one_file_writes_the_state_of_an_invoice() -> None:
    found = {name(file): lines for file in python_files() if (lines := state_writes(file))}
    assert set(found) == {STATE_WRITER}


@pytest.mark.parametrize(("code", "finder"), [
    ("x = 0.1", floats), ("x = float('1')", floats), ("x = pl.Float64", floats),
    ("x = datetime.now()", clocks), ("x = timezone.now()", clocks), ("x = date.today()", clocks),
])
def test_the_finders_find(code: str, finder: object) -> None:
    assert finder(ast.parse(code)) == [1]  # type: ignore[operator]


@pytest.mark.parametrize("code", [
    "execute('update invoice set state = %s where id = 1')",
    "execute(f'''update invoice i set number = 1,\n state = 'issued' from {table} t''')",
    "Invoice.objects.filter(id=1).update(state='ready')",
    "invoice.state = 'ready'",
])
def test_the_finder_of_state_writes_finds(tmp_path: Path, code: str) -> None:
    (tmp_path / "wrong.py").write_text(code)
    assert state_writes(tmp_path / "wrong.py") != []


@pytest.mark.parametrize("code", [
    "execute('update invoice set number = 1 where state = 2')", "run.state = 'done'",
    "execute('update bill_run set state = 1')",
])
def test_the_finder_of_state_writes_leaves_others_alone(tmp_path: Path, code: str) -> None:
    (tmp_path / "right.py").write_text(code)
    assert state_writes(tmp_path / "right.py") == []
