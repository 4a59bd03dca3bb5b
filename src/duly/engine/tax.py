"""Tax: which treatment, at which rate, and how much, once per document, category and rate.

The treatments of services are one table that a tax adviser can read. Categories are EN 16931's (UNTDID 5305):
S standard and reduced rates, Z zero rate, E exempt, AE reverse charge, K intra-community goods, G export of goods,
O outside the scope.
"""

from dataclasses import dataclass
from datetime import date
from typing import Final

import polars as pl

from duly.engine.rounding import RATIO, apportion_frame, round_quotient_expr

EU_MEMBERS: Final = (
    # Members, from, until (exclusive; None: still): for VAT, so Britain until the end of its transition period.
    (("BE", "DE", "FR", "IT", "LU", "NL"), date(1958, 1, 1), None),
    (("DK", "IE"), date(1973, 1, 1), None),
    (("GB",), date(1973, 1, 1), date(2021, 1, 1)),
    (("GR",), date(1981, 1, 1), None),
    (("ES", "PT"), date(1986, 1, 1), None),
    (("AT", "FI", "SE"), date(1995, 1, 1), None),
    (("CY", "CZ", "EE", "HU", "LT", "LV", "MT", "PL", "SI", "SK"), date(2004, 5, 1), None),
    (("BG", "RO"), date(2007, 1, 1), None),
    (("HR",), date(2013, 7, 1), None),
)

EU_COUNTRIES: Final = tuple(sorted(country for members, _, until in EU_MEMBERS if not until for country in members))
"""The members of today, as far as this table knows."""

RATE: Final = pl.Decimal(38, 6)


@dataclass(frozen=True, slots=True)
class Treatment:
    """One row of the table: when all its conditions hold (None: whatever), services are treated so.

    `registered` and `buyer_id` say whether seller and buyer have a VAT id; `seller_eu` and `buyer_eu` where they
    are; `same` whether in one country; `person` whether the buyer is a consumer; `tax_class` what is sold.
    """

    category: str
    reason: str
    source: str
    registered: bool | None = None
    same: bool | None = None
    seller_eu: bool | None = None
    buyer_eu: bool | None = None
    buyer_id: bool | None = None
    person: bool | None = None
    tax_class: str | None = None


TREATMENTS: Final = (
    # The first row that fits applies. Directive 2006/112/EC is meant where an article is named.
    Treatment("O", "not_registered", "a seller without VAT id charges no VAT", registered=False),
    Treatment("AE", "reverse_charge", "Art. 44, 196: a business in another member state owes the tax itself",
              same=False, seller_eu=True, buyer_eu=True, buyer_id=True, person=False),
    Treatment("O", "outside_scope", "Art. 44: supplied where the business outside the EU is",
              same=False, seller_eu=True, buyer_eu=False, person=False),
    Treatment("O", "outside_scope", "a seller outside the EU supplies abroad", same=False, seller_eu=False),
    Treatment("E", "exempt", "Art. 132, 135: exempt without deduction", tax_class="exempt"),
    Treatment("Z", "zero_rate", "zero rate of the seller's country", tax_class="zero"),
    Treatment("S", "", "Art. 45, 96, 98: taxed in the seller's country"),
)

REASONS: Final[dict[str, dict[str, str]]] = {
    "reverse_charge": {
        "en": "Reverse charge: VAT is to be accounted for by the recipient (Art. 196 Directive 2006/112/EC).",
        "de": "Steuerschuldnerschaft des Leistungsempfängers (Reverse Charge, Art. 196 MwStSystRL).",
        "fr": "Autoliquidation : TVA due par le preneur (art. 196 de la directive 2006/112/CE).",
    },
    "outside_scope": {
        "en": "Service not subject to the seller's VAT (place of supply: country of the recipient).",
        "de": "Nicht im Inland steuerbare Leistung (Leistungsort: Land des Leistungsempfängers).",
        "fr": "Prestation non soumise à la TVA du vendeur (lieu de prestation : pays du preneur).",
    },
    "not_registered": {
        "en": "No VAT is charged: the seller is not registered for VAT.",
        "de": "Es wird keine Umsatzsteuer berechnet: Der Verkäufer ist nicht umsatzsteuerlich registriert.",
        "fr": "TVA non applicable : le vendeur n'est pas assujetti à la TVA.",
    },
    "exempt": {
        "en": "Exempt from VAT (Art. 132 or 135 Directive 2006/112/EC).",
        "de": "Umsatzsteuerfreie Leistung (Art. 132 oder 135 MwStSystRL).",
        "fr": "Exonération de TVA (art. 132 ou 135 de la directive 2006/112/CE).",
    },
    "zero_rate": {
        "en": "Zero-rated supply.",
        "de": "Leistung mit Nullsatz.",
        "fr": "Prestation soumise au taux zéro.",
    },
}
"""Why no tax is charged, as printed (EN 16931 BT-120)."""


