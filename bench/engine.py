"""Pricing and taxing a million lines, against reading those very lines and summing them.

The lines are eight kinds in equal parts: time at a rate card's rates, expenses, recurring fees of whole and broken
months, quantities by the unit, graduated, by volume and in packages, and percentages of four transactions each. A
document has a hundred of them. Every line is priced, explained, given its treatment and dated rate, and taxed with its
document.

The limit has all of that already: it reads the same lines from Parquet (zstd, as Polars writes it) in memory and sums
their amount and tax per document, in exact decimals. Both take turns in one process.

Growth is what a line costs among a million over what it costs among ten thousand: at most 1.0 where it is linear.
"""

import io
import os
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import polars as pl
from tests.engine.frames import BILLED, CHARGES, METERED, RATES, TIERS, TRANSACTIONS, WORK, Defaults

from duly.engine.pricing import Metered, due_spans, price
from duly.engine.tax import at_rates, tax_lines, treated
from duly.engine.tax_points import at_tax_point, split_at_rates
from duly.engine.tax_rates import seeded_rates
from duly.engine.totals import totals

LINES: Final = int(os.environ.get("DULY_BENCH_LINES", "1000000"))
ROUNDS: Final = int(os.environ.get("DULY_BENCH_ROUNDS", "3"))
GOAL: Final = 0.05
KINDS: Final = 8
OF_A_DOCUMENT: Final = 100
MODELS: Final = ("per_unit", "graduated", "volume", "package", "percentage")
BUYERS: Final = ("DE", "DE", "DE", "AT", "FR", "US")
NOTHING_BILLED: Final = pl.DataFrame(schema={name: kind for name, (kind, _) in BILLED.items()})
OCTOBER, NOVEMBER = pl.lit(date(2026, 10, 1)), date(2026, 11, 1)


@dataclass(frozen=True, slots=True)
class Given:
    """What there is to price, as the engine takes it, and who buys (by document)."""

    work: pl.DataFrame
    rates: pl.DataFrame
    charges: pl.DataFrame
    metered: Metered
    parties: pl.DataFrame


