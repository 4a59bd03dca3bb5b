"""What the tests of doors share."""

import pytest
from django.db import connections


@pytest.fixture
def empty(database: str) -> None:
    """A database of the test's own in which nobody is anybody."""
    with connections["owner"].cursor() as cursor:
        cursor.execute("""select string_agg(quote_ident(tablename), ', ') from pg_tables where schemaname = 'public'
                           and tablename not like 'procrastinate%%' and tablename not like 'django%%'""")
        [tables] = cursor.fetchone()
        cursor.execute(f"set session_replication_role = replica; truncate {tables} restart identity cascade")
    connections["owner"].close()
