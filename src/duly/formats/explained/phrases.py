"""What a factor, a term or an informing row is called: in a table (`label`), within a line of arithmetic (`said`)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Final

from duly.engine.pricing.reading import Factor, Row, Term
from duly.formats.explained.figures import Figures, is_decimal
from duly.formats.numbers import NO_BREAK
from duly.formats.units import unit_text

DAYS: Final = ("days", "unused_days", "counted_days", "tax_days")
TIMES: Final = ("span_seconds", "unused_seconds")
STATEMENT: Final = ("carried_in", "granted", "repaid", "used", "borrowed", "overage", "expired", "carried_out")
"""The rows of a retainer's statement, in the order in which they read."""
TAKEN: Final = ("discount", "draw_down", "cap")
NETTED: Final = ("deposit", "progressive", "credit")
SHARES: Final = ("rate", "balance_days")
"""Steps whose price is a share of an amount."""


@dataclass(frozen=True, slots=True)
class Phrases:
    """Words for the rows of a line: of what `kind` it is, and the `unit` that its quantities count."""

    figures: Figures
    kind: str = ""
    unit: str = ""

    def label(self, factor: Factor) -> str:
        """What it is called in a table; an unknown step is a factor."""
        step, row, words = factor.step, factor.row, self.figures.words
        if step in DAYS or step in TIMES:
            return self._share(factor)
        match step:
            case "tier" | "flat":
                return words(step, tier=self.tier(row) if step == "tier" else _within(self.tier(row)))
            case "rate" if "add" in row:
                return words("percentage")
            case "balance_days":
                balance = words(_balance(row))
                return balance if _is_all(row) else words("balance_tier", balance=balance, tier=_within(self.tier(row)))
            case "discount":
                return self._discount(row, "discount")
            case "multiplier" if "why" in row:
                return words(f"multiplier_{row['why']}")
        return self._filled(step, factor)

    def said(self, factor: Factor) -> str:
        """How it reads in a product; it is a number where there is nothing more to say."""
        step, row, figures = factor.step, factor.row, self.figures
        if step in DAYS or step in TIMES:
            return self._share(factor, "say_counted_days" if step == "counted_days" else "")
        match step:
            case "seconds":
                return figures.time(factor.times)
            case "rate" if "add" not in row and factor.over != 1:
                return figures.words("say_rate", price=figures.amount(factor.times))
            case "multiplier" if "why" in row:
                return figures.words(f"say_multiplier_{row['why']}", factor=figures.number(factor.times))
            case "quantity":
                return self.counted(factor.times, str(row.get("unit", "")))
            case "accepted":
                return figures.percent(factor.times)
            case "balance_days":
                return figures.words(f"say_{_balance(row)}", amount=self.held(factor))
            case "packages":
                count, size = figures.number(factor.times), figures.number(row["size"])
                return figures.words("say_package" if factor.times == 1 else "say_packages", count=count, size=size)
            case "discount":
                return self._discount(row, "say_discount")
            case "fixed" | "at_minimum" | "at_maximum":
                return self._transactions(factor.times)
            case "units" | "tier" | "flat":
                return figures.amount(factor.times) if self.is_money(step) else figures.number(factor.times)
            case "markup" | "exchange" | "write_down" | "cost" | "cap" | "draw_down":
                return self._filled(f"say_{step}", factor)
        if "add" in row or step in ("price", "agreed", "net"):
            return self._amount_of(factor)
        return figures.number(factor.times) + (f"/{figures.number(factor.over)}" if factor.over != 1 else "")

    def price(self, term: Term) -> str:
        """The price of a term's quantity: a share where it is one of an amount."""
        each, figures = term.factors[1], self.figures
        if term.first.step in SHARES or self.is_money(term.first.step):
            return figures.percent(each.times)
        return figures.amount(each.times)

    def counted(self, quantity: Fraction, unit: str) -> str:
        """A quantity and its unit."""
        name = unit_text(unit, self.figures.language, one=quantity == 1)
        return f"{self.figures.number(quantity)}{NO_BREAK}{name}" if name else self.figures.number(quantity)

    def held(self, factor: Factor) -> str:
        """A balance; where its average is no decimal, what it is the average of."""
        figures = self.figures
        if is_decimal(factor.value):
            return figures.amount(factor.value)
        return figures.words("over_days", amount=figures.amount(factor.times), days=figures.number(factor.over))

    def _transactions(self, count: Fraction) -> str:
        return self.figures.words("transaction" if count == 1 else "transactions", count=self.figures.number(count))

    def tier(self, row: Row) -> str:
        """The bounds of a tier: over 1,000 to 5,000."""
        shown = self.figures.amount if self.kind in ("percentage", "balance") else self.figures.number
        above, up_to = row.get("above"), row.get("up_to")
        bounds = {"above": shown(str(above or 0)), "up_to": shown(str(up_to or 0))}
        first = Fraction(str(above or 0)) == 0
        if up_to is None:
            return self.figures.words("all" if first else "above", **bounds)
        return self.figures.words("up_to" if first else "between", **bounds)

    def note(self, row: Row) -> str:
        """What else a row tells: how many transactions, of which whole a discount is the share."""
        amount, words = self.figures.amount, self.figures.words
        match row["step"]:
            case "discount" if Fraction(row["taken"]) != -Fraction(row["add"]):
                return words("share_of", taken=amount(row["taken"]), of=amount(row["of"]))
            case "cap" if Fraction(row.get("before") or 0):
                return words("cap_before", before=amount(row["before"]))
            case "rate" | "fixed" | "at_minimum" | "at_maximum" if "transactions" in row:
                return self._transactions(Fraction(int(row["transactions"])))
            case "deposit" | "progressive" | "credit" if Fraction(row["open"]) != -Fraction(row["add"]):
                return words("open", open=amount(row["open"]))
            case "seconds":
                return ", ".join(self.evidence(row))
        return ""

    def limit(self, row: Row, key: str = "maximum") -> str:
        """The most that something comes to; of an expense's category, which."""
        category = str(row.get("category") or "")
        return self.figures.words(f"{key}_of" if category else key, amount=self.figures.amount(row["at_most"]),
                                  category=category)

    def evidence(self, row: Row) -> Iterator[str]:
        """What time rests on: how many entries, and the time worked where another is billed."""
        if entries := row.get("entries"):
            yield self.figures.words("entry" if entries == 1 else "entries", count=self.figures.number(entries))
        worked = row.get("worked")
        if worked is not None and Fraction(worked) != Fraction(str(row["times"])):
            yield self.figures.words("worked", time=self.figures.time(worked))

    def informing(self, row: Row) -> tuple[str, str]:
        """The words and the quantity of a row that takes no part in the sum."""
        step, figures = str(row["step"]), self.figures
        if step in STATEMENT:
            shown = figures.time if self.kind == "covered" else figures.amount
            return figures.words(step), shown(str(row["quantity"]))
        numbers = {name: figures.number(str(row[name])) for name in ("quantity", "included", "late") if name in row}
        return (figures.words(step, **numbers) if step in ("included", "late") else ""), ""

    def statement(self, informs: Sequence[Row]) -> str:
        """A retainer's statement as one line; "" where there is none."""
        rows = sorted((row for row in informs if row["step"] in STATEMENT),
                      key=lambda row: STATEMENT.index(row["step"]))
        told = [self.informing(row) for row in rows]
        nouns = self.figures.language == "de"  # which keep their capital wherever they stand
        return ", ".join(f"{word if nouns else _within(word)}{NO_BREAK}{quantity}" for word, quantity in told)

    def _share(self, factor: Factor, key: str = "") -> str:
        shown = self.figures.number if factor.step in DAYS else self.figures.time
        return self.figures.words(key or factor.step, here=shown(abs(factor.times)), whole=shown(factor.over))

    def _filled(self, key: str, factor: Factor) -> str:
        """The words of a key with the members of the factor's row filled in, as they print."""
        row, figures = factor.row, self.figures
        dates = {"on": figures.day(row.get("on"))}
        texts = {name: str(row.get(name) or "") for name in ("name", "document")}
        amounts = {name: figures.amount(row[name]) for name in ("cap",) if name in row}
        sizes = {name: figures.number(str(row[name])) for name in ("size", "quantity") if name in row}
        rate = factor.times - 1 if factor.step == "markup" else factor.times
        known = key if key in figures.all_words else "factor"
        return figures.words(
            known, amount=self._amount_of(factor), was=figures.amount(factor.over), factor=figures.number(factor.times),
            rate=figures.percent(rate) if factor.step in ("markup", "withheld") else "",
            **dates, **texts, **amounts, **sizes)

    def _amount_of(self, factor: Factor) -> str:
        amount = self.figures.amount(factor.times)
        return f"{amount}{NO_BREAK}{factor.row['currency']}" if factor.step == "cost" else amount

    def _discount(self, row: Row, key: str) -> str:
        rate: Any = row.get("rate")
        name = str(row["name"])
        called = self.figures.words("discount", name="").strip()
        key = f"say_{key}" if key == "discount" and called.casefold() in name.casefold() else key
        if rate is None:
            return self.figures.words(key, name=name)
        return self.figures.words(f"{key}_rate", rate=self.figures.percent(rate), name=name)

    def is_money(self, step: str) -> bool:
        """Whether the quantity of this step is an amount."""
        return step == "tier" and self.kind == "percentage"


def _balance(row: Row) -> str:
    """The key of the words for what is held: on average, or at the end."""
    return "closing" if row.get("basis") == "closing" else "balance_days"


def _is_all(row: Row) -> bool:
    return row.get("up_to") is None and Fraction(str(row.get("above") or 0)) == 0


def _within(text: str) -> str:
    """Words as they stand behind others: the first letter small."""
    return text[0].lower() + text[1:]
