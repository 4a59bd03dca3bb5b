"""Frames in and out of the database: COPY both ways, no row-by-row work.

Numerics travel as text, so that no digit is lost; null and the empty string stay apart.
"""

from collections.abc import Generator, Iterator, Mapping, Sequence
from math import inf
from typing import Any

import polars as pl
from django.db import connection
from psycopg import pq
from psycopg.errors import error_from_result
from psycopg.generators import fetch_many
from psycopg.waiting import Ready, Wait

Schema = Mapping[str, pl.DataType | type[pl.DataType]]

MONEY = pl.Decimal(38, 4)
PRICE = pl.Decimal(38, 8)
QUANTITY = pl.Decimal(38, 6)
RATIO = pl.Decimal(38, 14)


def array(values: pl.Series) -> str:
    """A series of numbers or dates as PostgreSQL's array literal, without a Python object for each value."""
    return "{" + ",".join(values.cast(pl.String).fill_null("NULL")) + "}"


def read(query: str, parameters: Sequence[Any] | Mapping[str, Any], schema: Schema) -> pl.DataFrame:
    """The query's rows as a frame with the columns and types of `schema`, in its order."""
    statement = f"copy ({query}) to stdout (format csv)"
    with connection.wrap_database_errors, connection.cursor() as cursor, cursor.copy(statement, parameters) as copy:
        data = copy.connection.wait(_copied(copy.connection.pgconn))
    return _parsed(data, schema)


def read_parts(query: str, parameters: Sequence[Any] | Mapping[str, Any], schema: Schema,
               at_once: int = 2**26) -> Iterator[pl.DataFrame]:
    """The query's rows as `read` has them, in frames of about `at_once` bytes of text; the first may be empty.

    Nothing else may be asked of the database until the last one was taken.
    """
    statement = f"copy ({query}) to stdout (format csv)"
    with connection.wrap_database_errors, connection.cursor() as cursor, cursor.copy(statement, parameters) as copy:
        while True:
            data = copy.connection.wait(_copied(copy.connection.pgconn, at_once))
            yield _parsed(data, schema)
            if len(data) < at_once:
                return


def _parsed(data: bytes, schema: Schema) -> pl.DataFrame:
    if not data:
        return pl.DataFrame(schema=schema)
    parsed = {name: kind if kind == pl.Int64 else pl.String for name, kind in schema.items()}
    frame = pl.read_csv(data, has_header=False, new_columns=list(schema), schema=parsed)
    return frame.select(_typed(name, kind) for name, kind in schema.items())


def _copied(server: pq.abc.PGconn, at_once: float = inf) -> Generator[Wait, Ready, bytes]:
    """What a COPY under way sends, as one text: all of it, or whole rows of `at_once` bytes and a little more.

    psycopg's own `Copy` waits for each row apart, which costs more than all else where rows are many and short.
    """
    rows: list[bytes | memoryview] = []
    taken = 0
    while taken < at_once:
        size, row = server.get_copy_data(1)
        if size > 0:
            rows.append(row)
            taken += size
        elif size == 0:
            while not (yield Wait.R):
                continue
            server.consume_input()
        else:
            [result] = yield from fetch_many(server)
            if result.status != pq.ExecStatus.COMMAND_OK:
                raise error_from_result(result)
            break
    return b"".join(rows)


def _typed(name: str, kind: pl.DataType | type[pl.DataType]) -> pl.Expr:
    if kind == pl.Boolean:
        return pl.col(name) == "t"
    if kind == pl.Date:
        return pl.col(name).str.to_date("%Y-%m-%d")
    return pl.col(name) if kind == pl.Int64 else pl.col(name).cast(kind)


def write(table: str, frame: pl.DataFrame, columns: Sequence[str] | None = None) -> int:
    """COPY the frame's columns into the table's columns of the same names; the number of rows."""
    if frame.is_empty():
        return 0
    chosen = _escaped(frame.select(columns) if columns is not None else frame)
    names = ", ".join(f'"{name}"' for name in chosen.columns)
    statement = f"copy {table} ({names}) from stdin"
    with connection.wrap_database_errors, connection.cursor() as cursor, cursor.copy(statement) as copy:
        copy.write(chosen.write_csv(include_header=False, separator="\t", quote_style="never", null_value="\\N",
                                    datetime_format="%+"))
    return frame.height


def _escaped(frame: pl.DataFrame) -> pl.DataFrame:
    """Texts as COPY's text format wants them: its four special characters behind a backslash, where there are any."""
    texts = [name for name, kind in frame.schema.items() if kind == pl.String]
    special = frame.select(pl.col(texts).str.contains(r"[\\\t\n\r]").any()).row(0) if texts else ()
    return frame.with_columns(
        pl.col(name).str.replace_all("\\", "\\\\", literal=True).str.replace_all("\t", "\\t", literal=True)
        .str.replace_all("\n", "\\n", literal=True).str.replace_all("\r", "\\r", literal=True)
        for name, found in zip(texts, special, strict=True) if found
    )


def next_ids(table: str, count: int) -> pl.Series:
    """`count` fresh ids of the table, ascending, no one else's."""
    query = """select string_agg(nextval(sequence)::text, ',')
                 from (select pg_get_serial_sequence(%s, 'id')::regclass as sequence offset 0) s,
                      generate_series(1, %s)"""
    text = rows(query, [table, count])[0][0]
    ids = pl.Series("id", [text or ""], dtype=pl.String).str.split(",").explode()
    return ids.filter(ids != "").cast(pl.Int64)


def rows(query: str, parameters: Sequence[Any] | Mapping[str, Any] = ()) -> list[tuple[Any, ...]]:
    """A small query's rows, as tuples."""
    with connection.cursor() as cursor:
        cursor.execute(query, parameters)
        return cursor.fetchall() if cursor.description else []


def execute(query: str, parameters: Sequence[Any] | Mapping[str, Any] = ()) -> int:
    """Run a statement; the number of rows it touched."""
    with connection.cursor() as cursor:
        cursor.execute(query, parameters)
        return cursor.rowcount
