"""What the tests of billing's pages share: acts as the pages send them, and what came of them."""

import re
from typing import Any

from django.test import Client

from duly.billing import models as m
from duly.billing.invoicing.editing import version_of
from duly.interfaces.web.billing import batches

LONG = "Vereinigte Internationale Gesellschaft für Angewandte Großrechnerverwaltung mbH &c"[:80]


def act(client: Client, draft: int, name: str, *, key: str = "k", **values: Any) -> Any:
    """Send an act's form as the page does, of the version that stands unless told otherwise."""
    values = {"version": version_of(draft), "key": key, **values}
    return client.post(f"/invoices/{draft}/{name}/", values)


def state(draft: int) -> str:
    return m.Invoice.objects.get(pk=draft).state


def text(answer: Any) -> str:
    return re.sub(r"\s+", " ", answer.content.decode())


def begun(client: Client, act: str, *ids: int, key: str = "k") -> str:
    """Choose drafts, confirm, and go to the batch's page; its address."""
    asked = text(client.post("/drafts/chosen/", {"act": act, "rows": list(ids)}))
    assert f"{batches.WORDS[act][0]} {len(ids)} draft" in asked
    return str(client.post("/drafts/batches/", {"act": act, "drafts": ",".join(map(str, ids)), "key": key}).url)
