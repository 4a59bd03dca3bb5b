"""Tokens of programs that send to the API."""

from datetime import UTC, date, datetime, time

import click

from duly.billing.accounts import tokens as reads
from duly.billing.accounts.actions import tokens as verbs
from duly.interfaces.cli.frame import Answer, App, Date, Door, command
from duly.interfaces.cli.show import table


@click.group(cls=App)
def token() -> None:
    """Tokens of programs that send to the API."""


@command("add", takes=("as",), example="duly token add 'Meter gateway' --for ben --as anna")
@click.argument("name")
@click.option("--for", "owner", required=True, metavar="LOGIN", help="The user for whom it acts.")
@click.option("--scope", type=click.Choice(list(reads.SCOPES)), default="usage", show_default=True,
              help="What it opens, at most what its user may.")
@click.option("--expires", type=Date(), help="The first day (UTC) on which it opens nothing. Never otherwise.")
def add(door: Door, name: str, owner: str, scope: str, expires: date | None) -> Answer:
    """Make a token. It is shown this once: only a digest of it is kept."""
    ends = datetime.combine(expires, time(), UTC) if expires else None
    done = verbs.add_token(actor=door.actor(), at=door.at, name=name, user=owner, scope=scope, expires_at=ends)
    return Answer(done, [done.secret, f"Token {done.id} acts for {owner}. Keep it now; it is not shown again."])


@command("revoke", takes=("as",), example="duly token revoke 3 --as anna")
@click.argument("number", type=int)
def revoke(door: Door, number: int) -> Answer:
    """Let a token open nothing any more."""
    door.act(verbs.revoke_token, door.actor(), token=number)
    return Answer({"token": number}, [f"Token {number} opens nothing any more."])


@command("list", takes=("as",), example="duly token list --as anna")
def list_(door: Door) -> Answer:
    """List the tokens, and when each was used last."""
    found = reads.tokens(actor=door.actor(), at=door.at)
    columns = (">Number", "Name", "Acts for", "Scope", "Ends with", "State", "Expires", "Last used")
    shown = table(columns, ((one.id, one.name, one.user, one.scope, one.hint, one.state,
                             one.expires_at and one.expires_at.date(),
                             one.last_used_at and f"{one.last_used_at:%Y-%m-%d %H:%M}") for one in found))
    return Answer({"tokens": found}, [shown if found else "There are no tokens."])


for made in (add, revoke, list_):
    token.add_command(made)
