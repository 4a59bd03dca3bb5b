"""Units of quantities in the languages of documents."""

from typing import Final

LANGUAGES: Final = ("en", "de", "fr")

# unit → (one, more) in each language; a unit that is not here prints as it was given.
_UNITS: Final[dict[str, tuple[tuple[str, str], tuple[str, str], tuple[str, str]]]] = {
    "h": (("h", "h"), ("h", "h"), ("h", "h")),
    "day": (("day", "days"), ("Tag", "Tage"), ("jour", "jours")),
    "week": (("week", "weeks"), ("Woche", "Wochen"), ("semaine", "semaines")),
    "month": (("month", "months"), ("Monat", "Monate"), ("mois", "mois")),
    "quarter": (("quarter", "quarters"), ("Quartal", "Quartale"), ("trimestre", "trimestres")),
    "half_year": (("half-year", "half-years"), ("Halbjahr", "Halbjahre"), ("semestre", "semestres")),
    "year": (("year", "years"), ("Jahr", "Jahre"), ("an", "ans")),
    "item": (("item", "items"), ("Stück", "Stück"), ("unité", "unités")),
    "flat": (("flat", "flat"), ("pauschal", "pauschal"), ("forfait", "forfait")),
    "seat": (("seat", "seats"), ("Platz", "Plätze"), ("poste", "postes")),
    "km": (("km", "km"), ("km", "km"), ("km", "km")),
}


def unit_text(unit: str, language: str, *, one: bool) -> str:
    """The unit's name for a quantity of one, or of any other size."""
    if unit not in _UNITS:
        return unit
    singular, plural = _UNITS[unit][LANGUAGES.index(language)]
    return singular if one else plural
