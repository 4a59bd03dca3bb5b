"""How names are compared: by their letters, whatever their case."""


def fold(name: str) -> str:
    """A name as it is looked for and sorted: in one case, “Straße” as “strasse” and a ligature as its letters."""
    return name.casefold()
