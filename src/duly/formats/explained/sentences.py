"""An explanation as short lines of arithmetic: "1,000 × 0.02 + 500 × 0.01 + 2.00 flat = 27.00"."""

from collections.abc import Iterator
from fractions import Fraction
from typing import Final

from duly.engine.pricing.reading import Factor, Reading, Stage, Term
from duly.formats.explained.phrases import NETTED, TAKEN, Phrases
from duly.formats.numbers import MINUS, NO_BREAK

MULTIPLIED: Final = f" ×{NO_BREAK}"
AMOUNTS: Final = ("minimum", "committed", "run_up", "billed", "billed_before", "with_late", "shared")
"""Terms that are an amount and say what it is."""


def sentences(reading: Reading, phrases: Phrases) -> list[str]:
    """A line for the retainer's statement and for each stage; none where a single factor is the amount itself."""
    told = [phrases.statement(reading.informs)]
    for stage in reading.stages:
        text = _stage(stage, reading, phrases)
        told.append("; ".join((*_before(stage, reading, phrases), text)) if text else "")
    return [text[0].upper() + text[1:] for text in told if text]


def _before(stage: Stage, reading: Reading, phrases: Phrases) -> Iterator[str]:
    """What the first stage's quantity rests on."""
    if stage.carried is None:
        yield from (text for row in reading.informs if row["step"] in ("included", "late")
                    if (text := phrases.informing(row)[0]))


def _stage(stage: Stage, reading: Reading, phrases: Phrases) -> str:
    if _says_nothing(stage):
        return ""
    netted = stage.terms[0].first if len(stage.terms) == 1 else None
    if netted and netted.step in NETTED:
        note = phrases.note(netted.row)
        return phrases.label(netted) + (f" ({note})" if note else "")
    text = _sum(stage, phrases)
    if stage.factors:
        text = f"({text})" if len(stage.terms) + (stage.carried is not None) > 1 else text
        text = MULTIPLIED.join((text, *map(phrases.said, stage.factors)))
    amount = phrases.figures.amount
    if stage.limit:
        most = phrases.limit(stage.limit, "say_maximum")
        if stage.amount == Fraction(stage.limit["at_most"]):
            return f"{text} ={NO_BREAK}{amount(stage.exact)}, {most}"
        text = f"{text}, {most}"
    rounded = f" ({phrases.figures.words('rounded')})" if stage.was_rounded else ""
    return f"{text} ={NO_BREAK}{amount(stage.amount)}{rounded}"


def _says_nothing(stage: Stage) -> bool:
    """Whether the stage is an amount alone, or one of something."""
    if stage.factors or stage.limit or stage.was_rounded:
        return False
    if stage.carried is not None or len(stage.terms) != 1:
        return not stage.terms
    term = stage.terms[0]
    if len(term.factors) == 1:
        return term.first.step not in NETTED
    return term.first.step in ("units", "tier") and term.first.times == 1 and len(term.factors) == 2 and not (
        _starts_higher(stage))


def _starts_higher(stage: Stage) -> bool:
    """Whether only a higher tier counts, so that it must be said which: of a volume, of a step of stairs."""
    return bool(stage.terms) and all(
        term.first.step in ("tier", "flat") and Fraction(str(term.first.row.get("above") or 0)) > 0
        for term in stage.terms)


def _sum(stage: Stage, phrases: Phrases) -> str:
    text = "" if stage.carried is None else phrases.figures.amount(stage.carried)
    if _starts_higher(stage):
        text = f"{phrases.tier(stage.terms[0].first.row)}: "
    begun = stage.carried is not None
    for term in stage.terms:
        below = term.value < 0
        if begun:
            text += f" {MINUS}{NO_BREAK}" if below else " + "
        elif below and term.first.step != "billed":
            text += MINUS
        text += _term(term, phrases)
        begun = True
    return text


def _term(term: Term, phrases: Phrases) -> str:
    """A term without its sign."""
    first, words = term.first, phrases.figures.words
    if first.step in TAKEN:
        return f"{phrases.said(first)} ({phrases.figures.amount(term.value)})"
    if first.step == "nothing":
        return words("nothing")
    if first.step in AMOUNTS:
        return _amount(term, phrases)
    product = _product(term, phrases)
    match first.step:
        case "flat":
            return words("say_flat", price=product)
        case "at_minimum" | "at_maximum":
            return words(f"say_{first.step}", product=product)
        case "seconds":
            return ", ".join((*phrases.evidence(first.row), product))
    return product


def _product(term: Term, phrases: Phrases) -> str:
    factors = [Factor(one.step, one.row, abs(one.times), one.over) for one in term.factors]
    if len(factors) > 1 and factors[1].step == "each":
        priced = phrases.price(Term(tuple(factors)))
        once = factors[0].step == "flat" and factors[0].times == 1
        head = [priced] if once else [phrases.said(factors[0]), priced]
        return MULTIPLIED.join((*head, *map(phrases.said, factors[2:])))
    return MULTIPLIED.join(map(phrases.said, factors))


def _amount(term: Term, phrases: Phrases) -> str:
    """An amount and what it is; of a billed one, the share that is unused."""
    first, rest = term.first, [one for one in term.factors[1:] if one.step != "each"]
    amount = phrases.figures.amount(abs(first.times))
    if rest and rest[0].step in ("unused_days", "unused_seconds"):
        return phrases.figures.words("say_unused", share=phrases.said(rest[0]), amount=amount)
    if rest and rest[0].step == "credited":
        return phrases.figures.words("say_credited", amount=amount)
    return MULTIPLIED.join((phrases.figures.words(f"say_{first.step}", amount=amount), *map(phrases.said, rest)))
