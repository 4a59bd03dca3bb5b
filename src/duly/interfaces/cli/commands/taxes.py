"""Tax rates to start from."""

import click

from duly.billing.reference.tax_actions import seed_tax_rates
from duly.interfaces.cli.frame import Answer, App, Door, command


@click.group(cls=App)
def tax_rates() -> None:
    """Tax rates to start from."""


@command("seed", takes=("as",), example="duly tax-rates seed DE FR --as anna")
@click.argument("countries", nargs=-1)
def seed(door: Door, countries: tuple[str, ...]) -> Answer:
    """Add the VAT rates of members of the EU and of Britain, each from its day, with its source; of all without a name.

    A class of a country that has a rate already keeps what it has.
    """
    done = door.act(seed_tax_rates, door.actor(), countries=[country.upper() for country in countries])
    return Answer({"added": done.added, "unchanged": done.unchanged},
                  [f"{done.added} rates are added; {done.unchanged} were there, or their classes have others."])


tax_rates.add_command(seed)
