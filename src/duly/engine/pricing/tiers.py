"""What a quantity costs: by the unit, by tiers, by packages. Quantities and sums of amounts go the same way.

A tier is (above, up_to]: 1,000 of them are in the tier that ends at 1,000. A tier is reached when the quantity goes
beyond its lower bound, so nothing reaches none and pays no flat price.
"""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Final, Protocol, TypeVar

import polars as pl

from duly.engine.pricing.explain import number
from duly.engine.pricing.lines import PRICE, QUANTITY, DataType
from duly.engine.pricing.sums import TERM

MODELS: Final = ("per_unit", "graduated", "volume", "stair_step", "package")
TIERED: Final = ("graduated", "volume", "stair_step")

TIER: Final[dict[str, DataType]] = {
    "terms_id": pl.Int64, "above": QUANTITY, "up_to": QUANTITY, "price": PRICE, "flat": PRICE,
}
"""A tier of terms: its bounds, `up_to` null where it is open; the price of a unit in it; the flat price."""


class Tier(Protocol):
    """Whatever has an upper bound."""

    @property
    def up_to(self) -> Decimal | None: ...


T = TypeVar("T", bound=Tier)


def bounded(tiers: Sequence[T]) -> Iterator[tuple[Decimal, T]]:
    """Tiers in rising order, each with the bound above which it begins: where the one before ends, the first zero."""
    above = Decimal(0)
    for tier in tiers:
        yield above, tier
        above = tier.up_to if tier.up_to is not None else above


def quantity_terms(charges: pl.DataFrame, tiers: pl.DataFrame) -> pl.DataFrame:
    """The terms (`sums.TERM`) of charges by quantity.

    charges   part, terms_id, model (one of `MODELS`), quantity, included (units that cost nothing), price,
              package_size
    tiers     `TIER`, in which those of one `terms_id` follow each other from zero without a gap

    Each charge has at least one term: of nothing times its price where nothing is to pay.
    """
    beyond = pl.max_horizontal(pl.col("quantity") - pl.col("included"), pl.lit(0, QUANTITY))
    counted = charges.with_columns(beyond.cast(QUANTITY).alias("beyond"))
    tiered = counted.filter(pl.col("model").is_in(TIERED))
    reached = _reached(tiered, tiers)
    terms = pl.concat([
        _term(counted.filter(pl.col("model") == "per_unit"), 0, "units", "beyond", "price"),
        _packages(counted.filter(pl.col("model") == "package")),
        _in_tiers(reached), _flats(reached),
    ])
    idle = counted.join(terms, on="part", how="anti").with_columns(pl.lit(0, PRICE).alias("nothing"))
    return pl.concat([terms, _term(idle, 0, "nothing", "beyond", "nothing")])


def _reached(charges: pl.DataFrame, tiers: pl.DataFrame) -> pl.DataFrame:
    """The tiers that count: all that are reached where tiers add up, otherwise the one the quantity ends in."""
    beyond, above = pl.col("beyond"), pl.col("above")
    offered = numbered(tiers, charges).rename({"price": "tier_price"})
    together = charges.join(offered, on="terms_id", maintain_order="left").filter(beyond > above)
    ends_in = pl.col("up_to").is_null() | (beyond <= pl.col("up_to"))
    return together.filter((pl.col("model") == "graduated") | ends_in)


def numbered(tiers: pl.DataFrame, charges: pl.DataFrame) -> pl.DataFrame:
    """The tiers of the charges' terms, in order, with `tier`: their number within their terms, from 1."""
    first = pl.col("terms_id").ne_missing(pl.col("terms_id").shift())
    return (
        tiers.lazy().join(charges.lazy().select("terms_id"), on="terms_id", how="semi")
        .sort("terms_id", "above").select(list(TIER)).with_row_index("row")
        .with_columns((pl.col("row") - pl.when(first).then("row").forward_fill() + 1).cast(pl.Int64).alias("tier"))
        .drop("row").collect()
    )


def _in_tiers(reached: pl.DataFrame) -> pl.DataFrame:
    """The part of the quantity inside each tier at its price; all of it where the volume decides on the price."""
    inside = pl.min_horizontal("beyond", "up_to") - pl.col("above")
    parts = reached.filter(pl.col("model") != "stair_step").with_columns(
        pl.when(pl.col("model") == "volume").then("beyond").otherwise(inside).cast(QUANTITY).alias("inside"))
    return _term(parts, pl.col("tier") * 2, "tier", "inside", "tier_price", _bounds())


def _flats(reached: pl.DataFrame) -> pl.DataFrame:
    flat = reached.filter(pl.col("flat") != 0).with_columns(pl.lit(1, QUANTITY).alias("once"))
    return _term(flat, pl.col("tier") * 2 + 1, "flat", "once", "flat", _bounds())


def _packages(charges: pl.DataFrame) -> pl.DataFrame:
    """As many packages as hold the quantity, begun ones in full."""
    units, size = pl.col("beyond").to_physical(), pl.col("package_size").cast(QUANTITY).to_physical()
    begun = charges.with_columns(((units + size - 1) // size).cast(QUANTITY).alias("packages"))
    size_of = pl.concat_str(pl.lit(',"size":'), number(pl.col("package_size")), pl.lit(',"quantity":'),
                            number(pl.col("beyond")))
    return _term(begun, 0, "packages", "packages", "price", size_of)


def _bounds() -> pl.Expr:
    up_to = pl.when(pl.col("up_to").is_null()).then(pl.lit("null")).otherwise(number(pl.col("up_to")))
    return pl.concat_str(pl.lit(',"above":'), number(pl.col("above")), pl.lit(',"up_to":'), up_to)


def _term(frame: pl.DataFrame, order: pl.Expr | int, step: str, add: str, times: str,
          details: pl.Expr | None = None) -> pl.DataFrame:
    columns = {
        "part": pl.col("part"), "order": pl.lit(order) if isinstance(order, int) else order, "step": pl.lit(step),
        "add": pl.col(add), "times": pl.col(times), "details": pl.lit("") if details is None else details,
    }
    return frame.select(columns[name].cast(kind).alias(name) for name, kind in TERM.items())
