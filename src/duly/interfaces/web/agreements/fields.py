"""The fields of agreements, in the words and units of people: minutes, percent."""

from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator

from duly.interfaces.kit.forms import Date, Percent

SLIP: Final = "Give a day between the years 1970 and 2199."


class Minutes(forms.DecimalField):
    """A duration in minutes that the terms keep in whole seconds."""

    def __init__(self, **options: Any) -> None:
        super().__init__(min_value=0, max_value=1440, decimal_places=2, **options)

    def prepare_value(self, value: Any) -> Any:
        """A step of one second is none."""
        if not isinstance(value, int):
            return value
        return f"{(Decimal(value) / 60).normalize():f}" if value > 1 else ""

    def clean(self, value: Any) -> int | None:
        minutes = super().clean(value)
        if minutes is None:
            return None
        if minutes * 60 % 1:
            raise forms.ValidationError("That is no whole second. Give a quarter, half or whole minute.")
        return int(minutes * 60)


class Hours(forms.DecimalField):
    """A duration in hours that the terms keep in whole seconds, and that may be left open."""

    def __init__(self, **options: Any) -> None:
        super().__init__(min_value=0, max_value=24, decimal_places=4, **options)

    def prepare_value(self, value: Any) -> Any:
        return f"{(Decimal(value) / 3600).normalize():f}" if isinstance(value, int) else value

    def clean(self, value: Any) -> int | None:
        hours = super().clean(value)
        if hours is None:
            return None
        if hours * 3600 % 1:
            raise forms.ValidationError("That is no whole second. Give quarters of an hour, as 8.25.")
        return int(hours * 3600)


class Markup(Percent):
    """A share that is added; nothing where it is left empty."""

    def clean(self, value: Any) -> Decimal:
        return super().clean(value) or Decimal(0)


class Plain(forms.DecimalField):
    """A price or quantity, shown without zeros that mean nothing."""

    def __init__(self, decimal_places: int = 8, **options: Any) -> None:
        super().__init__(max_digits=12 + decimal_places, decimal_places=decimal_places, min_value=0, **options)

    def prepare_value(self, value: Any) -> Any:
        return f"{value.normalize():f}" if isinstance(value, Decimal) else value


class Day(forms.DateField):
    """A day, by the browser's calendar; one so far away that periods cannot be counted from it is a slip."""

    def __init__(self, **options: Any) -> None:
        super().__init__(widget=Date(), **options)
        self.validators += [MinValueValidator(date(1970, 1, 1), SLIP), MaxValueValidator(date(2199, 12, 31), SLIP)]


class Rate(Percent):
    """A percentage finer than others, and never below zero."""

    def __init__(self, **options: Any) -> None:
        super().__init__(max_digits=10, decimal_places=6, min_value=0, **options)


class Amounts(forms.CharField):
    """Amounts in one line, with commas or spaces between them."""

    def prepare_value(self, value: Any) -> Any:
        return ", ".join(f"{one.normalize():f}" for one in value) if isinstance(value, tuple | list) else value

    def clean(self, value: Any) -> tuple[Decimal, ...]:
        words = str(super().clean(value)).replace(";", " ").replace(",", " ").split()
        try:
            found = tuple(Decimal(word) for word in words)
        except InvalidOperation:
            raise forms.ValidationError("Give amounts with commas between them, as 1000, 5000.") from None
        if not all(one.is_finite() and abs(one) < 10**12 for one in found):
            raise forms.ValidationError("Give amounts with commas between them, as 1000, 5000.")
        return found


class Cards(forms.MultipleChoiceField):
    """Some of the other charges of the page, by checkboxes; none chosen stands for all."""

    def __init__(self, **options: Any) -> None:
        super().__init__(required=False, widget=forms.CheckboxSelectMultiple, **options)
