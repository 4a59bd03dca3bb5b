"""The next free number for an account, in the firm's own way of numbering."""

import re
from typing import Final

from duly.billing.accounts.models import Account
from duly.billing.kernel import frames

LONGEST: Final = 30
BEHIND_DIGITS: Final = re.compile(r"(.*?)([0-9]+)", re.S)


def next_number() -> str:
    """The number after the highest one that is written as the account added last: K-0041 → K-0042.

    Empty where no account's number ends in digits, or the next one would be too long. Nothing is reserved: who adds
    an account first has it.
    """
    last = Account.objects.filter(number__regex=r"[0-9]$").order_by("-id").values_list("number", flat=True).first()
    written = BEHIND_DIGITS.fullmatch(last or "")
    if written is None:
        return ""
    stem, digits = written.groups()
    [(highest,)] = frames.rows("""
        select max(substring(number from %(length)s)::numeric) from account
         where starts_with(number, %(stem)s) and substring(number from %(length)s) ~ '^[0-9]+$'""",
                               {"stem": stem, "length": len(stem) + 1})
    number = f"{stem}{int(highest) + 1:0{len(digits)}}"
    return number if len(number) <= LONGEST else ""
