"""The audit export: files that a stranger can verify without the database (`formats.audit_export` does).

events.jsonl      the sealed events in seal order, one canonical line each (`audit.canonical`)
seals.csv         number, event_id, hash
entries.csv       entry, entity, kind, booked_on, recorded_at, source, command_id
transfers.csv     transfer, entry, debit and credit (code and role), currency, amount, base_amount
open_items.csv    item, entity, account, control, label, currency, amount, balance as of the day, booked_on, due_on
invoices.jsonl    each issued document with its lines and taxes
receipts.jsonl    each receipt
manifest.json     both dates, the chain's head, and size and sha256 of every file
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Final

from django.db import connection

from duly.billing.audit.actions import record, verb
from duly.billing.audit.seals import head, links, unsealed
from duly.billing.kernel import frames
from duly.billing.kernel.authority import Actor
from duly.billing.kernel.errors import Forbidden

Write = Callable[[str, Iterable[bytes]], None]
"""The door's: write a file of this name from its chunks."""

FORMAT: Final = 1
BATCH: Final = 5_000

SEALS: Final = "select number, event_id, encode(hash, 'hex') as hash from seal order by number"
ENTRIES: Final = """
    select e.id as entry, l.code as entity, e.kind, e.booked_on, e.recorded_at, e.source, e.command_id
      from entry e join legal_entity l on l.id = e.entity_id where e.booked_on <= %(on)s order by e.id"""
TRANSFERS: Final = """
    select t.id as transfer, t.entry_id as entry, d.code as debit, d.role as debit_role, c.code as credit,
           c.role as credit_role, t.currency, t.amount, t.base_amount
      from transfer t join entry e on e.id = t.entry_id
      join chart_account d on d.id = t.debit_id join chart_account c on c.id = t.credit_id
     where e.booked_on <= %(on)s order by t.id"""
OPEN_ITEMS: Final = """
    select o.id as item, l.code as entity, a.number as account, o.control, o.label, o.currency, o.amount,
           sum(m.amount) as balance, o.booked_on, o.due_on
      from open_item o join open_item_movement m on m.open_item_id = o.id
      join legal_entity l on l.id = o.entity_id join account a on a.id = o.account_id
     where m.booked_on <= %(on)s group by o.id, l.code, a.number order by o.id"""
TABLES: Final = {"seals.csv": SEALS, "entries.csv": ENTRIES, "transfers.csv": TRANSFERS, "open_items.csv": OPEN_ITEMS}

INVOICES: Final = """
    select i.id, jsonb_build_object(
        'id', i.id, 'number', i.number, 'kind', i.kind, 'entity', l.code, 'series', i.series_id,
        'fiscal_year', i.fiscal_year, 'sequence', i.sequence, 'issued_on', i.issued_on, 'booked_on', i.booked_on,
        'due_on', i.due_on, 'tax_point', i.tax_point, 'currency', i.currency, 'net', i.net::text, 'tax', i.tax::text,
        'total', i.total::text, 'withheld', i.withheld::text, 'prepaid', i.prepaid::text,
        'rounding', i.rounding::text, 'open_item', i.open_item_id,
        'seller', s.data, 'buyer', b.data,
        'lines', (select jsonb_agg(jsonb_build_object('position', n.position, 'description', n.description,
            'quantity', n.quantity::text, 'unit', n.unit, 'unit_price', n.unit_price::text, 'amount', n.amount::text,
            'gross', n.gross::text,
            'tax_category', n.tax_category, 'tax_rate', n.tax_rate::text, 'tax', n.tax::text) order by n.position)
          from invoice_line n where n.invoice_id = i.id),
        'tax_lines', (select jsonb_agg(jsonb_build_object('name', t.name, 'category', t.category, 'rate', t.rate::text,
            'base', t.base::text, 'tax', t.tax::text) order by t.category, t.rate)
          from tax_line t where t.invoice_id = i.id))::text
      from invoice i join legal_entity l on l.id = i.entity_id
      join party_copy s on s.id = i.seller_id join party_copy b on b.id = i.buyer_id
     where i.state = 'issued' and i.issued_on <= %(on)s and i.id > %(last)s order by i.id limit %(batch)s"""
