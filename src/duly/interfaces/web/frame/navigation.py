"""The navigation: every area in the order in which work flows, for whoever has its right."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from django.urls import NoReverseMatch, reverse

from duly.billing.kernel.authority import Actor


@dataclass(frozen=True, slots=True)
class Area:
    """A place in the navigation: the name of its address, its icon, the right that opens it, the keys that go there.

    `count` names a figure of `invoicing.lists.waiting`, shown to those whose right it waits for; `near` areas stand in
    the phone's bar.
    """

    title: str
    name: str
    icon: str
    keys: str
    right: str = "read"
    count: str = ""
    waits_for: str = "read"
    near: bool = False


GROUPS: Final[tuple[tuple[str, tuple[Area, ...]], ...]] = (
    ("", (
        Area("Today", "today", "house", "g t", near=True),
        Area("Dashboard", "dashboard", "chart-line", "g d"),
        Area("Accounts", "accounts", "users", "g a", near=True),
        Area("Agreements", "agreements", "file-pen-line", "g g"),
        Area("Work", "work", "timer", "g w"),
    )),
    ("Billing", (
        Area("Bill runs", "runs", "play", "g b", right="bill"),
        Area("Drafts", "drafts", "file-text", "g f", count="draft"),
        Area("Reviews", "reviews", "badge-check", "g r", count="in_review", waits_for="review"),
        Area("Invoices", "invoices", "receipt-text", "g i", near=True),
    )),
    ("Money", (
        Area("Payments", "payments", "banknote", "g p", near=True),
        Area("Outbox", "outbox", "mail", "g o"),
    )),
    ("Firm", (
        Area("Settings", "settings", "settings", "g s"),
    )),
)


@dataclass(frozen=True, slots=True)
class Link:
    """An area as it stands on a page."""

    area: Area
    url: str
    current: bool
    count: int = 0


@dataclass(frozen=True, slots=True)
class Group:
    title: str
    links: tuple[Link, ...]


def menu(actor: Actor, path: str, counts: Mapping[str, int]) -> list[Group]:
    """The groups of areas that the actor may open and that exist; the one that holds `path` is current."""
    found = [Group(title, tuple(_links(areas, actor, counts))) for title, areas in GROUPS]
    inside = [link.url for group in found for link in group.links if path.startswith(link.url)]
    here = max(inside, key=len, default="")
    return [Group(group.title, tuple(Link(link.area, link.url, link.url == here, link.count) for link in group.links))
            for group in found if group.links]


def _links(areas: tuple[Area, ...], actor: Actor, counts: Mapping[str, int]) -> list[Link]:
    return [Link(area, url, False, counts.get(area.count, 0) if actor.may(area.waits_for) else 0) for area in areas
            if actor.may(area.right) and (url := _address(area.name))]


def _address(name: str) -> str | None:
    try:
        return reverse(name)
    except NoReverseMatch:
        return None
