"""Finding things by any part of a name, or by the parts of a number that people remember.

Accounts, agreements, people and projects are few (tens of thousands): what was typed may stand anywhere in their names,
numbers or mail addresses. Documents are many: there it is found as the beginning or the end of the printed number, as
the running number with its leading zeros left out, or as any digits of it, each by an index. So “4713” and “471” find
INV-2026-004713.
"""

from dataclasses import dataclass
from datetime import date
from typing import Final

from duly.billing.kernel import frames
from duly.billing.kernel.authority import Actor
from duly.billing.kernel.names import fold
from duly.billing.reporting.scope import SEEN, values

SHOWN: Final = 8
"""Hits of each kind."""
LONGEST: Final = 100


@dataclass(frozen=True, slots=True)
class Hit:
    """Something found: its kind (account, invoice, agreement, contact, person, project), number or code and name.

    `id` is the row's, `account` the number of the account that it belongs to, empty for the firm's own people.
    """

    kind: str
    id: int
    number: str
    name: str
    account: str
    detail: str


@dataclass(frozen=True, slots=True)
class Found:
    """The hits of each kind, best first: whole numbers and names, then beginnings, then parts."""

    text: str
    hits: tuple[Hit, ...]

    def of(self, kind: str) -> tuple[Hit, ...]:
        return tuple(hit for hit in self.hits if hit.kind == kind)


def _rank(*columns: str) -> str:
    """0 for the whole of a column, 1 for its beginning, 2 for the beginning of a word in it, 3 for any part."""
    typed = [(f"lower({column})", _typed(column)) for column in columns]
    whole = " or ".join(f"{column} = {text}" for column, text in typed)
    begins = " or ".join(f"starts_with({column}, {text})" for column, text in typed)
    word = " or ".join(f"position(' ' || {text} in {column}) > 0" for column, text in typed)
    return f"case when {whole} then 0 when {begins} then 1 when {word} then 2 else 3 end"


def _part(*columns: str) -> str:
    return "(" + " or ".join(f"position({_typed(column)} in lower({column})) > 0" for column in columns) + ")"


def _typed(column: str) -> str:
    """What was typed, as the column is kept: names of accounts are folded besides."""
    return "%(folded)s" if column.endswith("sort_name") else "%(text)s"


SMALL: Final = (
    # kind, id, number, name, detail, tables, the columns that are searched
    ("account", "a.id", "a.number", "a.name", "a.city", "account a", ("a.number", "a.sort_name")),
    ("agreement", "g.id", "g.number", "g.name", "a.name", "agreement g join account a on a.id = g.account_id",
     ("g.number", "g.name")),
    ("contact", "c.id", "c.email", "c.name", "a.name", "contact c join account a on a.id = c.account_id",
     ("c.email", "c.name")),
    ("project", "p.id", "p.code", "p.name", "a.name",
     "project p join agreement g on g.id = p.agreement_id join account a on a.id = g.account_id", ("p.code", "p.name")),
)


def _small(kind: str, key: str, number: str, name: str, detail: str, tables: str, columns: tuple[str, ...]) -> str:
    return f"""(select '{kind}', {key}, {number}, {name}, a.number, {detail}, {_rank(*columns)} as rank
                 from {tables} where {_part(*columns)} and {SEEN} order by rank, {name}, {key} limit {SHOWN})"""


PEOPLE: Final = f"""(select 'person', p.id, p.code, p.name, '', p.role, {_rank("p.code", "p.name")} as rank
                      from person p where {_part("p.code", "p.name")} order by rank, p.name, p.id limit {SHOWN})"""

INSIDE: Final = """(
    select held.id from number_counter c
     cross join generate_series(0, 9 - length(%(part)s)) as behind
     cross join lateral (select (10 ^ behind)::bigint as unit, (10 ^ length(%(part)s))::bigint as over) scale
     cross join lateral generate_series(c.last_number / unit / over, 0, -1) as before
     cross join lateral (select id from invoice where series_id = c.series_id and fiscal_year = c.fiscal_year
                            and sequence >= (before * over + %(part)s::bigint) * unit
                            and sequence < (before * over + %(part)s::bigint + 1) * unit limit %(many)s) held
     where %(part)s::text is not null limit %(many)s)"""
"""SQL: documents whose running number holds the digits `part`, with so many digits behind them and any before, the
latest first. Running numbers have no gaps, so nearly each guess is a document, and a few hundred are enough."""

INVOICES: Final = f"""(
    select 'invoice', i.id, i.number, a.name, a.number, i.issued_on::text,
           case when i.number = %(typed)s then 0 when i.sequence::text = %(text)s then 1 else 2 end as rank
      from invoice i join account a on a.id = i.account_id
     where i.id = any(array(
         (select id from invoice where entity_id = any(array(select id from legal_entity))
             and number like %(beginning)s limit %(many)s)
         union (select id from invoice where reverse(number) like %(ending)s limit %(many)s)
         union (select id from invoice where series_id = any(array(select id from number_series))
             and fiscal_year = any(array(select distinct fiscal_year from number_counter))
             and sequence = %(sequence)s limit %(many)s)
         union {INSIDE}))
       and (position(%(typed)s in i.number) > 0 or i.sequence = %(sequence)s)
       and {SEEN} order by rank, i.issued_on desc, i.id desc limit {SHOWN})"""

MANY: Final = 200
"""Candidates of each way to find a document, of which the actor sees their own."""


def search(*, actor: Actor, on: date, text: str) -> Found:
    """Everything whose number or name holds `text`, of the accounts that the actor may see; two queries.

    Case is folded. One character finds nothing: too much holds it. Raises `Forbidden` without the right to read.
    """
    scope = values(actor, on)
    typed = " ".join(text.split())[:LONGEST]
    if len(typed) < 2:
        return Found(typed, ())
    digits = typed.lstrip("#0")
    scope |= {"text": typed.lower(), "folded": fold(typed), "typed": typed.upper(), "many": MANY,
              "beginning": f"{_like(typed.upper())}%", "ending": f"{_like(typed.upper()[::-1])}%",
              "part": typed if typed.isascii() and typed.isdigit() and len(typed) < 10 else None,
              "sequence": int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 10 else None}
    parts = [_small(*each) for each in SMALL] + [PEOPLE, INVOICES]
    query = " union all ".join(f"select * from {part} as part_{place} (kind, id, number, name, account, detail, rank)"
                               for place, part in enumerate(parts))
    return Found(typed, tuple(Hit(*row[:-1]) for row in frames.rows(query, scope)))


def _like(text: str) -> str:
    """The text as LIKE reads it literally."""
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