RECEIPTS: Final = """
    select r.id, jsonb_build_object('id', r.id, 'number', r.number, 'entity', l.code, 'series', r.series_id,
        'fiscal_year', r.fiscal_year, 'sequence', r.sequence, 'received_on', r.received_on, 'booked_on', r.booked_on,
        'currency', r.currency, 'amount', r.amount::text, 'method', r.method, 'open_item', r.open_item_id)::text
      from receipt r join legal_entity l on l.id = r.entity_id
     where r.booked_on <= %(on)s and r.id > %(last)s order by r.id limit %(batch)s"""
DOCUMENTS: Final = {"invoices.jsonl": INVOICES, "receipts.jsonl": RECEIPTS}


@dataclass(frozen=True, slots=True)
class Exported:
    """What left the house: the files, and the chain's head that is published with them."""

    files: list[str]
    number: int
    hash: str
    unsealed: int


@verb("audit.export", right="audit", one_snapshot=True)
def export(*, actor: Actor, at: datetime, on: date, place: str, write: Write) -> Exported:
    """Write the audit export as of the day `on` and publish the chain's head at `place`, all as of one moment.

    `write` is called once for each file, the manifest last. Seal first: events that are not sealed are not in it,
    only counted. Raises `Forbidden` unless the actor may see the log of all accounts.
    """
    if not actor.may_everywhere("audit"):
        raise Forbidden(f"{actor.login} may not export the books of all accounts.", "Ask an auditor for it.")
    written = {name: _write(write, name, chunks) for name, chunks in _files(on)}
    last, waiting = head(), unsealed()
    manifest = {
        "format": FORMAT, "on": on.isoformat(), "known_at": _instant(frames.rows("select now()")[0][0]),
        "exported_at": _instant(at), "exported_by": actor.login, "unsealed": waiting,
        "head": {"number": last.number, "hash": last.hash}, "files": written,
    }
    write("manifest.json", [json.dumps(manifest, indent=2, sort_keys=True).encode() + b"\n"])
    frames.execute("insert into published_head (number, hash, at, place) values (%s, decode(%s, 'hex'), %s, %s)",
                   [last.number, last.hash, at, place])
    record("published_head", last.number, place=place, on=on, hash=last.hash)
    return Exported([*written, "manifest.json"], last.number, last.hash, waiting)


def _files(on: date) -> Iterator[tuple[str, Iterator[bytes]]]:
    yield "events.jsonl", ((event or b"null") + b"\n" for _, _, _, event in links())
    for name, query in TABLES.items():
        yield name, _table(query, on)
    for name, query in DOCUMENTS.items():
        yield name, _documents(query, on)


def _table(query: str, on: date) -> Iterator[bytes]:
    statement = f"copy ({query}) to stdout (format csv, header)"
    with connection.cursor() as cursor, cursor.copy(statement, {"on": on}) as copy:
        for row in copy:
            yield bytes(row)


def _documents(query: str, on: date) -> Iterator[bytes]:
    last = 0
    while batch := frames.rows(query, {"on": on, "last": last, "batch": BATCH}):
        yield from (text.encode() + b"\n" for _, text in batch)
        last = batch[-1][0]


def _write(write: Write, name: str, chunks: Iterable[bytes]) -> dict[str, Any]:
    digest, size = hashlib.sha256(), 0

    def counted() -> Iterator[bytes]:
        nonlocal size
        for chunk in chunks:
            digest.update(chunk)
            size += len(chunk)
            yield chunk

    write(name, counted())
    return {"sha256": digest.hexdigest(), "bytes": size}


def _instant(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat()
