"""A set-up file put into the books: from nothing, again, with changes, and refused with the place and the remedy."""

import os
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from django.db import connections

from duly.billing import models as m
from duly.billing.accounts import models as accounts
from duly.billing.accounts.queries import actor
from duly.billing.agreements import charges
from duly.billing.agreements import models as agreements
from duly.billing.kernel.errors import Forbidden, NotFound, Refused
from duly.billing.ledger.models import POSTING_ROLES
from duly.billing.reference.models import TAX_CLASSES
from duly.billing.work.value import unbilled
from duly.engine.pricing.discounts import SCOPES
from duly.formats.setup_file import read_set_up, words
from duly.interfaces.cli.failures import BadInput
from duly.interfaces.cli.imports import expenses_file, take_in, timesheet_file
from duly.interfaces.cli.set_up import Report, apply, load

OCTOBER = (date(2026, 10, 1), date(2026, 11, 1))
AT = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
EXAMPLES = Path(__file__).parents[2] / "examples"
KASTANIE = EXAMPLES / "kastanie" / "set-up.toml"
SMALL = (EXAMPLES / "timesheets.toml").read_text() + '\n[mapping.people]\nada = "ada"\ngrace = "grace"\n'
CORPORA = os.environ.get("DULY_CORPORA")


def applied(text: str, login: str | None = None) -> Report:
    return apply(read_set_up(text.encode()), actor_login=login, at=AT)


def refused(text: str, login: str | None = None) -> list[tuple[str, str]]:
    with pytest.raises(Refused) as refusal:
        applied(text, login)
    assert all(problem.text and problem.remedy for problem in refusal.value.problems)
    return [(problem.path, f"{problem.text} {problem.remedy}") for problem in refusal.value.problems]


def test_the_example_firm_from_nothing_and_again(empty: None) -> None:
    set_up, pictures = load(KASTANIE)
    first = apply(set_up, actor_login=None, at=AT, pictures=pictures)
    assert first.founded == "lena"
    assert first.changed == {"users": 1, "logos": 1, "lock dates": 1, "managers": 5}  # the founder gets all rights
    seen = {kind: first.added[kind] for kind in ("accounts", "agreements", "rates", "bank accounts", "chart", "names")}
    assert seen == {"accounts": 5, "agreements": 5, "rates": 8, "bank accounts": 2, "chart": 13, "names": 6}
    assert first.added["later versions"] == 1
    assert m.LegalEntity.objects.get().logo is not None
    events = m.Event.objects.count()
    again = apply(set_up, actor_login="lena", at=AT, pictures=pictures)
    assert (again.founded, again.added, again.changed) == (None, {}, {})
    assert m.Event.objects.count() == events


def test_the_smallest_example(empty: None) -> None:
    applied(SMALL)
    assert set(m.Project.objects.values_list("code", flat=True)) == {"ACME-WEB", "ACME-SUP", "BIG-MIG"}
    seeded = m.TaxRate.objects.filter(country="DE").values_list("tax_class", flat=True)
    assert set(seeded) == {"exempt", "reduced", "standard", "zero"}


@pytest.mark.parametrize(("name", "read", "outcomes"), [
    # billable, non-billable, without client
    ("toggl.csv", timesheet_file, (27, 1, 3)),
    ("harvest.csv", timesheet_file, (17, 2, 1)),
    ("expenses.csv", expenses_file, (5, 1, 0)),
])
def test_the_example_firms_files_come_in(empty: None, name: str, read: Any, outcomes: tuple[int, ...]) -> None:
    set_up, pictures = load(KASTANIE)
    apply(set_up, actor_login=None, at=AT, pictures=pictures)
    found = take_in(read(name, (KASTANIE.parent / name).read_bytes()), actor=actor("lena"), at=AT, period=OCTOBER)
    assert tuple(found.outcomes[kind] for kind in ("billable", "non_billable", "without_client")) == outcomes
    assert found.rejected == []


def test_the_example_firms_work_has_a_price(empty: None) -> None:
    set_up, pictures = load(KASTANIE)
    apply(set_up, actor_login=None, at=AT, pictures=pictures)
    for name, read in (("toggl.csv", timesheet_file), ("harvest.csv", timesheet_file), ("expenses.csv", expenses_file)):
        take_in(read(name, (KASTANIE.parent / name).read_bytes()), actor=actor("lena"), at=AT, period=OCTOBER)
    found = unbilled(actor=actor("lena"), entity="KASTANIE", on=date(2026, 10, 31))
    assert found.problems == []
    assert {one.agreement: one.currency for one in found.agreements} == {
        "ALPEN-26": "EUR", "BRIGHT-26": "USD", "NORD-26": "EUR"}


@pytest.mark.skipif(not CORPORA, reason="DULY_CORPORA names no folder with the public corpora")
@pytest.mark.parametrize("name", ["toggl_detailed", "clockify_detailed", "harvest_time_report", "kimai_export"])
def test_the_public_timesheets_come_in(empty: None, name: str) -> None:
    apply(read_set_up((EXAMPLES / "timesheets.toml").read_bytes()), actor_login=None, at=AT)
    content = (Path(CORPORA or "") / "timesheets" / f"{name}.csv").read_bytes()
    found = take_in(timesheet_file(name, content), actor=actor("ada"), at=AT, period=OCTOBER)
    assert (found.outcomes["billable"], found.outcomes["without_client"], found.rejected) == (83, 24, [])


