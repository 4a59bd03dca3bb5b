"""A set-up under way: verb by verb, in the order in which things name each other."""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from duly.billing.accounts.actions import customers, entities, payable_steps, people, tax_rules
from duly.billing.accounts.actions.policies import demand_second_factor
from duly.billing.accounts.models import LegalEntity
from duly.billing.agreements.actions import agree, metrics, rates
from duly.billing.agreements.actions.policy import put_policy
from duly.billing.agreements.actions.runtime import put_runtime
from duly.billing.agreements.policies import NAMES, usual_terms
from duly.billing.invoicing.actions.policy import choose_severities
from duly.billing.kernel.authority import Actor
from duly.billing.kernel.errors import Problem, Refused
from duly.billing.ledger.chart import map_role
from duly.billing.reference.actions import (
    Added,
    ExchangeRateInput,
    TaxRateInput,
    add_exchange_rates,
    add_tax_rates,
)
from duly.billing.reference.put import Put
from duly.billing.reference.queries import tax_rates_frame
from duly.billing.reference.seeds import seed_rates
from duly.billing.reference.tax_actions import TaxComponentInput, add_tax_components
from duly.billing.work.actions.mapping import Mapped, map_names
from duly.formats import FormatError
from duly.formats.setup_file import SetUp
from duly.formats.setup_file import model as file
from duly.formats.setup_file import terms as written
from duly.formats.setup_file.pictures import media_type
from duly.interfaces.cli.set_up_terms import agreed_terms, as_input, places_of

KEYS: Final = {
    "markup": "markup_percent", "increment_seconds": "increment_minutes", "minimum_seconds": "minimum_minutes",
    "overtime_after_seconds": "overtime_after_hours",
    "interval_count": "every", "valid_from": "from", "base_currency": "currency", "tax_class": "class",
}
"""What the set-up file calls a field of the verbs, where the two differ."""

AGREED: Final = "What was agreed stays: add [[agreements.versions]] with from = the day on which it changes."


