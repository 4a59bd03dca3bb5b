"""Every model and term through a set-up file: what it comes to, and mistakes in the file's own words and places."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from duly.billing import models as m
from duly.billing.agreements.agreed import agreed_versions
from duly.billing.kernel.errors import Refused
from duly.formats.setup_file import SetUpError, read_set_up
from duly.interfaces.cli.set_up import apply
from duly.interfaces.cli.set_up_terms import agreed_terms
from tests.billing.test_agreements_pricing import EVERYTHING
from tests.interfaces.test_set_up import SMALL

AT = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
PLATFORM = """
[[metrics]]
code = "calls"
name = "API calls"
aggregation = "sum"

[[agreements]]
number = "PLAT"
name = "Platform"
account = "ACME"
entity = "LAB"
currency = "EUR"
starts_on = 2026-01-01
review = "peer"
time_annex = true
grouping = "person"
cap = 90000
cap_behaviour = "stop"
change_at_once = false
progressive_thresholds = [1000]
progressive_every = 500
discounts = [
    { name = "Partner", percent = 10 },
    { name = "Launch", amount = 50, charges = ["seats", "calls"] },
]
charges = [
    { code = "hours", kind = "time", name = "Consulting", rate_card = "STANDARD" },
    { code = "seats", kind = "recurring", name = "Seats", unit = "u", interval = "month", timing = "advance",
      quantity = 15, model = "graduated", tiers = [{ up_to = 1000, price = "0.02" }, { price = "0.01", flat = 2 }],
      minimum = 5, maximum = 900, proration = "thirty_day_month", proration_down = "none",
      trial_days = 30, trial_price = 1,
      phases = [{ from = 2026-07-01, quantity = 20 }] },
    { code = "calls", kind = "usage", name = "API calls", unit = "u", interval = "month", metric = "calls",
      price = "0.0125", included = 200 },
    { code = "sms", kind = "usage", name = "API calls", unit = "u", interval = "month", metric = "calls",
      model = "package", price = 8, size = 1000, included = 200 },
    { code = "take", kind = "percentage", name = "Card fees", unit = "u", interval = "month", metric = "calls",
      percent = "2.9", fixed = "0.30", maximum_fee = "2.50", free_count = 10 },
    { code = "sums", kind = "percentage", name = "Volume fee", unit = "u", interval = "month", metric = "calls",
      model = "graduated_percentage", tiers = [{ up_to = 100000, percent = "1.5" }, { percent = 1 }] },
    { code = "held", kind = "balance", name = "Custody fee", unit = "u", interval = "quarter", metric = "calls",
      percent = "0.75", basis = "closing", day_count = "act_360" },
    { code = "support", kind = "recurring", name = "Support", unit = "u", interval = "month", price = 1200,
      timing = "advance", grants_hours = 10, rollover = 1, borrow = true, covers = ["hours"] },
    { code = "commit", kind = "commitment", name = "Committed use", unit = "u", interval = "year", price = 10000,
      covers = ["calls"] },
    { code = "deposit", kind = "deposit", name = "Deposit", unit = "u", price = 3000, due_on = 2026-02-01 },
    { code = "prepaid", kind = "credit", name = "Prepaid hours", unit = "u", price = 500, due_on = 2026-02-01,
      covers = ["hours"], priority = 1, expires_on = 2027-02-01 },
    { code = "travel", kind = "expense", name = "Travel", unit = "u", markup_percent = 5,
      limits = [{ category = "Hotel", at_most = 150 }, { category = "meals", at_most = "37.50" }] },
    { code = "voucher", kind = "credit", name = "Voucher", unit = "u", price = 200, due_on = 2026-02-01,
      untaxed = true },
]
""".replace(",\n      ", ", ")
FILE = SMALL.replace("\n[mapping.people]", PLATFORM + "\n[mapping.people]", 1)
EXPECTED = replace(EVERYTHING, charges=tuple(
    replace(one, unit=one.unit or "u", rate_card=one.rate_card and "STANDARD") for one in EVERYTHING.charges))
"""The units that a file gives by itself are left to its own test."""


def test_every_model_through_a_file_is_what_was_meant() -> None:
    platform = read_set_up(FILE.encode()).agreements[-1]
    assert agreed_terms(platform.versions[0]) == EXPECTED


def test_a_later_version_keeps_what_it_leaves_out() -> None:
    later = '\nversions = [{ from = 2026-06-01, payment_days = 7 }, { from = 2026-07-01, discounts = [] }]\n'
    versions = read_set_up(FILE.replace('number = "PLAT"', 'number = "PLAT"' + later).encode()).agreements[-1].versions
    first, second, third = map(agreed_terms, versions)
    assert replace(second, valid_from=first.valid_from, payment_days=first.payment_days) == first
    assert (third.discounts, third.progressive_every, third.charges) == ((), first.progressive_every, first.charges)


def test_every_model_comes_into_the_books_and_again_unchanged(empty: None) -> None:
    set_up = read_set_up(FILE.encode())
    apply(set_up, actor_login=None, at=AT)
    assert agreed_versions(m.Agreement.objects.get(number="PLAT")) == [EXPECTED]
    assert apply(set_up, actor_login="ada", at=AT).changed == {}


def changed(*changes: tuple[str, str]) -> bytes:
    text = FILE
    for old, new in changes:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    return text.encode()


@pytest.mark.parametrize(("old", "new", "path", "said"), [
    ('percent = "2.9"', 'percent = "2.9", percnt = 3', "charges[4].percnt", "“percent”"),
    ("grants_hours = 10,", "grants_value = 9, grants_hours = 10,", "charges[7].grants_value", "hours or value"),
    ("grants_hours = 10,", 'grants_hours = "0.0001",', "charges[7].grants_hours", "no whole seconds"),
    ('percent = "1.5"', "price = 1", "charges[5].tiers[0].price", "Give percent"),
    ('price = "0.02"', 'percent = "0.02"', "charges[1].tiers[0].percent", "Give price"),
    ('percent = "0.75"', 'percent = "0.75000001"', "charges[6].percent", "6 decimals"),
    ('covers = ["calls"]', "covers = [3]", "charges[8].covers", "is not text"),
    ("percent = 10 }", "percent = 10, amount = 5 }", "discounts[0].percent", "a percentage or an amount"),
    ("[1000]", '["much"]', "progressive_thresholds", "is not a number"),
    ('model = "package"', 'model = "packet"', "charges[3].model", "“package”"),
    ('"meals", at_most', '"meals", most = 1, at_most', "charges[11].limits[1].most", "“at_most”"),
    ('at_most = 150', 'at_most = "much"', "charges[11].limits[0].at_most", "is not a number"),
    (', at_most = "37.50"', "", "charges[11].limits[1].at_most", "150"),
    ('{ category = "Hotel", ', "{ ", "charges[11].limits[0].category", "missing"),
    ("trial_days = 30", "trial_days = 0", "charges[1].trial_days", "from 1"),
])
def test_a_mistake_of_writing_is_told_by_its_place(old: str, new: str, path: str, said: str) -> None:
    with pytest.raises(SetUpError) as refusal:
        read_set_up(changed((old, new)))
    [problem] = refusal.value.problems
    assert (problem.path.partition("].")[2], bool(problem.remedy)) == (path, True)
    assert said in f"{problem.text} {problem.remedy}"


MISTAKES = [
    # what is written, what instead of it, where, what is said
    ('percent = "2.9", fixed', "fixed", "charges[4].percent", "Give percent."),
    ("size = 1000,", "", "charges[3].size", "Give the units in one"),
    ("{ up_to = 1000,", "{", "charges[1].tiers[0].up_to", "The last tier is open"),
    ("quantity = 20 }", "quantity = 20 }, { from = 2026-06-01, quantity = 2 }", "charges[1].phases[1].from",
     "does not begin after"),
    ("grants_hours = 10,", "grants_hours = 0,", "charges[7].grants_hours", "more than nothing"),
    ('covers = ["calls"]', 'covers = ["call"]', "charges[8].covers", "no charge “call”"),
    ('metric = "calls", price', 'metric = "call", price', "charges[2].metric", "no metric “call”"),
    ("percent = 10 }", "percent = 110 }", "discounts[0].percent", "is no rate"),
    ("amount = 50,", 'amount = "0.005",', "discounts[1].amount", "is not an amount"),
    ('charges = ["seats", "calls"]', 'charges = ["seat"]', "discounts[1].charges", "no charge “seat”"),
    ("[1000]", "[1000, 500]", "progressive_thresholds", "do not rise"),
    ('"Hotel", at_most = 150', '"Hotel", at_most = 0', "charges[11].limits[0].at_most", "above zero"),
    ('"meals"', '" HOTEL "', "charges[11].limits[1].category", "whatever its case"),
    ("up_to = 100000,", "up_to = 0,", "charges[5].tiers[0].up_to", "rising order"),
]


def test_all_that_does_not_hold_together_is_told_at_once_in_the_words_of_the_file(empty: None) -> None:
    with pytest.raises(Refused) as refusal:
        apply(read_set_up(changed(*((old, new) for old, new, _, _ in MISTAKES))), actor_login=None, at=AT)
    found = {problem.path.partition("].")[2]: f"{problem.text} {problem.remedy}" for problem in refusal.value.problems}
    assert set(found) == {path for _, _, path, _ in MISTAKES}
    assert [path for _, _, path, said in MISTAKES if said not in found[path]] == []
