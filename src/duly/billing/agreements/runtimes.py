"""Where agreements stand in their terms: until when notice is in time, and when they renew."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from duly.billing.agreements.models import Agreement, AgreementRuntime
from duly.engine.renewals import Runtime, Standing, standing


def runtime_of(agreement: Agreement, values: Mapping[str, Any]) -> Runtime:
    """The engine's runtime of an agreement, from the columns of `AgreementRuntime`."""
    return Runtime(agreement.starts_on, values["months"], values["renews_months"], values["notice_months"],
                   values["notice_days"])


def standing_of(agreement: str, on: date) -> tuple[Runtime, Standing] | None:
    """The runtime of an agreement, by its number, and where it stands on a day; None where it has no term."""
    row = AgreementRuntime.objects.select_related("agreement").filter(agreement__number=agreement).first()
    if row is None:
        return None
    runtime = runtime_of(row.agreement, row.__dict__)
    return runtime, standing(runtime, max(on, row.agreement.starts_on), row.noticed_on)