@dataclass
class Run:
    """One set-up under way: who acts, what happened so far, and what went wrong in the kind at hand."""

    actor: Actor
    at: datetime
    counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    kinds: dict[str, None] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def do(self, kind: str, path: str, verb: Callable[..., Any], places: Mapping[str, str] | None = None,
           /, **arguments: Any) -> None:
        """Run a verb and count its outcome; a refusal becomes problems at `path`, or at one of `places` in it."""
        self.kinds.setdefault(kind)
        try:
            result = verb(actor=self.actor, at=self.at, **arguments)
        except Refused as refusal:
            self.problems += _located(path, refusal, places or {})
            return
        except FormatError as error:
            self.problems.append(Problem(path, error.message, error.remedy))
            return
        if isinstance(result, Put):
            self.counts[kind, result.outcome] += 1
        elif isinstance(result, Added | Mapped):
            for outcome in ("added", "changed", "unchanged"):
                self.counts[kind, outcome] += getattr(result, outcome, 0)

    def settle(self) -> None:
        """Stop here where anything of this kind was refused: what follows would only fail for want of it."""
        if self.problems:
            count = f"{len(self.problems)} things" if len(self.problems) > 1 else "One thing"
            raise Refused(f"{count} in the set-up cannot be.", "Nothing was changed: correct it, then run it again.",
                          problems=self.problems)

    def users(self, users: Iterable[file.User]) -> None:
        for user in users:
            self.do("users", user.path, people.put_user, login=user.login, name=user.name, email=user.email,
                    roles=dict(user.roles), rights=user.rights, active=user.active)
        self.settle()

    def entities(self, described: Iterable[file.Entity], pictures: Mapping[str, bytes]) -> None:
        for one in described:
            self.do("entities", one.path, entities.put_entity, code=one.code, name=one.name,
                    base_currency=one.currency, time_zone=one.time_zone, email=one.email, phone=one.phone,
                    website=one.website, legal_notice=one.legal_notice, language=one.language, colour=one.colour,
                    fiscal_year_start=one.fiscal_year_start, one_stop_shop=one.one_stop_shop, **_columns(one.address))
            self.of_entity(one, pictures)
        self.settle()

    def of_entity(self, one: file.Entity, pictures: Mapping[str, bytes]) -> None:
        for number in one.tax_numbers:
            self.do("tax numbers", number.path, entities.put_entity_tax_registration, entity=one.code,
                    country=number.country, scheme=number.scheme, number=number.number)
        for position, bank in enumerate(one.banks, start=1):
            self.do("bank accounts", bank.path, entities.put_bank_account, entity=one.code, iban=bank.iban,
                    holder=bank.holder, currency=bank.currency, bic=bank.bic, bank=bank.bank,
                    position=position)
        for kind, pattern in one.series:
            self.do("number series", f"{one.path}.series.{kind}", entities.put_number_series, entity=one.code,
                    kind=kind, pattern=pattern)
        for role, code, name in one.chart:
            self.do("chart", f"{one.path}.chart.{role}", map_role, entity=one.code, role=role, code=code, name=name)
        for each in one.payable_steps:
            whose = {"entity": one.code, "currency": each.currency}
            if each.step is None:
                self.do("payable steps", each.path, payable_steps.remove_payable_step, **whose)
            else:
                self.do("payable steps", each.path, payable_steps.put_payable_step, **whose, step=each.step)
        if one.new_agreements is not None:
            self.do("policies", one.new_agreements.path, put_policy, entity=one.code,
                    **{name: getattr(one.new_agreements, name) for name in NAMES})
        if one.checks:
            places = {f"severities.{name}": f"{one.path}.checks.{name}" for name, _ in one.checks}
            self.do("policies", f"{one.path}.checks", choose_severities, places, entity=one.code,
                    severities=dict(one.checks))
        if one.logo is not None:
            self.do("logos", f"{one.path}.logo", _put_logo, entity=one.code, name=one.logo, pictures=pictures)
        closed = LegalEntity.objects.filter(code=one.code).values_list("lock_date", flat=True).first()
        if one.lock_date is not None and (closed is None or closed < one.lock_date):
            self.do("lock dates", f"{one.path}.lock_date", entities.set_lock_date, entity=one.code,
                    lock_date=one.lock_date)

    def dated_rates(self, set_up: SetUp) -> None:
        """The file's rates; then, where it and the books say nothing of a country's tax class, the seeded one."""
        if set_up.tax_rates:
            percents = {f"[{i}].rate": f"{one.path}.percent" for i, one in enumerate(set_up.tax_rates)}
            self.do("tax rates", "tax_rates", add_tax_rates, percents,
                    rates=[as_input(TaxRateInput, one) for one in set_up.tax_rates])
        known = set(tax_rates_frame().select("country", "tax_class").rows())
        seeds = [seed for seed in seed_rates({entity.address.country for entity in set_up.entities})
                 if (seed.country, seed.tax_class) not in known]
        if seeds:
            self.do("tax rates", "tax_rates", add_tax_rates, rates=seeds)
        if set_up.tax_components:
            percents = {f"[{i}].rate": f"{one.path}.percent" for i, one in enumerate(set_up.tax_components)}
            self.do("taxes", "tax_components", add_tax_components, percents,
                    taxes=[as_input(TaxComponentInput, one) for one in set_up.tax_components])
        if set_up.exchange_rates:
            places = {f"[{i}]": one.path for i, one in enumerate(set_up.exchange_rates)}
            self.do("exchange rates", "", add_exchange_rates, places,
                    rates=[as_input(ExchangeRateInput, one) for one in set_up.exchange_rates])
        self.settle()

    def accounts(self, accounts: Iterable[file.Account]) -> None:
        on = self.at.date()
        for one in _above_first(accounts):
            self.do("accounts", one.path, customers.put_account, on=on, number=one.number, name=one.name,
                    kind=one.kind, currency=one.currency, parent=one.parent, bill_to=one.bill_to,
                    language=one.language, payment_days=one.payment_days,
                    requires_purchase_order=one.requires_purchase_order, **_columns(one.address))
        self.settle()
        for one in accounts:
            self.of_account(one)
        self.settle()

    def of_account(self, one: file.Account) -> None:
        whose: dict[str, Any] = {"on": self.at.date(), "account": one.number}
        for number in one.tax_numbers:
            self.do("tax numbers", number.path, customers.put_account_tax_registration, **whose,
                    country=number.country, scheme=number.scheme, number=number.number)
        for contact in one.contacts:
            self.do("contacts", contact.path, customers.put_contact, **whose, name=contact.name, email=contact.email,
                    phone=contact.phone, roles=contact.roles)
        for order in one.orders:
            self.do("purchase orders", order.path, customers.put_purchase_order, **whose, number=order.number,
                    currency=order.currency, amount=order.amount, expires_on=order.expires_on)
        for treatment in one.treatments:
            self.do("tax rules", treatment.path, tax_rules.add_treatment, **whose, category=treatment.category,
                    reason=treatment.reason, certificate=treatment.certificate, valid_from=treatment.valid_from)
        for kept in one.withholdings:
            self.do("tax rules", kept.path, tax_rules.add_withholding, **whose, name=kept.name, rate=kept.rate,
                    reason=kept.reason, valid_from=kept.valid_from)
        if one.manager is not None:
            cover = one.cover
            self.do("managers", f"{one.path}.manager", customers.assign_manager, **whose, manager=one.manager,
                    cover=cover.user if cover else None, cover_from=cover.first_day if cover else None,
                    cover_until=cover.last_day if cover else None)

    def people(self, described: Iterable[file.Person]) -> None:
        for one in described:
            self.do("people", one.path, people.put_person, code=one.code, name=one.name, email=one.email,
                    role=one.role, user=one.user)
        self.settle()

    def agreements(self, set_up: SetUp) -> None:
        """Cards and metrics before the agreements that price by them; rates after, which may name projects."""
        for metric in set_up.metrics:
            told = {name: value for name, value in asdict(metric).items() if name not in ("path", "filters")}
            self.do("metrics", metric.path, metrics.put_metric,
                    filters=[as_input(metrics.FilterInput, one) for one in metric.filters], **told)
        for card in set_up.rate_cards:
            self.do("rate cards", card.path, rates.put_rate_card, code=card.code, name=card.name,
                    currency=card.currency)
        self.settle()
        for one in set_up.agreements:
            first, *later = (self.said(one, version) for version in one.versions)
            self.do("agreements", one.path, agree.agree, places_of(first) | {"valid_from": f"{one.path}.starts_on"},
                    on=self.at.date(), number=one.number, name=one.name, entity=one.entity, account=one.account,
                    currency=one.currency, ends_on=one.ends_on, projects=dict(one.projects),
                    terms=agreed_terms(first))
            if one.runtime:
                self.do("terms of agreements", one.path, put_runtime, {"months": f"{one.path}.term_months"},
                        on=self.at.date(), agreement=one.number, **asdict(one.runtime))
            for version in later:
                self.do("later versions", version.path, agree.amend, places_of(version), on=self.at.date(),
                        agreement=one.number, terms=agreed_terms(version))
        self.settle()
        for card in set_up.rate_cards:
            if card.rates:
                self.do("rates", card.path, rates.add_rates, {f"[{i}]": one.path for i, one in enumerate(card.rates)},
                        card=card.code, rates=[as_input(rates.RateInput, one) for one in card.rates])
        self.settle()

    def said(self, agreement: written.Agreement, version: written.Version) -> written.Version:
        """The version whole: what it leaves open is as agreed, or as the entity's policy is for new agreements."""
        usual = usual_terms(entity=agreement.entity, agreement=agreement.number, on=version.valid_from)
        return replace(version, **{name: getattr(usual, name) for name in NAMES if getattr(version, name) is None})

    def second_factor(self, of: tuple[str, ...] | None) -> None:
        if of is not None:
            self.do("policies", "second_factor", demand_second_factor, of=of)
        self.settle()

    def mapping(self, mapping: file.Mapping) -> None:
        if mapping.people or mapping.clients or mapping.projects:
            self.do("names", "", map_names, people=dict(mapping.people), clients=dict(mapping.clients),
                    projects=dict(mapping.projects))
        self.settle()