def engine() -> dict[str, Any]:
    """The ratio of the medians at a million lines; growth and memory beside it."""
    sizes = (LINES // 100, LINES // 10, LINES)
    ours: dict[int, list[float]] = {}
    bare: list[float] = []
    before = peak = 0.0
    for size in sizes:
        given, before = some(size), _peak()
        for turn in range(ROUNDS):
            seconds, lines = _timed(lambda given=given: priced_and_taxed(given))  # type: ignore[misc]
            ours.setdefault(size, []).append(seconds)
            peak = peak if turn else _peak()
            bare.append(_timed(_reading(lines))[0])
    middle = {size: statistics.median(seconds) for size, seconds in ours.items()}
    limit = statistics.median(bare[-ROUNDS:])
    return {
        "ratio": round(limit / middle[LINES], 3), "goal": GOAL, "lines": lines.height,
        "documents": lines["document_key"].n_unique(), "seconds, ours": round(middle[LINES], 2),
        "seconds, read and summed": round(limit, 3),
        "lines a second": round(lines.height / middle[LINES]),
        "growth, 1.0 is linear": round(middle[LINES] / middle[sizes[0]] / (LINES / sizes[0]), 2),
        **{f"microseconds a line of {size:,}": round(1e6 * seconds / size, 2) for size, seconds in middle.items()},
        "peak memory above the input, MiB": round(peak - before),
        "all ours": [round(one, 2) for one in ours[LINES]], "all bare": [round(one, 3) for one in bare[-ROUNDS:]],
    }


def priced_and_taxed(given: Given) -> pl.DataFrame:
    """All lines with their tax; totals of the documents are computed too."""
    fixed = due_spans(given.charges, NOTHING_BILLED, NOVEMBER)
    lines = price(given.work, fixed, given.rates, given.metered).lines
    rates = seeded_rates()
    sold = treated(at_tax_point(lines.join(given.parties, on="document_key", maintain_order="left")))
    taxed, groups = tax_lines(at_rates(at_tax_point(split_at_rates(sold, rates)), rates))
    totals(taxed, groups)
    return taxed


def _reading(lines: pl.DataFrame) -> Callable[[], pl.DataFrame]:
    """Reads the lines from Parquet in memory, all columns, and sums them per document."""
    written = io.BytesIO()
    lines.write_parquet(written)
    return lambda: pl.read_parquet(written.getvalue()).group_by("document_key").agg(pl.col("amount", "tax").sum())


def _timed(call: Callable[[], pl.DataFrame]) -> tuple[float, pl.DataFrame]:
    started = time.perf_counter()
    answer = call()
    return time.perf_counter() - started, answer


def _peak() -> float:
    """The most memory that this process ever had, MiB."""
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


def some(lines: int) -> Given:
    """Input of as many lines: line n is of document n ÷ 100 and of kind n modulo 8, nothing random."""
    rows = pl.select(n=pl.int_range(lines, dtype=pl.Int64)).with_columns(
        (pl.col("n") // OF_A_DOCUMENT + 1).alias("document_key"), (pl.col("n") % KINDS).alias("of"))
    documents = rows.select(pl.col("document_key").unique().alias("n"))
    work = pl.concat([_time(rows.filter(of=0)), _expenses(rows.filter(of=1))])
    return Given(
        work, _rates(), _recurring(rows.filter(of=2)),
        Metered(_metered(rows.filter(pl.col("of") > 2)), _tiers(rows.filter(pl.col("of").is_in((4, 5)))),
                _transactions(rows.filter(of=7))),
        documents.select(
            pl.col("n").alias("document_key"), pl.lit("DE").alias("seller_country"),
            pl.lit("DE123456788").alias("seller_tax_id"), _one_of("buyer_country", BUYERS),
            pl.when(pl.col("n") % 4 > 0).then(pl.lit("EU1")).alias("buyer_tax_id"),
            pl.when(pl.col("n") % 4 > 0).then(pl.lit("company")).otherwise(pl.lit("person")).alias("buyer_kind")))


def _over(defaults: Defaults, rows: pl.DataFrame, **columns: pl.Expr) -> pl.DataFrame:
    """The columns of a real frame: of the rows' number `n` where they are named, otherwise as by default."""
    given = {"document_key": pl.col("document_key"), "agreement_id": pl.col("document_key")} | columns
    return rows.select(
        (given[name] if name in given else pl.lit(value if isinstance(value, str | date | None) else str(value)))
        .cast(kind).alias(name) for name, (kind, value) in defaults.items())


def _one_of(name: str, texts: tuple[str, ...]) -> pl.Expr:
    return (pl.col("n") % len(texts)).replace_strict(dict(enumerate(texts)), return_dtype=pl.String).alias(name)


def _decimal(units: pl.Expr, scale: int) -> pl.Expr:
    return units.cast(pl.Decimal(38, 0)) * pl.lit(Decimal(1).scaleb(-scale)).cast(pl.Decimal(38, 14))


def _day() -> pl.Expr:
    return OCTOBER + pl.duration(days=pl.col("n") // KINDS % 28)


def _time(rows: pl.DataFrame) -> pl.DataFrame:
    return _over(WORK, rows, work_id=pl.col("n"), charge_id=pl.col("document_key") * KINDS, grouping=pl.lit("entry"),
                 person_id=pl.col("n") // KINDS % 40 + 1, role=_one_of("role", ("Developer", "Tester", "Architect")),
                 quantity=pl.col("n") % 500 * 60 + 60, description=pl.lit("Reviewed and released"), worked_on=_day())


def _expenses(rows: pl.DataFrame) -> pl.DataFrame:
    return _over(WORK, rows, work_id=pl.col("n"), charge_id=pl.col("document_key") * KINDS + 1,
                 kind=pl.lit("expense"), amount=_decimal(pl.col("n") * 7 % 100_000 + 1, 2), markup=pl.lit("0.05"),
                 cost_currency=_one_of("cost_currency", ("EUR", "EUR", "USD")), charge_name=pl.lit("Travel"),
                 exchange_rate=pl.when(pl.col("n") % 3 == 2).then(pl.lit("0.9172")), worked_on=_day())


def _rates() -> pl.DataFrame:
    """Ten people have a rate of their own, everyone else that of the role, or of the card."""
    rows = pl.select(n=pl.int_range(14, dtype=pl.Int64))
    role = pl.when(pl.col("n") == 11).then(pl.lit("Tester")).when(pl.col("n") == 12).then(pl.lit("Architect"))
    return _over(RATES, rows, rate_id=pl.col("n"), person_id=pl.when(pl.col("n") < 10).then(pl.col("n") + 1),
                 role=role, price=pl.col("n") * 5 + 90).filter(pl.col("rate_id") != 10)


def _recurring(rows: pl.DataFrame) -> pl.DataFrame:
    """Every other one begins within the month."""
    begins = pl.when(pl.col("n") // KINDS % 2 == 0).then(OCTOBER).otherwise(_day())
    of_tiers = {name: METERED[name] for name in ("model", "included", "package_size", "minimum", "maximum")}
    return _over({**CHARGES, **of_tiers}, rows, charge_id=pl.col("n"), terms_id=pl.col("n"), terms_from=begins,
                 agreement_from=begins, price=_decimal(pl.col("n") % 9_000 + 1_000, 2),
                 quantity=pl.col("n") // KINDS % 5 + 1)


def _metered(rows: pl.DataFrame) -> pl.DataFrame:
    of_kind = dict(enumerate(MODELS, start=KINDS - len(MODELS)))
    model = pl.col("of").replace_strict(of_kind, return_dtype=pl.String)
    percent = pl.col("of") == KINDS - 1
    return _over(METERED, rows, part=pl.col("n"), charge_id=pl.col("n"), terms_id=pl.col("n"), model=model,
                 kind=pl.when(percent).then(pl.lit("percentage")).otherwise(pl.lit("usage")),
                 quantity=pl.col("n") * 37 % 20_000, included=pl.col("n") // KINDS % 3 * 100,
                 price=_decimal(pl.col("n") % 977 + 1, 4), package_size=pl.lit(500),
                 rate=pl.when(percent).then(pl.lit("0.0145")), fixed=pl.when(percent).then(pl.lit("0.25")))


def _tiers(rows: pl.DataFrame) -> pl.DataFrame:
    """Three of each terms: to 1,000, to 10,000 and beyond."""
    bounds = pl.DataFrame({"above": [0, 1_000, 10_000], "up_to": [1_000, 10_000, None], "price": [300, 200, 100]})
    tiers = rows.join(bounds, how="cross")
    return _over(TIERS, tiers, terms_id=pl.col("n"), above=pl.col("above"), up_to=pl.col("up_to"),
                 price=_decimal(pl.col("price") + pl.col("n") % 50, 4), flat=pl.lit(5))


def _transactions(rows: pl.DataFrame) -> pl.DataFrame:
    four = rows.join(pl.DataFrame({"place": [1, 2, 3, 4]}), how="cross")
    return _over(TRANSACTIONS, four, part=pl.col("n"), place=pl.col("place"),
                 amount=_decimal(pl.col("n") * pl.col("place") % 50_000 + 100, 2))
