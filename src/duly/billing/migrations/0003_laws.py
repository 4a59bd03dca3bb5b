"""The laws: triggers, exclusions and grants, from the `laws*.sql` of each domain, in order."""

from pathlib import Path

from django.db import migrations

from duly.engine.lifecycle import moves

DOMAINS = ("audit", "accounts", "ledger", "agreements", "work", "usage", "invoicing", "payments", "desk", "reporting")
BILLING = Path(__file__).resolve().parent.parent


def lifecycle() -> str:
    """The database's copy of the transition table."""
    pairs = ", ".join(f"('{old}', '{new}')" for old, new in moves())
    return f"""
    create function is_invoice_move(old text, new text) returns boolean language sql immutable as
    $$ select (old, new) in ({pairs}) $$;
    """


def laws() -> list[str]:
    files = [file for domain in DOMAINS for file in sorted((BILLING / domain).glob("laws*.sql"))]
    files.extend(sorted((BILLING / "kernel").glob("grants*.sql")))
    return [lifecycle(), *(file.read_text() for file in files)]


class Migration(migrations.Migration):
    dependencies = [
        ("billing", "0002_tables"),
        ("procrastinate", "__latest__"),
        ("contenttypes", "__latest__"),
        ("sessions", "__latest__"),
        ("account", "__latest__"),
        ("mfa", "__latest__"),
    ]
    operations = [migrations.RunSQL(laws())]