def _put_logo(*, actor: Actor, at: datetime, entity: str, name: str, pictures: Mapping[str, bytes]) -> Put:
    content = pictures.get(name, b"")
    return entities.put_logo(actor=actor, at=at, entity=entity, name=Path(name).name, content=content,
                             media_type=media_type(name, content))


def _located(path: str, refusal: Refused, places: Mapping[str, str]) -> list[Problem]:
    """The refusal's problems, each at its place in the file and in the file's words."""
    if not refusal.problems:
        return [Problem(path, refusal.text, refusal.remedy)]
    found = []
    for problem in refusal.problems:
        known = next((
            place for place in places if f"{problem.path}.".startswith((f"{place}.", f"{place}["))), "")
        rest = problem.path.removeprefix(known).lstrip(".")
        parts = [part for part in (places.get(known, path), KEYS.get(rest, rest)) if part]
        place = ".".join(parts)
        remedy = AGREED if refusal.law == 3 else _renamed(problem.remedy, _last(problem.path), _last(place))
        found.append(Problem(place, problem.text, remedy))
    return found


def _renamed(remedy: str, ours: str, theirs: str) -> str:
    """The remedy with the file's name of what is to be given or left out."""
    return re.sub(rf"\b(Give|Leave) {re.escape(ours)}\b", lambda found: f"{found[1]} {theirs}", remedy)


def _last(path: str) -> str:
    """The name at the end of a path."""
    return path.rpartition(".")[2]


def _above_first(accounts: Iterable[file.Account]) -> list[file.Account]:
    """The accounts, each after its parent and payer as far as they are in the file."""
    waiting = {one.number: one for one in accounts}
    ordered: list[file.Account] = []

    def take(number: str | None) -> None:
        one = waiting.pop(number or "", None)
        if one is not None:
            take(one.parent)
            take(one.bill_to)
            ordered.append(one)

    for number in list(waiting):
        take(number)
    return ordered


def _columns(address: file.Address) -> dict[str, Any]:
    return {one.name: getattr(address, one.name) for one in fields(address)}
