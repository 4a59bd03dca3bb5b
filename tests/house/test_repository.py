"""What the repository holds and does not hold."""

import ast
import re

from duly.billing.kernel.authority import RIGHTS
from tests.house.sources import PACKAGE, ROOT, kept_files, name, python_files, tree

ADDRESSES = sorted({word for urls in (PACKAGE / "interfaces/web").glob("*/urls.py")
                    for word in re.findall(r'path\("work/([\w-]+)', urls.read_text())})
"""What follows /work/ in the addresses of the staff app, which are no paths of a machine."""
MACHINE_PATHS = re.compile(
    rf"(?<![\w.])/(?:work(?!/(?:{'|'.join(ADDRESSES)})\b)|root|home/\w+|Users/\w+)/[\w.]+")
OPEN_ENDS = re.compile(r"\b(?:TODO|FIXME|HACK)\b|NotImplementedError")
HERE = "tests/house/test_repository.py"


def lines_with(pattern: re.Pattern[str]) -> list[str]:
    return [f"{name(file)}:{number}" for file in kept_files() if name(file) != HERE
            for number, line in enumerate(file.read_text(errors="replace").splitlines(), 1) if pattern.search(line)]


def test_no_text_names_a_path_of_one_machine() -> None:
    assert lines_with(MACHINE_PATHS) == []


def test_nothing_is_left_open() -> None:
    code = [line for line in lines_with(OPEN_ENDS) if line.split(":")[0].endswith((".py", ".sql"))]
    assert code == []


def test_the_lock_names_no_registry() -> None:
    lock = (ROOT / "requirements.txt").read_text()
    assert re.findall(r"https?://\S+|--index-url|--extra-index-url|--find-links|@ file:", lock) == []
    pinned = re.findall(r"^[a-z0-9][\w.\[\]-]*==\S+", lock, re.M | re.I)
    assert len(pinned) > 50
    assert lock.count("--hash=sha256:") >= len(pinned)


def test_every_verb_demands_a_known_right_and_says_its_promise() -> None:
    for file in python_files(PACKAGE / "billing"):
        for node in ast.walk(tree(file)):
            if isinstance(node, ast.FunctionDef) and (made := [d for d in node.decorator_list if _is_verb(d)]):
                [call] = made
                where = f"{name(file)}:{node.name}"
                right = {word.arg: word.value for word in call.keywords}["right"]
                assert isinstance(right, ast.Constant), where
                assert right.value in RIGHTS, where
                assert ast.get_docstring(node), where
                assert not node.args.args, f"{where} takes positional arguments"
                assert {"actor", "at"} <= {argument.arg for argument in node.args.kwonlyargs}, where


def _is_verb(node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "verb"
