"""Frames of what an account's taxes follow besides its address: its own treatment, what it withholds; both dated."""

from collections.abc import Sequence
from typing import Final

import polars as pl

from duly.billing.kernel import frames

TREATMENTS: Final[frames.Schema] = {
    "account_id": pl.Int64, "category": pl.String, "reason": pl.String, "valid_from": pl.Date, "valid_to": pl.Date,
}

WITHHOLDINGS: Final[frames.Schema] = {
    "account_id": pl.Int64, "name": pl.String, "rate": pl.Decimal(38, 6), "valid_from": pl.Date, "valid_to": pl.Date,
}


def treatments_frame(accounts: Sequence[int]) -> pl.DataFrame:
    """How these accounts are treated by their own papers: the columns of `TREATMENTS`, in [valid_from, valid_to).

    The reason is the printed one, with the certificate's number.
    """
    query = """select account_id, category, concat_ws(' ', reason, '(' || nullif(certificate, '') || ')'), valid_from,
                      valid_to from (select t.*, lead(valid_from) over (partition by account_id order by valid_from)
                      as valid_to from account_treatment t where account_id = any(%s)) dated
                where category is not null order by account_id, valid_from"""
    return frames.read(query, [list(accounts)], TREATMENTS)


def withholdings_frame(accounts: Sequence[int]) -> pl.DataFrame:
    """What these accounts keep back, as fractions of the net: the columns of `WITHHOLDINGS`."""
    query = """select account_id, name, rate, valid_from, valid_to from (
                      select w.*, lead(valid_from) over (partition by account_id, name order by valid_from) as valid_to
                        from account_withholding w where account_id = any(%s)) dated
                where rate is not null order by account_id, name, valid_from"""
    return frames.read(query, [list(accounts)], WITHHOLDINGS)
