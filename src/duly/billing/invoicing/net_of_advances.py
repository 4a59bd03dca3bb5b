"""What lines take off advances where prices include tax: drawn with the tax in it, recorded without.

An advance and what is taken off it are rounded apart. So that no more of its net is taken than it has, and all of it
with its last cent, another line of the same document and rate bears the cent: no gross and no tax line changes.
"""

from decimal import Decimal
from typing import Final

import polars as pl

from duly.billing.kernel import frames
from duly.billing.kernel.frames import MONEY

ALIKE: Final = ("document_key", "tax_category", "tax_rate")
MOVED: Final[frames.Schema] = {"line_key": pl.Int64, "moved": MONEY}
ZERO: Final = Decimal(0)


def in_net(lines: pl.DataFrame, nettings: pl.DataFrame, advances: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """`lines` (taxed) and `nettings` (`assembling.NETTINGS`), whose amounts are what their lines take off the net.

    advances   `history.ADVANCES`: left as the lines are priced, and net_left
    """
    within = nettings.join(lines.filter(pl.col("gross").is_not_null()), on="line_key", how="semi")
    if within.is_empty():
        return lines, nettings
    moved = pl.DataFrame(_moves(lines, within, advances), schema=MOVED, orient="row").group_by("line_key").agg(
        pl.col("moved").sum())
    off = pl.col("moved").fill_null(ZERO)
    settled = lines.join(moved, on="line_key", how="left", maintain_order="left").with_columns(
        (pl.col("amount") + off).cast(MONEY).alias("amount"), (pl.col("tax") - off).cast(MONEY).alias("tax"),
    ).drop("moved")
    taken = settled.select("line_key", (-pl.col("amount")).cast(MONEY).alias("net"))
    return settled, nettings.join(taken, on="line_key", how="left", maintain_order="left").with_columns(
        pl.col("net").alias("amount")).drop("net")


def _moves(lines: pl.DataFrame, nettings: pl.DataFrame, advances: pl.DataFrame) -> list[tuple[int, Decimal]]:
    """By how much the nets of lines change: those of nettings, and against them of the largest other line alike."""
    left = {key: (gross, net) for key, gross, net in advances.select("line_id", "left", "net_left").iter_rows()}
    netting = pl.col("line_key").is_in(nettings["line_key"].implode())
    others = lines.filter(~netting).sort("gross", descending=True)
    moves = []
    taken = lines.select("line_key", *ALIKE, "exponent", pl.col("amount").alias("net"))
    for row in nettings.join(taken, on="line_key").sort("line_key").iter_rows(named=True):
        gross, net = left[row["advance_id"]]
        unit = Decimal(1).scaleb(-row["exponent"])
        wanted = net if row["amount"] == gross else max(min(-row["net"], net - unit), unit)
        left[row["advance_id"]] = (gross - row["amount"], net - wanted)
        alike = others.filter(*(pl.col(name) == row[name] for name in ALIKE))
        if (cents := -wanted - row["net"]) and alike.height:
            moves += [(row["line_key"], cents), (alike["line_key"][0], -cents)]
    return moves
