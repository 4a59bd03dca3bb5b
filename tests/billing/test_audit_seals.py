"""The chain over the log: what is sealed stays provable, by bytes that anyone can make again."""

import hashlib
import json

import pytest

from duly.billing.audit import seals
from duly.billing.audit.actions import record, verb
from duly.billing.audit.canonical import canonical
from duly.billing.audit.erase import erase_personal
from duly.billing.audit.seals import BATCH, Head, links, seal, unsealed
from duly.billing.audit.verify import AUDITS, Scope
from duly.billing.kernel import frames
from duly.billing.kernel.errors import Forbidden, Refused
from tests.world import World


@verb("test.note", right="people")
def note(*, actor: object, at: object, contact: int, email: str) -> None:
    record("contact", contact, {"email": email}, amount="119.00")


def texts(name: str, *heads: Head) -> list[str]:
    return [finding.text for finding in AUDITS[name].findings(Scope(heads))]


def write(world: World, count: int = 3) -> None:
    for number in range(count):
        note(actor=world.actor("anna"), at=world.at, contact=number + 1, email=f"c{number}@acme.example")


def seal_all(world: World) -> seals.Sealed:
    return seal(actor=world.actor("audra"), at=world.at)


def test_an_event_is_one_canonical_line() -> None:
    data = '{"total": "119.00", "days": 30, "share": 0.50, "to": "Zürich"}'
    event = (7, "c0ffee", "invoicing.issue", "ben", None, "2026-11-02T09:00:00.000000Z",
             "2026-11-02T09:00:01.500000Z", "invoice", 3, data)
    assert canonical(event).decode() == (
        '{"actor":"ben","at":"2026-11-02T09:00:00.000000Z","command_id":"c0ffee",'
        '"data":{"days":30,"share":"0.50","to":"Zürich","total":"119.00"},"id":7,"on_behalf_of":null,'
        '"recorded_at":"2026-11-02T09:00:01.500000Z","subject_id":3,"subject_type":"invoice","verb":"invoicing.issue"}')


def test_sealing_makes_one_chain_and_leaves_nothing_to_seal(world: World) -> None:
    write(world)
    first = seal_all(world)
    write(world, 2)
    second = seal_all(world)
    assert (second.events, second.number, unsealed()) == (2, first.number + 2, 0)
    assert seal_all(world) == seals.Sealed(0, second.number, second.hash)
    previous = bytes(32)
    for _, digest, event_id, line in links():
        previous = hashlib.sha256(previous + (line or b"")).digest()
        assert digest == previous.hex()
        assert json.loads(line or b"{}")["id"] == event_id
    assert previous.hex() == second.hash


def test_sealing_in_batches_gives_the_same_chain(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    write(world, 5)
    whole = seal_all(world)
    sequence = [digest for _, digest, _, _ in links()]
    assert whole.number < BATCH
    monkeypatch.setattr(seals, "BATCH", 2)
    write(world, 5)
    assert seal_all(world).events == 5
    assert [digest for _, digest, _, _ in links()][: whole.number] == sequence
    assert texts("chain") == []


def test_a_transaction_that_commits_late_is_sealed_late(database: str, world: World) -> None:
    """Its event has a low id; the chain takes it when it is seen, after the younger one."""
    import psycopg
    from django.db import connections

    settings = connections["default"].get_connection_params()
    insert = """insert into event (command_id, verb, actor, at, subject_type, subject_id, data)
                values (gen_random_uuid(), 'late', 'ben', now(), 'test', 1, '{}') returning id"""
    with psycopg.connect(host=settings["host"], user=settings["user"], dbname=database) as late:
        old = late.execute(insert).fetchone()
        write(world, 1)
        early = seal_all(world)
        late.commit()
    assert seal_all(world).number == early.number + 1
    assert [event_id for _, _, event_id, _ in links()][-1] == (old or (0,))[0]
    assert texts("chain") == []


def test_only_who_may_audit_seals(world: World) -> None:
    with pytest.raises(Forbidden, match="needs the right “audit”"):
        seal(actor=world.actor("mara"), at=world.at)


def test_erased_values_leave_the_chain_whole(world: World) -> None:
    write(world)
    seal_all(world)
    assert texts("personal_values") == []
    erased = erase_personal(actor=world.actor("anna"), at=world.at, subject_type="contact", subject_id=1,
                            reason="Asked by mail on 1 November")
    assert erased.values == 1
    assert frames.rows("select count(*) from personal_value where value = 'c0@acme.example'") == [(0,)]
    assert frames.rows("select count(*) from event where data::text like '%%c0@acme%%'") == [(0,)]
    seal_all(world)
    assert texts("chain") + texts("personal_values") == []


@pytest.mark.parametrize(("subject", "reason", "says"), [
    (1, " ", "needs a reason"),
    (99, "Asked", "keeps no personal value"),
])
def test_erasing_is_refused(world: World, subject: int, reason: str, says: str) -> None:
    write(world)
    with pytest.raises(Refused, match=says):
        erase_personal(actor=world.actor("anna"), at=world.at, subject_type="contact", subject_id=subject,
                       reason=reason)
