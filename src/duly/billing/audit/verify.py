"""Named audits: each looks for one kind of harm and says what it found. Those that look at the log itself are here;
those that look across domains are in `reporting`, which also runs them all.
"""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from duly.billing.audit import expected
from duly.billing.audit.seals import GENESIS, Head, link, links, unsealed
from duly.billing.kernel import frames


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing an audit found. A note is worth knowing; anything else means that the books are not sound."""

    audit: str
    text: str
    note: bool = False


@dataclass(frozen=True, slots=True)
class Scope:
    """What the audits are told: heads of the chain that left the house earlier."""

    heads: tuple[Head, ...] = ()


Look = Callable[[Scope], Iterator[str | Finding]]


@dataclass(frozen=True, slots=True)
class Audit:
    """A named audit, what it makes sure of, and the look that it takes; each text it yields is a finding."""

    name: str
    ensures: str
    look: Look

    def findings(self, scope: Scope) -> Iterator[Finding]:
        for found in self.look(scope):
            yield found if isinstance(found, Finding) else Finding(self.name, found)


AUDITS: Final[dict[str, Audit]] = {}


def audit(name: str, ensures: str) -> Callable[[Look], Look]:
    """Register an audit. To add one, copy a neighbour."""

    def register(look: Look) -> Look:
        AUDITS[name] = Audit(name, ensures, look)
        return look

    return register


@audit("chain", "Every sealed event is as it was sealed, and no seal is missing or added.")
def chain(scope: Scope) -> Iterator[str]:
    expected_number, previous = 1, GENESIS
    for number, digest, event_id, event in links():
        if number != expected_number:
            yield f"The chain goes from number {expected_number - 1} to {number}: seals are missing."
        if event is None:
            yield f"Event {event_id}, sealed as number {number}, is gone."
        elif link(previous, event).hex() != digest:
            yield f"Event {event_id}, sealed as number {number}, is not what was sealed, or the chain was written anew."
        expected_number, previous = number + 1, bytes.fromhex(digest)


@audit("published_heads", "The chain still holds every head that left the house, so no tail was cut off or rewritten.")
def published_heads(scope: Scope) -> Iterator[str]:
    kept = frames.rows("select number, encode(hash, 'hex') from published_head order by number")
    for published in sorted({*scope.heads, *(Head(*row) for row in kept)}, key=lambda head: (head.number, head.hash)):
        if published.number == 0:
            continue
        found = frames.rows("select encode(hash, 'hex') from seal where number = %s", [published.number])
        if not found:
            yield f"The chain ends before number {published.number}, which was published: its tail was cut off."
        elif found[0][0] != published.hash:
            yield f"Number {published.number} was published with another hash: the chain was written anew."


@audit("unsealed", "No event waits long for its seal.")
def backlog(scope: Scope) -> Iterator[Finding]:
    if waiting := unsealed():
        yield Finding("unsealed", f"{waiting} events are not sealed yet; the job audit.seal seals them.", note=True)


@audit("personal_values", "Every personal value beside the log is the one that its event refers to.")
def personal_values(scope: Scope) -> Iterator[str]:
    query = """select p.event_id, p.path, p.salt, p.value, e.data ->> p.path
                 from personal_value p left join event e on e.id = p.event_id order by p.event_id, p.path"""
    for event_id, path, salt, value, digest in frames.rows(query):
        if digest != "sha256:" + hashlib.sha256(bytes(salt) + value.encode()).hexdigest():
            yield f"The value of {path} beside event {event_id} is not the one that the event refers to."


@audit("guards", "Every trigger and constraint that keeps a law is there and switched on.")
def guards(scope: Scope) -> Iterator[str]:
    found = {(table, trigger): enabled for table, trigger, enabled in frames.rows(
        """select c.relname, t.tgname, t.tgenabled from pg_trigger t join pg_class c on c.oid = t.tgrelid
            where not t.tgisinternal and c.relnamespace = 'public'::regnamespace""")}
    for table, trigger in sorted(expected.triggers()):
        enabled = found.get((table, trigger))
        if enabled is None:
            yield f"The trigger {trigger} on {table} is missing."
        elif enabled != "O":
            yield f"The trigger {trigger} on {table} is switched off."
    present = {name for (name,) in frames.rows("select conname from pg_constraint where convalidated")}
    yield from (f"The constraint {name} is missing." for name in sorted(expected.constraints() - present))


@audit("law_functions", "The functions that keep the laws are as they are written, and read our tables only.")
def law_functions(scope: Scope) -> Iterator[str]:
    found = {name: (source, fixed) for name, source, fixed in frames.rows(
        """select p.proname, p.prosrc, l.lanname <> 'plpgsql' or
                  coalesce('search_path=public, pg_temp' = any(p.proconfig), false)
             from pg_proc p join pg_language l on l.oid = p.prolang
            where p.pronamespace = 'public'::regnamespace""")}
    for name, written in sorted(expected.functions().items()):
        source, fixed = found.get(name, (None, True))
        if source != written:
            yield f"The function {name} is " + ("missing." if source is None else "not the one that was written.")
        elif not fixed:
            yield f"The function {name} would read a temporary table that has one of our tables' names."


@audit("role", "The role that the product works as owns nothing and rules over nothing.")
def role(scope: Scope) -> Iterator[str | Finding]:
    [(name, session, powerful, owned, member)] = frames.rows("""
        select current_user, session_user, r.rolsuper or r.rolcreaterole or r.rolbypassrls or r.rolreplication,
               (select count(*) from pg_class where relowner = r.oid and relpersistence <> 't'),
               exists (select from pg_class c where c.relname = 'event' and c.relnamespace = 'public'::regnamespace
                       and pg_has_role(r.oid, c.relowner, 'member'))
          from pg_roles r where r.rolname = current_user""")
    if powerful or member:
        yield f"The role {name} may switch the laws off: it is a superuser, or a member of the tables' owner."
    if owned:
        yield f"The role {name} owns {owned} tables or indexes."
    if session != name:
        yield Finding("role", f"The product signs in as {session} and only then becomes {name}, which it could undo: "
                      f"let DATABASE_URL sign in as {name}, and DULY_OWNER_DATABASE_URL as the owner.", note=True)
