"""People who sign in."""

import sys

import click

from duly.billing.accounts.actions.people import set_password
from duly.interfaces.cli.frame import Answer, App, Door, command


@click.group(cls=App)
def user() -> None:
    """People who sign in."""


@command("password", takes=("as",), example="duly user password mara --as anna")
@click.argument("login")
def password(door: Door, login: str) -> Answer:
    """Set someone's password: typed twice on a terminal, or read from the standard input."""
    if sys.stdin.isatty():
        given = click.prompt("New password", hide_input=True, confirmation_prompt="The same again")
    else:
        given = sys.stdin.readline().rstrip("\n")
    door.act(set_password, door.actor(), login=login, password=given)
    return Answer({"login": login}, [f"{login} signs in with the new password now."])


user.add_command(password)
