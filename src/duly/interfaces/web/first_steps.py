"""What a firm sets up first, in words and with the way there: the same in the settings, on Today and the dashboard."""

from dataclasses import dataclass
from typing import Final

from django.urls import reverse

from duly.billing.reporting import first_steps as reading
from duly.billing.reporting.first_steps import FirstStep
from duly.interfaces.web.page import StaffRequest


@dataclass(frozen=True, slots=True)
class Words:
    """A step in words: for who has the `right` the `action` on the page `to`, for others what they wait for."""

    title: str
    text: str
    icon: str
    action: str
    to: str
    right: str
    lacking: str
    others: str


WORDS: Final = {
    "entity": Words(
        "the company that sells", "Its name, address and VAT id stand on every invoice.", "building-2",
        "Add a legal entity", "entity_new", "settings", "The firm is not set up yet",
        "First comes the company that sells; an administrator adds it in the settings."),
    "series": Words(
        "the numbers of its invoices", "They follow one another without a gap, by a pattern that you choose.", "hash",
        "Choose the pattern", "entity_series", "settings", "Invoices have no numbers yet",
        "An administrator chooses in the settings how they are numbered."),
    "tax_rates": Words(
        "the tax rates", "Invoices are taxed by those of the company’s country. A firm that charges no tax needs none.",
        "percent", "Add a tax rate", "tax_rate_new", "reference", "No tax rate is known yet",
        "An administrator or the finance lead adds those of the company’s country."),
    "people": Words(
        "the people", "Those whose hours are billed. A firm that bills only fees needs none.", "contact",
        "Add a person", "person_new", "people", "Nobody’s hours can be billed yet",
        "An administrator adds the people whose hours are."),
    "account": Words(
        "the first customer", "An account is whom invoices go to.", "users", "Add an account", "account_new",
        "accounts", "No customer yet", "Once a colleague adds an account, and what is agreed with it, there is work to "
        "bill."),
    "agreement": Words(
        "what is agreed", "An agreement says what is billed to an account, and at which rates. Then work can come in.",
        "file-pen-line", "Make an agreement", "agreement_new", "agree", "Nothing is agreed yet",
        "An agreement says what is billed to an account. Once there is one, work can come in."),
}


@dataclass(frozen=True, slots=True)
class Step:
    """A step as pages show it. `url` is empty for who may not take it, and while it has to wait for the entity."""

    words: Words
    url: str
    done: bool
    first: bool
    is_next: bool


def first_steps(request: StaffRequest) -> list[Step]:
    """Every step, while one is left to be taken; none for a firm that is set up."""
    steps = reading.first_steps(actor=request.actor, on=request.on)
    following = reading.next_step(steps)
    return [_shown(request, step, step is following) for step in steps] if following else []


def next_step(request: StaffRequest) -> Step | None:
    """The step to be taken next; None for a firm that is set up."""
    return next((step for step in first_steps(request) if step.is_next), None)


def _shown(request: StaffRequest, step: FirstStep, is_next: bool) -> Step:
    words = WORDS[step.key]
    url = ""
    if not step.done and request.actor.may(words.right):
        if step.key != "series":
            url = reverse(words.to)
        elif step.subject:
            url = reverse(words.to, args=[step.subject, "invoice"])
    return Step(words, url, step.done, step.key == reading.STEPS[0], is_next)
