"""The architecture holds: who imports whom, which way foreign keys run, how large things may grow."""

import ast
import json
import os
import tomllib
from pathlib import Path

import pytest
from django.apps import apps
from importlinter.cli import lint_imports

from tests.house.sources import PACKAGE, ROOT, name, python_files, tree

BUDGETS = ROOT / "tests" / "house" / "budgets.json"
LONGEST_FUNCTION, HARD_FUNCTION = 40, 70
LONGEST_FILE, HARD_FILE = 300, 500


def layers() -> list[str]:
    """The domains, in the order money flows."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    [order] = [contract["layers"] for contract in contracts if contract["name"].startswith("Domains")]
    return [layer.rsplit(".", 1)[-1] for layer in reversed(order)]


def test_the_import_contract_holds(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(ROOT)
    monkeypatch.syspath_prepend(str(ROOT / "src"))
    broken = lint_imports(config_filename="pyproject.toml", no_cache=True)
    assert not broken, capsys.readouterr().out


def test_every_domain_has_its_place_in_the_contract() -> None:
    found = {folder.name for folder in (PACKAGE / "billing").iterdir() if (folder / "__init__.py").exists()}
    assert found - {"migrations", "management"} == set(layers())


def test_foreign_keys_point_at_the_same_or_an_earlier_domain() -> None:
    order = layers()
    backwards, keys = [], 0
    for model in apps.get_app_config("billing").get_models():
        own = model.__module__.split(".")[2]
        for field in model._meta.get_fields():
            if field.is_relation and field.concrete and field.related_model.__module__.startswith("duly."):
                keys += 1
                target = field.related_model.__module__.split(".")[2]
                if order.index(target) > order.index(own):
                    backwards.append(f"{model.__name__}.{field.name} → {target}")
    assert backwards == []
    assert keys > 50


def test_events_hold_plain_values_only() -> None:
    """Upstream never learns of downstream: the log points nowhere."""
    audit = [model for model in apps.get_app_config("billing").get_models() if ".audit." in model.__module__]
    assert [field.name for model in audit for field in model._meta.get_fields() if field.is_relation] == []


def sizes() -> dict[str, int]:
    """What is larger than its budget: lines by file, and by file and function."""
    found = {}
    files = [*python_files(), *python_files(ROOT / "tests"), *sorted(PACKAGE.rglob("*.sql"))]
    for file in files:
        lines = len(file.read_text().splitlines())
        if lines > LONGEST_FILE:
            found[name(file)] = lines
        if file.suffix == ".py":
            for node in ast.walk(tree(file)):
                if isinstance(node, ast.FunctionDef) and (length := _length(node)) > LONGEST_FUNCTION:
                    found[f"{name(file)}:{node.name}"] = length
    return found


def _length(function: ast.FunctionDef) -> int:
    """Lines without the docstring, which may be as long as its promise."""
    whole = (function.end_lineno or 0) - function.lineno + 1
    first = function.body[0]
    if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str):
        return whole - ((first.end_lineno or 0) - first.lineno + 1)
    return whole


def test_what_is_over_budget_only_shrinks() -> None:
    """`DULY_SHRINK_BUDGETS=1` writes the smaller sizes down; nothing ever raises one."""
    allowed: dict[str, int] = json.loads(BUDGETS.read_text())
    found = sizes()
    grown = {what: size for what, size in found.items() if size > allowed.get(what, 0)}
    assert grown == {}, "split it; budgets are not raised"
    if os.environ.get("DULY_SHRINK_BUDGETS"):
        BUDGETS.write_text(json.dumps(found, indent=2, sort_keys=True) + "\n")
    else:
        assert found == allowed, "something shrank: run with DULY_SHRINK_BUDGETS=1 and commit the smaller budget"


def test_nothing_is_over_the_hard_limits() -> None:
    allowed: dict[str, int] = json.loads(BUDGETS.read_text())
    assert {what: size for what, size in allowed.items() if size > (HARD_FUNCTION if ":" in what else HARD_FILE)} == {}


def test_every_domain_says_what_it_owns() -> None:
    missing = [domain for domain in layers() if domain != "kernel" and not _readme(domain).exists()]
    assert missing == []
    too_long = [domain for domain in layers() if _readme(domain).exists()
                and len(_readme(domain).read_text().splitlines()) > 40]
    assert too_long == []


def _readme(domain: str) -> Path:
    return PACKAGE / "billing" / domain / "README.md"
