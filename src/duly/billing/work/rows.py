"""What the import verbs take and answer: the rows of a file in the domain's terms, and how they came out."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, time
from decimal import Decimal

from duly.billing.work.models import OUTCOMES


@dataclass(frozen=True, slots=True)
class EntryRow:
    """A time entry of a file. Empty texts where the file says nothing; `raw` holds the row's own cells.

    `own_amount` is what the file itself asks for the entry: for comparison only, our agreements price it.
    """

    row_number: int
    person: str
    email: str
    client: str
    project: str
    task: str
    description: str
    billable: bool
    worked_on: date
    started_at: time | None
    seconds: int
    source_key: str
    own_amount: Decimal | None = None
    own_currency: str = ""
    raw: Sequence[str] = ()
    notes: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class ExpenseRow:
    """An expense of a file; `person` is a name or an e-mail address, `category` says what it was for."""

    row_number: int
    person: str
    client: str
    project: str
    category: str
    description: str
    billable: bool
    spent_on: date
    cost: Decimal
    currency: str
    source_key: str
    raw: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class RejectedRow:
    """A row that could not be read, with the reason and the remedy."""

    row_number: int
    reason: str
    raw: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Imported:
    """How a file's rows came out. Every row has one outcome, so the outcomes add up to `rows`.

    Per outcome: how many rows, how many of them were known already, their seconds (time; of rows that could
    be read), their amounts by currency (expenses). `asked` has the names that are not known by kind (person, client,
    project), `mapping` the TOML to add for them. `batch` is 0 for a preview; `already` says that the file held nothing
    new and nothing was changed.
    """

    batch: int
    already: bool
    rows: int
    created: int
    outcomes: dict[str, int]
    known: dict[str, int]
    seconds: dict[str, int]
    amounts: dict[str, dict[str, str]]
    rejected: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    mapping: str = ""
    asked: dict[str, list[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        assert set(self.outcomes) == set(OUTCOMES), f"outcomes {sorted(self.outcomes)}"
        assert sum(self.outcomes.values()) == self.rows, "the outcomes of a file's rows add up to the file"
