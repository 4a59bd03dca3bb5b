"""Who someone is, what is in their book, and the rows of entities and accounts by their names."""

from collections.abc import Iterable, Sequence
from datetime import date

from duly.billing.accounts.models import Account, LegalEntity, RightGrant, RoleGrant, User
from duly.billing.kernel import frames
from duly.billing.kernel.authority import ROLE_RIGHTS, Actor
from duly.billing.kernel.errors import Forbidden, NotFound

IN_BOOK = """(a.manager_id = %(user)s
              or (a.cover_id = %(user)s and %(on)s::date between a.cover_from and a.cover_until))"""
"""SQL: is account `a` in the book of the user on a day? The manager's accounts, and the covered ones in time."""

BILLED_TO = """select id from account where id = any(%(accounts)s) and bill_to_id is null
               union all select id from account where bill_to_id = any(%(accounts)s)"""
"""SQL: the accounts whose work these bill-to accounts pay for; two look-ups by key."""


def actor(login: str, *, on_behalf_of: str | None = None) -> Actor:
    """The active user as an actor, with the rights of their roles; raises `NotFound`."""
    user = User.objects.filter(login=login, is_active=True).first()
    if user is None:
        raise NotFound(f"There is no active user “{login}”.", "Name one with --as, or add them to the set-up file.")
    everywhere = set(RightGrant.objects.filter(user=user).values_list("right", flat=True))
    in_book: set[str] = set()
    for role, scope in RoleGrant.objects.filter(user=user).values_list("role", "scope"):
        (everywhere if scope == "all" else in_book).update(ROLE_RIGHTS[role])
    return Actor(user.login, user.pk, frozenset(everywhere), frozenset(in_book), on_behalf_of)


def refuse_outside_book(actor: Actor, right: str, accounts: Iterable[int], on: date) -> None:
    """Raise unless the actor may use `right` on every one of `accounts` (law 11): one set query, no write before.

    An account that is not there and one outside the book answer alike.
    """
    wanted = sorted(set(accounts))
    everywhere = actor.may_everywhere(right)
    if not everywhere and right not in actor.in_book:
        raise Forbidden(f"{actor.login} may not do this: it needs the right “{right}”.")
    query = f"""select count(*) from account a
                 where a.id = any(%(wanted)s) and (%(everywhere)s or {IN_BOOK})"""
    values = {"wanted": wanted, "everywhere": everywhere, "user": actor.user_id, "on": on}
    if frames.rows(query, values)[0][0] != len(wanted):
        raise NotFound("One of these is not in your book of accounts.", "Nothing was changed.")


def entity(code: str) -> LegalEntity:
    """The legal entity of that code; raises `NotFound` naming those there are."""
    found = LegalEntity.objects.filter(code=code).first()
    if found is None:
        known = ", ".join(LegalEntity.objects.order_by("code").values_list("code", flat=True)) or "none yet"
        raise NotFound(f"There is no legal entity “{code}”.", f"Known: {known}.")
    return found


def accounts_by_number(numbers: Sequence[str]) -> dict[str, Account]:
    """The accounts of these numbers; raises `NotFound` naming the first that is missing."""
    found = {account.number: account for account in Account.objects.filter(number__in=numbers)}
    for number in numbers:
        if number not in found:
            raise NotFound(f"There is no account “{number}”.", "Check the number; `accounts` lists them.")
    return found


def user_id(login: str) -> int:
    """The id of the user of that login; raises `NotFound`."""
    found = User.objects.filter(login=login).values_list("id", flat=True).first()
    if found is None:
        raise NotFound(f"There is no user “{login}”.", "Check the login, or add the user first.")
    return found


def refuse_unless_everywhere(actor: Actor, right: str) -> None:
    """Raise unless the actor has the right for all accounts: what they change may touch any of them."""
    if not actor.may_everywhere(right):
        raise Forbidden(f"{actor.login} may do this in their own book only, and this may touch other accounts.",
                        f"Ask someone with the right “{right}” for all accounts.")  # fmt: skip
