"""To which step an entity rounds what it asks for, currency by currency, as Swiss francs are paid to 0.05."""

from collections.abc import Sequence
from typing import Final

import polars as pl
from django.db import models
from django.db.models import Q

from duly.billing.accounts.models import LegalEntity
from duly.billing.kernel import fields, frames
from duly.billing.kernel.frames import MONEY

__all__ = ["PayableStep"]


class PayableStep(models.Model):
    """What documents of the entity in this currency ask for is a multiple of `step`; without a row it is exact."""

    entity = models.ForeignKey(LegalEntity, models.RESTRICT, related_name="payable_steps", db_index=False)
    currency = fields.currency()
    step = fields.money()

    class Meta:
        db_table = "payable_step"
        constraints = [
            models.UniqueConstraint(fields=["entity", "currency"], name="payable_step_once"),
            models.CheckConstraint(condition=Q(step__gt=0), name="payable_step_positive"),
            fields.whole_minor_units("payable_step", "step"),
        ]


STEPS: Final[frames.Schema] = {"entity_id": pl.Int64, "currency": pl.String, "step": MONEY}


def payable_steps_frame(entities: Sequence[int]) -> pl.DataFrame:
    """The steps of these entities: the columns of `STEPS`."""
    return frames.read("select entity_id, currency, step from payable_step where entity_id = any(%s)",
                       [list(entities)], STEPS)
