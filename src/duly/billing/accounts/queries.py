"""Who someone is, what is in their book, and the rows of entities and accounts by their names."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from zoneinfo import ZoneInfo

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
    everywhere, in_book = granted(RoleGrant.objects.filter(user=user).values_list("role", "scope"),
                                  RightGrant.objects.filter(user=user).values_list("right", flat=True))
    return Actor(user.login, user.pk, everywhere, in_book, on_behalf_of)


def granted(roles: Iterable[tuple[str, str]], by_name: Iterable[str]) -> tuple[frozenset[str], frozenset[str]]:
    """The rights everywhere and those in the own book only, of roles with their scopes and rights given by name."""
    everywhere: set[str] = set()
    in_book: set[str] = set()
    for role, scope in roles:
        # A client never acts beyond the own account, whatever scope the grant has.
        (everywhere if scope == "all" and role != "client" else in_book).update(ROLE_RIGHTS[role])
    # A right given by name reaches as far as the person's widest role.
    (everywhere if everywhere else in_book).update(by_name)
    return frozenset(everywhere), frozenset(in_book)


def second_factor_demanded(actor: Actor) -> bool:
    """Whether the firm demands a second factor of the actor, by a role or a right of theirs."""
    rights = [right for right in actor.everywhere | actor.in_book if actor.may(right)]
    query = """select exists (select from second_factor_demand d where d.demanded and (
                 d.holder = any(%s) or d.holder in (select role from role_grant where user_id = %s)))"""
    return bool(frames.rows(query, [rights, actor.user_id])[0][0])


def refuse_outside_book(actor: Actor, right: str, accounts: Iterable[int | None], on: date, what: str = "") -> None:
    """Raise unless the actor may use `right` on every one of `accounts` (law 11): one set query, no write before.

    `what` is what was asked for, such as “account X”. None stands for the account of something that is not there:
    that and one outside the book answer alike.
    """
    wanted = {account or 0 for account in accounts}
    everywhere = actor.may_everywhere(right)
    if not everywhere and right not in actor.in_book:
        raise Forbidden(f"{actor.login} may not do this: it needs the right “{right}”.")
    query = f"""select count(*) from account a
                 where a.id = any(%(wanted)s) and (%(everywhere)s or {IN_BOOK})"""
    values = {"wanted": sorted(wanted), "everywhere": everywhere, "user": actor.user_id, "on": on}
    if frames.rows(query, values)[0][0] != len(wanted):
        raise unseen(actor, right, what)


def unseen(actor: Actor, right: str, what: str = "") -> NotFound:
    """The one answer for what is not there and for what is outside the actor's book (law 11)."""
    if what and actor.may_everywhere(right):
        return NotFound(f"There is no {what}.", "Check how it is written. Nothing was changed.")
    named = f"The {what}" if what else "One of these"
    return NotFound(f"{named} is not in your book of accounts.", "Check how it is written. Nothing was changed.")


def accounts_in_book(actor: Actor, right: str, numbers: Sequence[str], on: date) -> dict[str, Account]:
    """The accounts of these numbers; raises `NotFound` alike for one that is not there and one outside the book."""
    query = f"select a.id from account a where a.number = any(%(numbers)s) and (%(everywhere)s or {IN_BOOK})"
    values = {"numbers": list(numbers), "everywhere": actor.may_everywhere(right), "user": actor.user_id, "on": on}
    found = Account.objects.in_bulk([row[0] for row in frames.rows(query, values)])
    by_number = {account.number: account for account in found.values()}
    for number in numbers:
        if number not in by_number:
            raise unseen(actor, right, f"account “{number}”")
    return by_number


def entity(code: str) -> LegalEntity:
    """The legal entity of that code; raises `NotFound` naming those there are."""
    found = LegalEntity.objects.filter(code=code).first()
    if found is None:
        known = ", ".join(LegalEntity.objects.order_by("code").values_list("code", flat=True)) or "none yet"
        raise NotFound(f"There is no legal entity “{code}”.", f"Known: {known}.")
    return found


def entity_names() -> dict[str, str]:
    """The name of every legal entity by its code, in the order of the names."""
    return dict(LegalEntity.objects.order_by("name").values_list("code", "name"))


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
                        f"Ask someone with the right “{right}” for all accounts.")


def business_date(at: datetime) -> date:
    """The day that it is at an instant where the firm is: in the time zone of its first legal entity, else in UTC."""
    zone = LegalEntity.objects.order_by("id").values_list("time_zone", flat=True).first()
    return at.astimezone(ZoneInfo(zone or "UTC")).date()
