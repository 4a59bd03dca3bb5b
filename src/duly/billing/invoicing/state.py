"""The one place that writes the state of an invoice."""

from collections.abc import Sequence

from duly.billing.kernel import frames
from duly.billing.kernel.errors import Refused
from duly.engine.lifecycle import next_states


def move(drafts: Sequence[int], act: str, to: str) -> None:
    """Move locked drafts along the lifecycle. Raises `Refused` when one of them cannot take this step."""
    states = frames.rows("select distinct state from invoice where id = any(%s)", [list(drafts)])
    for (state,) in states:
        if to not in next_states(state, act):
            raise Refused(f"A document that is {state.replace('_', ' ')} cannot be moved by “{act}”.", law=6)
    frames.execute("update invoice set state = %s where id = any(%s)", [to, list(drafts)])


def issue_from(table: str) -> int:
    """Move drafts to issued with the number, dates, exchange rate and open item of each, from a temporary table."""
    return frames.execute(f"""update invoice i set state = 'issued', series_id = t.series_id,
        fiscal_year = t.fiscal_year, sequence = t.sequence, number = t.number, issued_on = t.issued_on,
        booked_on = t.issued_on, due_on = t.due_on, base_rate = t.base_rate, open_item_id = t.open_item_id,
        seller_id = t.seller_id, buyer_id = t.buyer_id
        from {table} t where t.id = i.id""")
