"""The repository's own text, for the tests that hold the house to its rules."""

import ast
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "src" / "duly"
TEXTS = {".py", ".sql", ".md", ".toml", ".txt", ".in", ".csv", ".yaml", ".yml", ".json", ".typ", ".svg", ""}


@cache
def python_files(folder: Path = PACKAGE) -> tuple[Path, ...]:
    return tuple(sorted(file for file in folder.rglob("*.py") if "migrations" not in file.parts))


@cache
def tree(file: Path) -> ast.Module:
    return ast.parse(file.read_text(), str(file))


def name(file: Path) -> str:
    return file.relative_to(ROOT).as_posix()


@cache
def kept_files() -> tuple[Path, ...]:
    """Every text file that is kept in the repository."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout.decode()
    files = (ROOT / path for path in listed.split("\0") if path)
    return tuple(file for file in files if file.suffix in TEXTS and file.is_file())


def texts_of(file: Path) -> Iterator[tuple[int, str]]:
    """Every string of a module that is not a docstring, f-strings without their fields: line and text."""
    module = tree(file)
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    docstrings = {
        id(node.body[0].value) for node in ast.walk(module)
        if isinstance(node, documented) and node.body and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(module):
        if isinstance(node, ast.JoinedStr):
            yield node.lineno, " ".join(part.value for part in node.values if isinstance(part, ast.Constant))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings:
            yield node.lineno, node.value
