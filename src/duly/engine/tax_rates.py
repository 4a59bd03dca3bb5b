"""VAT rates of the European Union's members and of Britain, dated: a table to start from, not to rely on for ever.

Source: European Commission, Taxes in Europe Database (TEDB), and “VAT rates applied in the Member States of the
European Union” for the days before it; HM Revenue & Customs for Britain. As known for 1 January 2026; a rate is left
out where it or its first day was not certain, and so are temporary rates for single goods, and regions.
"""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Final

import polars as pl

from duly.engine.tax import RATE

AS_OF: Final = date(2026, 1, 1)
SOURCE: Final = "European Commission, Taxes in Europe Database"
SOURCE_OF: Final = {"GB": "HM Revenue & Customs"}

TABLE: Final = """
AT standard      2000-01-01 20
AT reduced       2000-01-01 10
AT reduced_2     2016-01-01 13
BE standard      2000-01-01 21
BE reduced       2000-01-01 6
BE reduced_2     2000-01-01 12
BG standard      2007-01-01 20
BG reduced       2007-01-01 7, 2011-04-01 9
CY standard      2004-05-01 15, 2012-03-01 17, 2013-01-14 18, 2014-01-13 19
CY reduced       2004-05-01 5
CY reduced_2     2005-08-01 8, 2014-01-13 9
CZ standard      2004-05-01 19, 2010-01-01 20, 2013-01-01 21
CZ reduced       2004-05-01 5, 2008-01-01 9, 2010-01-01 10, 2012-01-01 14, 2013-01-01 15, 2024-01-01 12
CZ reduced_2     2015-01-01 10, 2024-01-01 -
DE standard      2000-01-01 16, 2007-01-01 19, 2020-07-01 16, 2021-01-01 19
DE reduced       2000-01-01 7, 2020-07-01 5, 2021-01-01 7
DK standard      2000-01-01 25
EE standard      2004-05-01 18, 2009-07-01 20, 2024-01-01 22, 2025-07-01 24
EE reduced       2004-05-01 5, 2009-01-01 9
EE reduced_2     2025-01-01 13
ES standard      2000-01-01 16, 2010-07-01 18, 2012-09-01 21
ES reduced       2000-01-01 7, 2010-07-01 8, 2012-09-01 10
ES super_reduced 2000-01-01 4
FI standard      2000-01-01 22, 2010-07-01 23, 2013-01-01 24, 2024-09-01 25.5
FI reduced       2000-01-01 17, 2009-10-01 12, 2010-07-01 13, 2013-01-01 14, 2026-01-01 13.5
FI reduced_2     2000-01-01 8, 2010-07-01 9, 2013-01-01 10
FR standard      2000-01-01 20.6, 2000-04-01 19.6, 2014-01-01 20
FR reduced       2000-01-01 5.5
FR reduced_2     2012-01-01 7, 2014-01-01 10
FR super_reduced 2000-01-01 2.1
GB standard      2000-01-01 17.5, 2008-12-01 15, 2010-01-01 17.5, 2011-01-04 20
GB reduced       2000-01-01 5
GR standard      2000-01-01 18, 2005-04-01 19, 2010-03-15 21, 2010-07-01 23, 2016-06-01 24
GR reduced       2000-01-01 8, 2005-04-01 9, 2010-03-15 10, 2010-07-01 11, 2011-01-01 13
GR reduced_2     2000-01-01 4, 2005-04-01 4.5, 2010-03-15 5, 2010-07-01 5.5, 2011-01-01 6.5, 2015-07-20 6
HR standard      2013-07-01 25
HR reduced       2013-07-01 5
HR reduced_2     2013-07-01 10, 2014-01-01 13
HU standard      2004-05-01 25, 2006-01-01 20, 2009-07-01 25, 2012-01-01 27
HU reduced       2004-05-01 5
HU reduced_2     2009-07-01 18
IE standard      2000-01-01 21, 2001-01-01 20, 2002-03-01 21, 2008-12-01 21.5, 2010-01-01 21, 2012-01-01 23,
                 2020-09-01 21, 2021-03-01 23
IE reduced       2000-01-01 12.5, 2003-01-01 13.5
IE reduced_2     2011-07-01 9
IT standard      2000-01-01 20, 2011-09-17 21, 2013-10-01 22
IT reduced       2000-01-01 10
IT reduced_2     2016-01-01 5
IT super_reduced 2000-01-01 4
LT standard      2004-05-01 18, 2009-01-01 19, 2009-09-01 21
LT reduced       2004-05-01 5
LT reduced_2     2004-05-01 9, 2026-01-01 12
LU standard      2000-01-01 15, 2015-01-01 17, 2023-01-01 16, 2024-01-01 17
LU reduced       2000-01-01 6, 2015-01-01 8, 2023-01-01 7, 2024-01-01 8
LU super_reduced 2000-01-01 3
LU parking       2000-01-01 12, 2015-01-01 14, 2023-01-01 13, 2024-01-01 14
LV standard      2004-05-01 18, 2009-01-01 21, 2011-01-01 22, 2012-07-01 21
LV reduced       2004-05-01 5, 2009-01-01 10, 2011-01-01 12
LV reduced_2     2018-01-01 5
MT standard      2004-05-01 18
MT reduced       2004-05-01 5
MT reduced_2     2011-01-01 7
MT parking       2024-01-01 12
NL standard      2000-01-01 17.5, 2001-01-01 19, 2012-10-01 21
NL reduced       2000-01-01 6, 2019-01-01 9
PL standard      2004-05-01 22, 2011-01-01 23
PL reduced       2004-05-01 7, 2011-01-01 8
PL reduced_2     2004-05-01 3, 2011-01-01 5
PT standard      2000-01-01 17, 2002-06-05 19, 2005-07-01 21, 2008-07-01 20, 2010-07-01 21, 2011-01-01 23
PT reduced       2000-01-01 5, 2010-07-01 6
PT reduced_2     2000-01-01 12, 2010-07-01 13
RO standard      2007-01-01 19, 2010-07-01 24, 2016-01-01 20, 2017-01-01 19, 2025-08-01 21
RO reduced       2007-01-01 9, 2025-08-01 11
RO reduced_2     2008-12-01 5, 2025-08-01 -
SE standard      2000-01-01 25
SE reduced       2000-01-01 12
SE reduced_2     2000-01-01 6
SI standard      2004-05-01 20, 2013-07-01 22
SI reduced       2004-05-01 8.5, 2013-07-01 9.5
SI reduced_2     2020-01-01 5
SK standard      2004-05-01 19, 2011-01-01 20, 2025-01-01 23
SK reduced       2007-01-01 10, 2025-01-01 19
SK reduced_2     2023-01-01 5
"""
"""Per country and class the first days of its percentages, “-” where it has none from a day on. The table begins in
2000, or with the membership: a first day then says “at the latest since”. Several reduced rates are classes of their
own: what is sold at which is national law."""


SEEDED: Final[dict[str, pl.DataType | type[pl.DataType]]] = {
    "country": pl.String, "tax_class": pl.String, "rate": RATE, "valid_from": pl.Date, "valid_to": pl.Date,
    "source": pl.String,
}


def seeded_rates() -> pl.DataFrame:
    """country, tax_class, rate (a fraction), valid_from, valid_to (exclusive, null for open), source: see `TABLE`."""
    entries = TABLE.replace(",\n", ", ").strip().splitlines()
    return pl.DataFrame([row for entry in entries for row in _dated(*entry.split(maxsplit=2))], schema=SEEDED,
                        orient="row")


def _dated(country: str, tax_class: str, history: str) -> Iterator[tuple[object, ...]]:
    steps = [step.split() for step in history.split(",")]
    days = [date.fromisoformat(day) for day, _ in steps]
    source = f"{SOURCE_OF.get(country, SOURCE)}, as of {AS_OF}"
    for (_, percent), begins, ends in zip(steps, days, [*days[1:], None], strict=True):
        if percent != "-":
            yield country, tax_class, Decimal(percent) / 100, begins, ends, source
