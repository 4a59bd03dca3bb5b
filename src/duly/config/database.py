"""Which database this process talks to, and as whom.

`DATABASE_URL` names a real PostgreSQL; without it an embedded one runs in the data folder. Either way there
are two connections: `default`, whose role owns no table and so cannot disable a trigger or truncate (law 15),
and `owner`, which migrates. `DULY_OWNER_DATABASE_URL` names the owner's; where it is missing the one of
`DATABASE_URL` migrates and the application takes the restricted role by `SET ROLE`.
"""

import hashlib
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

from duly.config.embedded import APP_ROLE, DATABASE, OWNER_ROLE, Embedded, default_data_folder

MIGRATION_LOCK = 0x64756C79  # "duly": the advisory lock under which one process migrates


def external_url() -> str | None:
    return os.environ.get("DATABASE_URL") or None


def data_folder() -> Path:
    return default_data_folder().absolute()


def secret_key() -> str:
    """A key of this installation's own, made once in the data folder (or derived from the database's URL)."""
    if url := external_url():
        return hashlib.sha256(b"duly session key\0" + url.encode()).hexdigest()
    path = data_folder() / "secret"
    if not path.exists():
        return "not-yet-set-up"
    return path.read_text()


def connections() -> dict[str, dict[str, Any]]:
    """Django's DATABASES for the application's role and for the owner of the tables."""
    if url := external_url():
        own = os.environ.get("DULY_OWNER_DATABASE_URL")
        application = _from_url(url)
        if not own:
            given = application["OPTIONS"].get("options", "")
            application["OPTIONS"]["options"] = f"{given} -c role={APP_ROLE}".strip()
        return {"default": application, "owner": _from_url(own or url)}
    server = Embedded(data_folder())
    return {"default": _embedded(server, APP_ROLE), "owner": _embedded(server, OWNER_ROLE)}


def _embedded(server: Embedded, role: str) -> dict[str, Any]:
    host = str(server.socket_folder) if server.folder.exists() else ""
    name = os.environ.get("DULY_DATABASE", DATABASE)
    return {"ENGINE": "django.db.backends.postgresql", "NAME": name, "USER": role, "HOST": host, "OPTIONS": {}}


def _from_url(url: str) -> dict[str, Any]:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise ImproperlyConfigured(f"The database's URL cannot be read: {error}. "
                                   "Write it as postgresql://user:password@host:5432/name.") from error
    if parts.scheme not in ("postgres", "postgresql"):
        raise ImproperlyConfigured("The database's URL must begin with postgresql://, "
                                   f"not “{parts.scheme}”; unset DATABASE_URL for a database of Duly's own.")
    options = dict(parse_qsl(parts.query))
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": parts.path.lstrip("/"),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": options.pop("host", parts.hostname or ""),
        "PORT": str(port or ""),
        "OPTIONS": options,
    }


@contextmanager
def running() -> Iterator[None]:
    """The database, up, migrated and ready for the application's role while the block runs."""
    if external_url():
        _ready()
        yield
        return
    with _embedded_server().running() as server:
        _write_secret(server.folder)
        _name_host(server)
        _create_database()
        _ready()
        try:
            yield
        finally:
            _close_all()


def revive() -> tuple[str, str] | None:
    """Start the embedded server again if it died under those who use it; which one it is now (`Embedded.revive`).

    None for one elsewhere, which is not ours.
    """
    return None if external_url() else _embedded_server().revive()


def _embedded_server() -> Embedded:
    return Embedded(data_folder(), durable=os.environ.get("DULY_DURABLE", "1") != "0")


def _write_secret(folder: Path) -> None:
    path = folder / "secret"
    if not path.exists():
        path.write_text(secrets.token_hex(32))
        path.chmod(0o600)


def _name_host(server: Embedded) -> None:
    from django.conf import settings
    from django.db import connections as django_connections

    settings.SECRET_KEY = secret_key()
    for alias in ("default", "owner"):
        django_connections.databases[alias]["HOST"] = str(server.socket_folder)
        django_connections[alias].settings_dict["HOST"] = str(server.socket_folder)


def _create_database() -> None:
    import psycopg
    from django.db import connections as django_connections

    wanted = django_connections.databases["owner"]
    target = {"host": wanted["HOST"], "user": OWNER_ROLE, "dbname": "postgres"}
    with psycopg.connect(**target, autocommit=True) as connection:
        connection.execute("select pg_advisory_lock(%s)", [MIGRATION_LOCK])
        if not connection.execute("select 1 from pg_database where datname = %s", [wanted["NAME"]]).fetchone():
            connection.execute(f'create database "{wanted["NAME"]}"')


def _ready() -> None:
    """Make the roles and migrate when the database's schema is not that of this code."""
    from django.db import connections as django_connections

    owner = django_connections["owner"]
    try:
        if _schema_in_place(owner) != schema_digest():
            with owner.cursor() as cursor:
                cursor.execute("select pg_advisory_lock(%s)", [MIGRATION_LOCK])
                if _schema_in_place(owner) != schema_digest():
                    _migrate(owner)
    finally:
        owner.close()


def _schema_in_place(connection: Any) -> str | None:
    with connection.cursor() as cursor:
        cursor.execute("select to_regclass('duly_schema') is not null")
        if not cursor.fetchone()[0]:
            return None
        cursor.execute("select digest from duly_schema")
        row = cursor.fetchone()
        return row[0] if row else None


def schema_digest() -> str:
    """A digest of every migration and law in the code, so that an unchanged schema costs one query."""
    billing = Path(__file__).resolve().parent.parent / "billing"
    sources = sorted([*billing.glob("migrations/*.py"), *billing.glob("*/laws*.sql"), *billing.glob("*/grants*.sql")])
    return hashlib.sha256(b"\0".join(source.read_bytes() for source in sources)).hexdigest()


def _migrate(connection: Any) -> None:
    from django.core.management import call_command

    _make_role(connection)
    call_command("createcachetable", database="owner", verbosity=0)  # before the laws, which grant on it
    call_command("migrate", database="owner", verbosity=0, interactive=False)
    with connection.cursor() as cursor:
        cursor.execute("create table if not exists duly_schema (digest text not null)")
        cursor.execute(f"grant select on duly_schema to {APP_ROLE}")
        cursor.execute("delete from duly_schema")
        cursor.execute("insert into duly_schema values (%s)", [schema_digest()])


def _make_role(connection: Any) -> None:
    """The application's role, which the laws grant to. Where one URL serves both, its user may also take it."""
    with connection.cursor() as cursor:
        cursor.execute("select 1 from pg_roles where rolname = %s", [APP_ROLE])
        if not cursor.fetchone():
            cursor.execute(f"create role {APP_ROLE} login")
        if external_url() and not os.environ.get("DULY_OWNER_DATABASE_URL"):
            cursor.execute(f"select pg_has_role(current_user, '{APP_ROLE}', 'member')")
            if not cursor.fetchone()[0]:
                cursor.execute(f"grant {APP_ROLE} to current_user")


def _close_all() -> None:
    from django.db import connections as django_connections

    django_connections.close_all()
