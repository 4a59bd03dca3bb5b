"""The frames that a bill run prices by: validity by the next row, the payer, the snapshot."""

from datetime import date
from decimal import Decimal

import polars as pl

from duly.billing import models as m
from duly.billing.agreements.queries import RATES, TERMS, rates_frame, terms_frame
from duly.billing.kernel import frames
from tests.world import World


def later_version(world: World, number: str, valid_from: date, **terms: object) -> m.AgreementVersion:
    return m.AgreementVersion.objects.create(agreement=world.agreement(number), valid_from=valid_from, **terms)


def ids(*rows: object) -> list[int]:
    return [row.pk for row in rows]  # type: ignore[attr-defined]


def test_terms_hold_until_the_next_version(world: World) -> None:
    acme = world.account("ACME")
    version = later_version(world, "ACME-TM", date(2026, 7, 1), payment_days=14)
    hours = m.Charge.objects.get(agreement__number="ACME-TM", code="hours")
    m.ChargeTerms.objects.create(version=version, charge=hours, name="Consulting", rounding="up", increment_seconds=900,
                                 rate_card=m.RateCard.objects.get(code="STD"))
    frame = terms_frame(world.entity().pk, ids(acme))
    assert frame.schema == TERMS
    seen = frame.select("charge", "terms_from", "terms_to", "payment_days", "increment_seconds").rows()
    assert seen == [
        ("hours", date(2026, 1, 1), date(2026, 7, 1), 30, 1),
        ("expenses", date(2026, 1, 1), date(2026, 7, 1), 30, 1),  # left out of the later version: it ends there
        ("hours", date(2026, 7, 1), None, 14, 900),
    ]
    of_time = terms_frame(world.entity().pk, ids(acme), kinds=("time",))
    assert of_time.equals(frame.filter(kind="time"))


def test_terms_are_found_by_who_pays(world: World) -> None:
    acme, zed = world.account("ACME"), world.account("ZED")
    m.Account.objects.filter(pk=acme.pk).update(bill_to=zed)
    frame = terms_frame(world.entity().pk, ids(zed))
    pairs = set(frame.select("agreement", "account_id", "bill_to_id").rows())
    assert pairs == {("ACME-TM", acme.pk, zed.pk), ("ZED-SUB", zed.pk, zed.pk)}
    assert terms_frame(world.entity().pk, ids(acme)).is_empty()


def test_a_snapshot_hides_what_was_agreed_after_it(world: World) -> None:
    [(before,)] = frames.rows("select pg_current_snapshot()::text")  # this transaction's own rows are after it
    later_version(world, "ACME-TM", date(2026, 7, 1))
    card = m.RateCard.objects.get(code="STD")
    m.Rate.objects.create(card=card, role="Developer", price=Decimal(80), valid_from=date(2026, 7, 1))
    acme = ids(world.account("ACME"))
    for snapshot, ends, roles in ((None, date(2026, 7, 1), {None, "Developer"}), (before, None, {None})):
        assert set(terms_frame(world.entity().pk, acme, snapshot=snapshot)["terms_to"]) == {ends}
        assert set(rates_frame([card.pk], snapshot=snapshot)["role"]) == roles


def test_rates_hold_until_the_next_of_their_key_and_end_where_it_has_no_price(world: World) -> None:
    card = m.RateCard.objects.create(code="X", name="X", currency="EUR")
    for role, price, valid_from in (("Developer", "90", date(2026, 1, 1)), ("Developer", "95.50", date(2026, 4, 1)),
                                    ("Developer", None, date(2026, 9, 1)), ("Tester", "70", date(2026, 1, 1))):
        m.Rate.objects.create(card=card, role=role, valid_from=valid_from,
                              price=Decimal(price) if price else None)
    frame = rates_frame([card.pk])
    assert frame.schema == RATES
    assert frame.select("role", pl.col("price").cast(pl.String), "valid_from", "valid_to").rows() == [
        ("Developer", "90.00000000", date(2026, 1, 1), date(2026, 4, 1)),
        ("Developer", "95.50000000", date(2026, 4, 1), date(2026, 9, 1)),
        ("Tester", "70.00000000", date(2026, 1, 1), None),
    ]
    assert rates_frame([]).is_empty()