@pytest.mark.parametrize(("old", "new", "kind"), [
    ('name = "Big Company"\nstreet', 'name = "Bigger Company"\nstreet', "accounts"),
    ('email = "ap@big.example"', 'email = "ap@big.example", phone = "+49 221 1"', "contacts"),
    ('rights = ["issue", "bank_details", "waive"]', 'rights = ["issue", "bank_details"]', "users"),
    ('name = "Migration"\naccount', 'name = "Move"\nends_on = 2026-12-31\naccount', "agreements"),
    ('ada = "ada"', 'ada = "grace"', "names"),
    ('city = "Berlin"', 'city = "Potsdam"', "entities"),
])
def test_what_changes_in_the_file_changes_in_the_books(empty: None, old: str, new: str, kind: str) -> None:
    applied(SMALL)
    assert SMALL.count(old) == 1
    events = m.Event.objects.count()
    report = applied(SMALL.replace(old, new), "ada")
    assert (report.added, report.changed) == ({}, {kind: 1})
    assert m.Event.objects.count() > events


def test_new_terms_come_as_a_version(empty: None) -> None:
    applied(SMALL)
    minutes = 'charges = [{ code = "hours", kind = "time", name = "Consulting"'
    changed = SMALL.replace(minutes, minutes + ', rounding = "up", increment_minutes = 6')
    for path, text in refused(changed, "ada"):
        assert path.startswith(("agreements[0].charges[0].", "agreements[1].charges[0]."))
        assert "[[agreements.versions]]" in text
    versions = f"\nversions = [{{ from = 2026-11-01, {minutes}, rounding = \"up\", increment_minutes = 6 }}] }}]"
    added = SMALL.replace(minutes + " }]", minutes + " }]" + versions, 1)
    for expected in ({"later versions": 1}, {}):
        report = applied(added, "ada")
        assert (report.added, report.changed) == (expected, {})


@pytest.mark.parametrize(("old", "new", "path"), [
    ('account = "BIG"', 'account = "HUGE"\ncurrency = "EUR"', "agreements[1]"),
    ('{ person = "grace", price = 110 }', '{ person = "gracia", price = 110 }', "rate_cards[0].rates[1].person"),
    ('user = "ada"', 'user = "eve"', "people[0]"),
    ('name = "Acme GmbH"', 'name = "Acme GmbH"\nparent = "ACME"', "accounts[0]"),
    ('name = "Acme GmbH"', 'name = "Acme GmbH"\nmanager = "eve"', "accounts[0].manager"),
    ('vat_id = "DE298765435"', 'vat_id = "DE298765435"\nseries = { invoice = "R{number}" }',
     "entities[0].series.invoice"),
    ('name = "Migration"\n', 'name = "Migration"\npurchase_order = "4711"\n', "agreements[1].purchase_order"),
    ('code = "hours", kind = "time", name = "Consulting" }]\n\n[[',
     'code = "hours", kind = "time", name = "Consulting", price = 5 }]\n\n[[', "agreements[0].charges[0].price"),
    ('grace = "grace"', 'grace = "hopper"', 'mapping.people."grace"'),
    ('grace = "grace"', '"Grace (H" = "hopper"', 'mapping.people."Grace (H"'),
    ('grace = "grace"', "'Grace \\ H' = \"hopper\"", 'mapping.people."Grace \\\\ H"'),
])
def test_a_refusal_names_the_place_and_leaves_nothing(empty: None, old: str, new: str, path: str) -> None:
    assert SMALL.count(old) == 1
    assert [place for place, _ in refused(SMALL.replace(old, new))] == [path]
    assert not m.User.objects.exists()
    assert not m.Event.objects.exists()


def test_all_of_one_kind_is_refused_at_once(empty: None) -> None:
    text = SMALL.replace('name = "Acme GmbH"', 'name = "Acme GmbH"\nparent = "X"').replace(
        'name = "Big Company"\n', 'name = "Big Company"\nbill_to = "Y"\n')
    assert [path for path, _ in refused(text)] == ["accounts[0]", "accounts[1]"]


def test_accounts_may_stand_in_any_order(empty: None) -> None:
    text = SMALL.replace('name = "Acme GmbH"', 'name = "Acme GmbH"\nparent = "BIG"\nbill_to = "BIG"')
    applied(text)
    assert m.Account.objects.get(number="ACME").parent == m.Account.objects.get(number="BIG")


