"""Addresses in other areas: of one row's page, of a list with its filters. In one place, for pages that point there."""

from collections.abc import Mapping
from typing import Final

from django.urls import NoReverseMatch, reverse
from django.utils.http import urlencode

LISTS: Final = {"receipts": "payments", "messages": "outbox"}
"""Lists whose area has another name than what it lists."""


def address(name: str, *arguments: object) -> str:
    """The address of a page by its name and arguments; empty where there is no such page."""
    try:
        return reverse(name, args=arguments)
    except NoReverseMatch:
        return ""


def listed(name: str, filters: Mapping[str, str]) -> str:
    """The address of a list, filtered; empty where there is no such list."""
    url = address(LISTS.get(name, name))
    return f"{url}?{urlencode(filters)}" if url and filters else url
