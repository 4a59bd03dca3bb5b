"""Verifies an audit export with nothing but Python: no database, no package, no trust in whoever made it.

Run it alone, on the folder that was handed over: `python audit_export.py FOLDER`.
"""

import csv
import hashlib
import json
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

Row = dict[str, str]
CONTROLS: Final = ("receivable", "on_account")
GENESIS: Final = bytes(32)


def verify_export(folder: Path) -> list[str]:
    """What is wrong with the export in `folder`, in words; empty when it holds together.

    Files are as the manifest says (sha256); events and seals make one hash chain up to its head; entries balance by
    transfers of positive amounts; the open items sum to their control accounts; documents add up and are numbered
    without gaps, in date order.
    """
    if not (folder / "manifest.json").is_file():
        return [f"{folder} holds no manifest.json, so it is no export. Name the folder that `audit export` wrote."]
    try:
        manifest = json.loads((folder / "manifest.json").read_bytes())
        found = list(_files(folder, manifest["files"]))
        if found:
            return found
        checks: tuple[Callable[[Path, dict[str, Any]], Iterator[str]], ...] = (_chain, _ledger, _documents, _numbers)
        return [text for check in checks for text in check(folder, manifest)]
    except (OSError, KeyError, ValueError, ArithmeticError, TypeError) as error:
        return [f"The export cannot be read: {type(error).__name__}: {error}"]


def _files(folder: Path, files: dict[str, Any]) -> Iterator[str]:
    for name, expected in sorted(files.items()):
        path = folder / name
        if Path(name).name != name or not path.is_file():
            yield f"{name} is missing."
        elif _sha256(path) != expected["sha256"]:
            yield f"{name} is not the file that was exported."


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _chain(folder: Path, manifest: dict[str, Any]) -> Iterator[str]:
    """hash(n) = sha256(hash(n − 1) ‖ line n of events.jsonl), from 32 zero bytes."""
    previous, number = GENESIS, 0
    with (folder / "events.jsonl").open("rb") as events:
        for seal in _rows(folder, "seals.csv"):
            number += 1
            line = events.readline().removesuffix(b"\n")
            if int(seal["number"]) != number:
                yield f"seals.csv goes from number {number - 1} to {seal['number']}."
                return
            if not line or json.loads(line or b"{}").get("id") != int(seal["event_id"]):
                yield f"The event of seal {number} is missing."
                return
            previous = hashlib.sha256(previous + line).digest()
            if previous.hex() != seal["hash"]:
                yield f"The event of seal {number} is not what was sealed."
                return
        if events.readline():
            yield f"There are events after seal {number}."
    if (number, previous.hex()) != (manifest["head"]["number"], manifest["head"]["hash"]):
        yield "The chain does not end at the head that the manifest names."


def _ledger(folder: Path, manifest: dict[str, Any]) -> Iterator[str]:
    entries = {row["entry"]: row for row in _rows(folder, "entries.csv")}
    ties: defaultdict[tuple[str, str, str], Decimal] = defaultdict(Decimal)
    for row in _rows(folder, "transfers.csv"):
        amount, entry = Decimal(row["amount"]), entries.get(row["entry"])
        if entry is None:
            yield f"Transfer {row['transfer']} belongs to no entry."
            continue
        if amount <= 0 or row["debit"] == row["credit"]:
            yield f"Transfer {row['transfer']} does not move a positive amount between two accounts."
        for role, signed in ((row["debit_role"], amount), (row["credit_role"], -amount)):
            if role in CONTROLS:
                ties[entry["entity"], role, row["currency"]] += signed
    for row in _rows(folder, "open_items.csv"):
        ties[row["entity"], row["control"], row["currency"]] -= Decimal(row["balance"])
    for (entity, control, currency), difference in sorted(ties.items()):
        if difference:
            yield f"{entity}: the control account {control} and its open items differ by {difference} {currency}."
    if any(row["booked_on"] > manifest["on"] for row in entries.values()):
        yield f"There are entries after {manifest['on']}."


def _documents(folder: Path, manifest: dict[str, Any]) -> Iterator[str]:
    for document in _lines(folder, "invoices.jsonl"):
        lines, taxes = document["lines"] or [], document["tax_lines"] or []
        net, tax, total = (Decimal(document[name]) for name in ("net", "tax", "total"))
        several = any(one.get("name") for one in taxes)  # their bases are one and the same
        base = net if several else _sum(taxes, "base")
        sums = (_sum(lines, "amount"), _sum(lines, "tax"), base, _sum(taxes, "tax"), net + tax)
        if sums != (net, tax, net, tax, total):
            yield f"The lines and taxes of {document['number']} do not add up to its totals."


def _sum(rows: list[Row], name: str) -> Decimal:
    return sum((Decimal(row[name]) for row in rows), Decimal(0))


def _numbers(folder: Path, manifest: dict[str, Any]) -> Iterator[str]:
    taken: defaultdict[tuple[int, int], list[tuple[int, str, str]]] = defaultdict(list)
    for name, dated in (("invoices.jsonl", "issued_on"), ("receipts.jsonl", "booked_on")):
        for document in _lines(folder, name):
            key = document["series"], document["fiscal_year"]
            taken[key].append((document["sequence"], document[dated], document["number"]))
    for _, numbers in sorted(taken.items()):
        last, last_on = 0, ""
        for sequence, on, number in sorted(numbers):
            if sequence != last + 1:
                yield f"Before {number} there is a gap in its series."
            if on < last_on:
                yield f"{number} is dated before the number in front of it."
            last, last_on = sequence, on


def _rows(folder: Path, name: str) -> Iterator[Row]:
    with (folder / name).open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


def _lines(folder: Path, name: str) -> Iterator[dict[str, Any]]:
    with (folder / name).open(encoding="utf-8") as file:
        yield from map(json.loads, file)


if __name__ == "__main__":
    problems = verify_export(Path(sys.argv[1]))
    print("\n".join(problems) or "The export holds together.")
    sys.exit(1 if problems else 0)
