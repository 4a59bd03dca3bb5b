"""What can be begun from anywhere by the palette or two keys, by whoever has its right."""

from dataclasses import dataclass
from typing import Final

from django.urls import reverse

from duly.billing.kernel.authority import Actor


@dataclass(frozen=True, slots=True)
class Act:
    """Something to begin: what it is called, the name of its page, the keys that open it, the right it needs."""

    title: str
    name: str
    keys: str
    right: str

    @property
    def url(self) -> str:
        return reverse(self.name)


ACTS: Final = (
    Act("Record a payment", "payment_new", "n p", "cash"),
    Act("Start a bill run", "run_start", "n b", "bill"),
    Act("Import time or expenses", "work_import", "n i", "work"),
    Act("Import usage", "usage_import", "n u", "work"),
    Act("Add time", "work_time", "n t", "work"),
    Act("New account", "account_new", "n a", "accounts"),
    Act("New agreement", "agreement_new", "n g", "agree"),
)


def acts(actor: Actor) -> list[Act]:
    """The acts that are open to the actor."""
    return [act for act in ACTS if actor.may(act.right)]