def in_eu(country: pl.Expr, day: pl.Expr) -> pl.Expr:
    """Whether a country was a member of the EU on a day."""
    return pl.any_horizontal(
        country.is_in(members) & (day >= begun) & (day < (until or date.max)) for members, begun, until in EU_MEMBERS
    )


def eu_since(day: pl.Expr) -> pl.Expr:
    """The first day on which the EU had the members it had on `day`: equal days are treated alike."""
    changes = {change for _, begun, until in EU_MEMBERS for change in (begun, until) if change}
    return pl.max_horizontal(pl.lit(date.min), *(pl.when(day >= change).then(change) for change in sorted(changes)))


def treated(sales: pl.DataFrame) -> pl.DataFrame:
    """`sales` with tax_category and tax_reason by the first row of `TREATMENTS` that fits.

    sales   seller_country, seller_tax_id, buyer_country, buyer_tax_id (null where none), buyer_kind ('person' is a
            consumer), tax_class, tax_point (a day)
    """
    seller, buyer, day = pl.col("seller_country"), pl.col("buyer_country"), pl.col("tax_point")
    conditions = {
        "registered": pl.col("seller_tax_id").is_not_null(), "same": seller == buyer,
        "seller_eu": in_eu(seller, day), "buyer_eu": in_eu(buyer, day),
        "buyer_id": pl.col("buyer_tax_id").is_not_null(), "person": pl.col("buyer_kind") == "person",
    }
    chosen = pl.lit(None, dtype=pl.Int64)
    for number, row in reversed(list(enumerate(TREATMENTS))):
        wanted = [column == getattr(row, name) for name, column in conditions.items() if getattr(row, name) is not None]
        if row.tax_class is not None:
            wanted.append(pl.col("tax_class") == row.tax_class)
        chosen = pl.when(pl.all_horizontal(wanted) if wanted else pl.lit(True)).then(number).otherwise(chosen)
    categories = dict(enumerate(row.category for row in TREATMENTS))
    reasons = dict(enumerate(row.reason for row in TREATMENTS))
    return sales.with_columns(chosen.alias("_row")).with_columns(
        pl.col("_row").replace_strict(categories, return_dtype=pl.String).alias("tax_category"),
        pl.col("_row").replace_strict(reasons, return_dtype=pl.String).alias("tax_reason"),
    ).drop("_row")


def at_rates(lines: pl.DataFrame, rates: pl.DataFrame) -> pl.DataFrame:
    """`lines` with `tax_rate`: the dated rate of the seller's country and tax class where taxed, zero elsewhere.

    lines   tax_category, tax_class, seller_country, service_to (the tax point)
    rates   country, tax_class, rate, valid_from, valid_to (exclusive, null for open)

    A taxed line without a dated rate gets zero, which is no valid rate of category S; a check blocks it. Raises
    `polars.exceptions.ComputeError` where two rates hold on one day.
    """
    day, key = pl.col("service_to"), ["seller_country", "tax_class", "service_to"]
    dated = lines.select(key).unique().join(
        rates.select(pl.col("country").alias("seller_country"), "tax_class", "rate", "valid_from", "valid_to"),
        on=["seller_country", "tax_class"],
    ).filter((day >= pl.col("valid_from")) & (pl.col("valid_to").is_null() | (day < pl.col("valid_to"))))
    taxed = pl.when(pl.col("tax_category") == "S").then(pl.col("rate").fill_null(0)).otherwise(0)
    return (
        lines.join(dated.select(*key, "rate"), on=key, how="left", validate="m:1", maintain_order="left")
        .with_columns(taxed.cast(RATE).alias("tax_rate"))
        .drop("rate")
    )


def tax_lines(lines: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Tax per document, category and rate on the rounded net sum, rounded once; and each line's share of it.

    lines   document_key, tax_category, tax_rate, tax_reason, amount, exponent

    Answers `lines` with `tax` (their exact taxes rounded together, so that they add up), and per group document_key,
    category, rate, base, tax, reason (EN 16931 BR-CO-17).
    """
    group = ["document_key", "tax_category", "tax_rate"]
    summed = lines.group_by(group, maintain_order=True).agg(
        pl.col("amount").sum().alias("base"), pl.col("exponent").first(), pl.col("tax_reason").first())
    summed = summed.with_row_index("_group").with_columns(
        round_quotient_expr(_exact_tax("base"), pl.lit(1), pl.col("exponent")).alias("tax"))
    keyed = lines.join(summed.select(*group, "_group"), on=group, maintain_order="left")
    shared = apportion_frame(keyed.with_columns(_exact_tax("amount").alias("_exact")), by="_group", part="_exact",
                             out="tax")
    return shared.drop("_group", "_exact"), summed.select(
        "document_key", pl.col("tax_category").alias("category"), pl.col("tax_rate").alias("rate"), "base", "tax",
        pl.col("tax_reason").alias("reason"),
    ).sort("document_key", "category", "rate")


def _exact_tax(amount: str) -> pl.Expr:
    return pl.col(amount).cast(RATIO) * pl.col("tax_rate").cast(RATIO)
