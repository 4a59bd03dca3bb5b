"""Who acts, and what their roles let them do. One table, read by every verb."""

from dataclasses import dataclass, field
from typing import Final

ROLE_RIGHTS: Final[dict[str, frozenset[str]]] = {
    "account_manager": frozenset({"read", "accounts", "agree", "work", "approve_work", "bill", "send"}),
    "biller": frozenset({"read", "accounts", "work", "approve_work", "bill", "send", "cash"}),
    "reviewer": frozenset({"read", "review"}),
    "finance_lead": frozenset(
        {"read", "accounts", "agree", "work", "approve_work", "bill", "send", "cash", "review", "close",
         "reference", "policies", "audit"}
    ),
    "auditor": frozenset({"read", "audit"}),
    "administrator": frozenset({"read", "settings", "people", "accounts", "agree", "reference", "policies", "audit"}),
    "client": frozenset({"client_check"}),
}
"""What each role may do. The sensitive rights are in no role: they are granted to a person by name."""

RIGHTS: Final = frozenset().union(*ROLE_RIGHTS.values()) | {
    "issue", "credit", "write_off", "refund", "bank_details", "waive", "override_cap",
}


FIRM_RIGHTS: Final = frozenset({"settings", "people", "reference", "close", "policies", "audit", "bank_details"})
"""What concerns the firm as a whole: a role that is scoped to a book of accounts does not give it."""


@dataclass(frozen=True, slots=True)
class Actor:
    """Someone acting: their rights everywhere, and those that hold only in their own book.

    `on_behalf_of` names the person whose work a cover or a system job does.
    """

    login: str
    user_id: int
    everywhere: frozenset[str] = field(default_factory=frozenset)
    in_book: frozenset[str] = field(default_factory=frozenset)
    on_behalf_of: str | None = None

    def may(self, right: str) -> bool:
        """Whether the actor has the right at all, be it only for their own book."""
        return right in self.everywhere or (right in self.in_book and right not in FIRM_RIGHTS)

    def may_everywhere(self, right: str) -> bool:
        return right in self.everywhere
