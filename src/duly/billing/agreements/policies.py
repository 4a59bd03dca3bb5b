"""What new agreements of an entity begin with: the reads of its policy."""

from dataclasses import asdict, dataclass
from datetime import date

from duly.billing.accounts.models import LegalEntity
from duly.billing.agreements.models import AgreementPolicy, AgreementVersion
from duly.billing.audit.queries import Change, changes


@dataclass(frozen=True, slots=True)
class Usual:
    """Terms that hold where nothing else is said; `payment_days` None are the account's."""

    review: str = "peer"
    payment_days: int | None = None
    grouping: str = "person"
    time_annex: bool = True


NAMES = tuple(asdict(Usual()))


def policy(entity: str) -> Usual:
    """What a new agreement of the entity begins with; `Usual()` where it never chose, or is not there."""
    found = AgreementPolicy.objects.filter(entity__code=entity).values(*NAMES).first()
    return Usual(**found) if found else Usual()


def policies() -> dict[str, Usual]:
    """What a new agreement begins with, of every entity by its code."""
    chosen = {row.pop("entity__code"): Usual(**row) for row in AgreementPolicy.objects.values("entity__code", *NAMES)}
    return {code: chosen.get(code, Usual())
            for code in LegalEntity.objects.order_by("name").values_list("code", flat=True)}


def policy_changes(entity: int) -> list[Change]:
    """The changes of the entity's policy, newest first."""
    return changes("agreement_policy", list(AgreementPolicy.objects.filter(entity_id=entity).values_list(
        "id", flat=True)))


def usual_terms(*, entity: str, agreement: str, on: date) -> Usual:
    """What terms from the day `on` hold where nothing is said: the agreement's own if it is there, else the policy's.

    So that describing an agreement again changes nothing, whatever the policy says by now.
    """
    own = AgreementVersion.objects.filter(agreement__number=agreement, valid_from__lte=on)
    agreed = own.order_by("-valid_from").values(*NAMES).first()
    return Usual(**agreed) if agreed else policy(entity)
