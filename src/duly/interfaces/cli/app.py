"""The command `duly` with all its commands, in the order in which a month goes."""

import click

from duly.interfaces.cli.commands import (
    agreeing,
    auditing,
    billing,
    cash,
    closing,
    delivering,
    demo,
    drafts,
    importing,
    issuing,
    month,
    people,
    pricing,
    rates,
    serving,
    setting_up,
    taxes,
    tokens,
    usage,
    work,
)
from duly.interfaces.cli.frame import App

EPILOG = """
Exit codes: 0 done · 1 findings to look at, or refused by a rule · 2 bad usage or input · 3 a fault (its log is in the
data folder) · 130 stopped by Ctrl-C.

Every command has --help with an example, --json for machines, and --data DIR for its data folder; DATABASE_URL names a
real PostgreSQL instead.
"""


@click.group(cls=App, epilog=EPILOG, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.option("--data", metavar="DIR", expose_value=False, help="The data folder of the embedded database (DULY_DATA).")
@click.version_option(package_name=None, version="0.1.0", prog_name="duly")
def app() -> None:
    """Duly carries agreed work to money in the bank: import, bill, check, issue, send, receive, verify."""


for made in (
    demo.demo, month.bill_month,
    setting_up.set_up_, rates.rates, agreeing.agreement,
    importing.import_, work.unbilled, work.approve, work.accept, usage.usage,
    pricing.price, taxes.tax_rates,
    billing.bill, drafts.drafts, drafts.check, drafts.waive, drafts.review, drafts.discard,
    issuing.issue, issuing.invoices, delivering.documents, delivering.send, delivering.messages,
    cash.receive, cash.allocate, cash.unallocate, cash.statement, closing.release, closing.deferred,
    closing.expire,
    serving.serve, people.user, tokens.token, delivering.worker, auditing.audit,
):
    app.add_command(made)
