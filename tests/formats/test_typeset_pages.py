"""Where a document's pages end."""

import io
from dataclasses import replace
from decimal import ROUND_HALF_UP
from decimal import Decimal as D

import pypdf

from duly.engine.document import Subtotal, TaxLine
from duly.formats.typeset import render
from tests.formats.documents import LINES, invoice


def test_a_subtotal_never_stands_without_a_line_above_it() -> None:
    trip, alone = LINES[2], []
    for many in range(34, 40):
        times = [replace(LINES[0], position=at) for at in range(1, many + 1)]
        hours = LINES[0].amount * many
        net = hours + trip.amount
        tax = (net * D("0.19")).quantize(D("0.01"), ROUND_HALF_UP)
        pages = pypdf.PdfReader(io.BytesIO(render(invoice(
            lines=(*times, replace(trip, position=many + 1)), net=net, tax=tax, total=net + tax, payable=net + tax,
            subtotals=(Subtotal("time", hours), Subtotal("expenses", trip.amount)),
            tax_lines=(TaxLine("S", D("0.19"), net, tax),))))).pages
        [page] = [said for one in pages if "Zwischensumme Zeitaufwand" in (said := one.extract_text())]
        alone += [many] if LINES[0].description not in page else []
    assert alone == []
