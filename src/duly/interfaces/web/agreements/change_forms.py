"""What is asked to change an agreement: a charge's price or quantity, its end, a pause and the end of one."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import date
from typing import Any, Final

from django import forms

from duly.billing.agreements.sound.pricing import TIERED
from duly.billing.agreements.terms import ChargeInput
from duly.billing.reporting.agreement_page import AgreementPage
from duly.interfaces.kit.forms import Once
from duly.interfaces.web.agreements.fields import Day, Plain
from duly.interfaces.web.agreements.forms import NO, YES
from duly.interfaces.web.agreements.rows import Rows, Tier

AS_AGREED: Final = {None: "As agreed: an upgrade at once, a downgrade with the next period", True: "As agreed: at once",
                    False: "As agreed: with the next period"}


class Changing(Once):
    """A form of the agreement as it stands on a day: `values` are what the verb takes, `first` names the field of the
    day where the look ahead begins, which is that day unless `begun` has another. `rows` are tiers, where it has
    them."""

    first = ""
    rows: Rows | None = None

    def __init__(self, data: Any, *, agreement: AgreementPage, on: date, **begun: Any) -> None:
        super().__init__(data, initial={self.first: on, **begun})
        self.agreement, self.on = agreement, on

    @property
    def day(self) -> date:
        return self.cleaned_data[self.first] or self.on

    @property
    def values(self) -> dict[str, Any]:
        return {name: value for name, value in self.cleaned_data.items() if name != "key"}


class Noticing(Changing):
    """The day on which notice was received."""

    first = "noticed_on"
    noticed_on = Day(label="Received on")


class ChargeChange(Changing):
    """Another price, quantity or table of tiers of one recurring charge."""

    first = "wanted_on"
    wanted_on = Day(label="From")
    price = Plain(label="Price", required=False)
    quantity = Plain(label="Quantity", required=False, decimal_places=6)
    at_once = forms.TypedChoiceField(label="It counts", required=False, empty_value=None,
                                     coerce=lambda word: word == YES)

    def __init__(self, data: Any, *, charge: ChargeInput, **options: Any) -> None:
        super().__init__(data, price=charge.price, quantity=charge.quantity,
                         tiers=[asdict(one) for one in charge.tiers], **options)
        self.charge = charge
        says = self.agreement.versions[-1].terms.change_at_once
        agreed = [("", AS_AGREED[says])] if says is not None or charge.model == "per_unit" else []
        self.fields["at_once"].choices = [  # type: ignore[attr-defined]
            *agreed, (YES, "On that day"), (NO, "With the next period")]
        if charge.model in TIERED:
            self.fields.pop("price")
            self.rows = Rows(Tier, "tiers", self)

    def is_valid(self) -> bool:
        return all([super().is_valid(), self.rows is None or self.rows.is_valid()])

    @property
    def values(self) -> dict[str, Any]:
        """All that the fields say, agreed already or not: sent twice, it is the same command."""
        return {"charge": self.charge.code, **super().values, **({"tiers": self.rows.values()} if self.rows else {})}


class Ending(Changing):
    """The last day that an agreement bills."""

    first = "ends_on"
    ends_on = Day(label="Last day", required=False, help_text="Nothing: it runs on.")

    def __init__(self, data: Any, *, agreement: AgreementPage, on: date) -> None:
        super().__init__(data, agreement=agreement, on=on, ends_on=agreement.ends_on)


class Pausing(Changing):
    """Days on which what recurs is not billed."""

    first = "paused_from"
    charge = forms.TypedChoiceField(label="What is paused", required=False, empty_value=None)
    paused_from = Day(label="From")
    paused_to = Day(label="Billed again from", required=False, help_text="Nothing: until it is resumed.")
    reason = forms.CharField(required=False, max_length=500)

    def __init__(self, data: Any, **options: Any) -> None:
        super().__init__(data, **options)
        self.fields["charge"].choices = [  # type: ignore[attr-defined]
            ("", "All that recurs"), *((one.code, one.name) for one in recurring(self.agreement))]


class Resuming(Changing):
    """The first day that is billed again, of a pause that has no end yet; what was sent may be of one that has by now,
    which the verb tells."""

    first = "resumed_on"
    charge = forms.TypedChoiceField(label="Which pause", required=False, empty_value=None)
    resumed_on = Day(label="Billed again from")

    def __init__(self, data: Any, **options: Any) -> None:
        super().__init__(data, **options)
        waiting = [one for one in self.agreement.pauses if one.until is None or self.is_bound]
        words = {one.charge: one.name or "All that recurs" for one in waiting}
        self.fields["charge"].choices = list(words.items())  # type: ignore[attr-defined]
        if len(words) == 1:
            self.fields["charge"].widget = forms.HiddenInput()
            self.initial["charge"] = next(iter(words))


def recurring(found: AgreementPage) -> Sequence[ChargeInput]:
    """What recurs by the terms agreed last: these can be changed and paused."""
    return [one for one in found.versions[-1].terms.charges if one.kind == "recurring"]