def test_rates_stay_and_taxes_of_the_file_come_before_the_seed(empty: None) -> None:
    own = '\n[[tax_rates]]\ncountry = "DE"\npercent = "16"\nfrom = 2020-07-01\n'
    applied(SMALL + own)
    assert [str(rate) for rate in m.TaxRate.objects.filter(tax_class="standard").values_list("rate", flat=True)] == [
        "0.160000"]
    assert [path for path, _ in refused(SMALL + own.replace("16", "17"), "ada")] == ["tax_rates[0].percent"]
    assert [path for path, _ in refused(SMALL.replace("price = 95", "price = 96"), "ada")] == [
        "rate_cards[0].rates[0].price"]


def test_a_later_lock_date_in_the_books_stays(empty: None) -> None:
    text = SMALL.replace('code = "LAB"', 'code = "LAB"\nlock_date = 2026-09-30')
    applied(text)
    applied(SMALL.replace('code = "LAB"', 'code = "LAB"\nlock_date = 2026-10-31'), "ada")
    report = applied(text, "ada")
    assert (report.changed, str(m.LegalEntity.objects.get().lock_date)) == ({}, "2026-10-31")


def test_who_sets_up(empty: None) -> None:
    assert refused(SMALL, "grace")[0][0] == "users"
    assert refused(SMALL.replace('"administrator", ', ""))[0][0] == "users"
    assert applied(SMALL, "ada").founded == "ada"
    with pytest.raises(Refused, match="--as"):
        applied(SMALL)
    with pytest.raises(NotFound):
        applied(SMALL, "grace")


def test_of_two_at_once_one_founds(empty: None) -> None:
    def attempt(_: int) -> str:
        try:
            return applied(SMALL).founded or ""
        except Refused as refusal:
            return refusal.text
        finally:
            connections.close_all()

    with ThreadPoolExecutor(2) as pool:
        answers = sorted(pool.map(attempt, range(2)))
    assert answers[1] == "ada"
    assert "has users" in answers[0]
    assert m.User.objects.count() == 1


def test_without_the_rights_nothing_is_set_up(empty: None) -> None:
    applied(SMALL + '\n[[users]]\nlogin = "bea"\nname = "Bea"\nemail = "bea@example.com"\nroles = ["biller"]\n')
    text = SMALL.replace('city = "Berlin"', 'city = "Potsdam"')
    with pytest.raises(Refused) as refusal:
        applied(text, "bea")
    assert {problem.path for problem in refusal.value.problems} == {"users[0]"}
    assert not isinstance(refusal.value, Forbidden)
    assert m.LegalEntity.objects.get().city == "Berlin"


def test_mistakes_and_missing_pictures_are_told_by_path(tmp_path: Path) -> None:
    file = tmp_path / "set-up.toml"
    file.write_text(SMALL.replace('code = "LAB"', 'code = "LAB"\nlogo = "logo.svg"'))
    with pytest.raises(BadInput) as missing:
        load(file)
    assert [problem.path for problem in missing.value.problems] == ["entities[0].logo"]
    file.write_text("[[users]]\nlogn = 3\n")
    with pytest.raises(BadInput) as mistakes:
        load(file)
    assert "users[0].logn" in {problem.path for problem in mistakes.value.problems}


def test_a_logo_is_a_picture(empty: None) -> None:
    text = SMALL.replace('code = "LAB"', 'code = "LAB"\nlogo = "logo.svg"')
    with pytest.raises(Refused) as refusal:
        apply(read_set_up(text.encode()), actor_login=None, at=AT, pictures={"logo.svg": b"GIF89a"})
    [problem] = refusal.value.problems
    assert (problem.path, "neither SVG nor PNG" in problem.text) == ("entities[0].logo", True)


@pytest.mark.parametrize(("file", "books"), [
    (words.ROLES, accounts.ROLES), (words.SCOPES, accounts.SCOPES), (words.RIGHTS, accounts.SENSITIVE_RIGHTS),
    (words.SECOND_FACTOR_HOLDERS, accounts.SECOND_FACTOR_HOLDERS),
    (words.CONTACT_ROLES, accounts.CONTACT_ROLES), (words.ACCOUNT_KINDS, accounts.ACCOUNT_KINDS),
    (words.LANGUAGES, accounts.LANGUAGES), (tuple(words.SERIES), accounts.SERIES_KINDS),
    (tuple(words.CHART), POSTING_ROLES), (words.TAX_CLASSES, TAX_CLASSES),
    (words.CHARGE_KINDS, agreements.CHARGE_KINDS), (words.ROUNDINGS, charges.ROUNDINGS),
    (words.INTERVALS, charges.INTERVALS), (words.TIMINGS, charges.TIMINGS),
    (words.PRORATIONS, charges.PRORATIONS), (words.REVIEWS, agreements.REVIEWS),
    (words.GROUPINGS, agreements.GROUPINGS), (words.CAP_BEHAVIOURS, agreements.CAP_BEHAVIOURS),
    (words.MODELS, charges.MODELS), (words.BASES, charges.BASES), (words.DAY_COUNTS, charges.DAY_COUNTS),
    (words.DISCOUNT_SCOPES, tuple(SCOPES)),
])
def test_the_file_knows_the_words_of_the_books(file: tuple[str, ...], books: tuple[str, ...]) -> None:
    assert sorted(file) == sorted(books)
