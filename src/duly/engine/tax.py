"""Tax: which treatment, at which rate, and how much, once per document, category and rate.

The treatments of goods and services are one table that a tax adviser can read. Categories are EN 16931's (UNTDID
5305): S standard and reduced rates, Z zero rate, E exempt, AE reverse charge, K intra-community goods, G export of
goods, O outside the scope.
"""

from dataclasses import dataclass
from datetime import date
from typing import Final

import polars as pl

from duly.engine.periods import in_force
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

CATEGORIES: Final = ("S", "Z", "E", "AE", "K", "G", "O")


@dataclass(frozen=True, slots=True)
class Treatment:
    """One row of the table: when all its conditions hold (None: whatever), a sale is treated so.

    `registered` and `buyer_id` say whether seller and buyer have a VAT id; `seller_eu` and `buyer_eu` where they
    are; `same` whether in one country; `person` whether the buyer is a consumer; `goods` whether goods are sold that
    go to the buyer; `one_stop_shop` whether the seller declares such sales there; `tax_class` what is sold. `place`
    is whose country's rate holds.
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
    goods: bool | None = None
    one_stop_shop: bool | None = None
    tax_class: str | None = None
    place: str = "seller"


TREATMENTS: Final = (
    # The first row that fits applies. Directive 2006/112/EC is meant where an article is named.
    Treatment("O", "not_registered", "a seller without VAT id charges no VAT", registered=False),
    Treatment("K", "intra_community", "Art. 138: goods to a business that acquires them in another member state",
              same=False, seller_eu=True, buyer_eu=True, buyer_id=True, person=False, goods=True),
    Treatment("AE", "reverse_charge", "Art. 44, 196: a business in another member state owes the tax itself",
              same=False, seller_eu=True, buyer_eu=True, buyer_id=True, person=False, goods=False),
    Treatment("E", "exempt", "Art. 132, 135: exempt without deduction", buyer_eu=True, person=True,
              one_stop_shop=True, tax_class="exempt"),
    Treatment("S", "", "Art. 33, 58, 358a to 369x: taxed where the consumer is, declared in the one-stop shop",
              same=False, buyer_eu=True, person=True, one_stop_shop=True, place="buyer"),
    Treatment("G", "export", "Art. 146: goods that leave the EU", same=False, seller_eu=True, buyer_eu=False,
              goods=True),
    Treatment("G", "export", "a seller outside the EU exports", same=False, seller_eu=False, goods=True),
    Treatment("O", "outside_scope", "Art. 44: supplied where the business outside the EU is",
              same=False, seller_eu=True, buyer_eu=False, person=False),
    Treatment("O", "outside_scope", "a seller outside the EU supplies abroad", same=False, seller_eu=False),
    Treatment("E", "exempt", "Art. 132, 135: exempt without deduction", tax_class="exempt"),
    Treatment("Z", "zero_rate", "zero rate of the seller's country", tax_class="zero"),
    Treatment("S", "", "Art. 32, 45, 96, 98: taxed in the seller's country"),
)

REASONS: Final[dict[str, dict[str, str]]] = {
    "reverse_charge": {
        "en": "Reverse charge: VAT is to be accounted for by the recipient (Art. 196 Directive 2006/112/EC).",
        "de": "Steuerschuldnerschaft des Leistungsempfängers (Reverse Charge, Art. 196 MwStSystRL).",
        "fr": "Autoliquidation : TVA due par le preneur (art. 196 de la directive 2006/112/CE).",
    },
    "intra_community": {
        "en": "Intra-Community supply, exempt from VAT (Art. 138 Directive 2006/112/EC).",
        "de": "Steuerfreie innergemeinschaftliche Lieferung (Art. 138 MwStSystRL).",
        "fr": "Livraison intracommunautaire exonérée de TVA (art. 138 de la directive 2006/112/CE).",
    },
    "export": {
        "en": "Export of goods, free of VAT (Art. 146 Directive 2006/112/EC).",
        "de": "Steuerfreie Ausfuhrlieferung (Art. 146 MwStSystRL).",
        "fr": "Exportation de biens exonérée de TVA (art. 146 de la directive 2006/112/CE).",
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
    "voucher": {
        "en": "Multi-purpose voucher: VAT is due on what it pays, not on its sale (Art. 30b(2) Directive 2006/112/EC).",
        "de": "Mehrzweckgutschein: Besteuert wird, was er bezahlt, nicht sein Verkauf (Art. 30b Abs. 2 MwStSystRL).",
        "fr": "Bon à usages multiples : TVA non due sur sa vente, mais sur ce qu'il règle "
              "(art. 30 ter, par. 2, de la directive 2006/112/CE).",
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


def reason_text(reason: str, language: str) -> str:
    """A reason as printed: that of the table in the language; a person's own words as they are."""
    return REASONS[reason][language] if reason in REASONS else reason


def treated(sales: pl.DataFrame) -> pl.DataFrame:
    """`sales` with tax_category, tax_reason and tax_country by the first row of `TREATMENTS` that fits.

    sales   seller_country, seller_tax_id, buyer_country, buyer_tax_id (null where none), buyer_kind ('person' is a
            consumer), tax_class, tax_point (a day); where known: supply ('goods' or 'services', the default),
            one_stop_shop (false by default); and where a person decided otherwise override_category and
            override_reason (null elsewhere)

    `tax_country` is whose rates hold. Raises `ValueError` for an override without a reason or to no category.
    """
    asked = sales.select(expression.alias(f"_{name}") for name, expression in _asked(sales).items())
    keyed = pl.concat([sales, asked], how="horizontal")
    found = keyed.join(_of_table(asked.unique()), on=asked.columns, nulls_equal=True, maintain_order="left")
    at_buyer = pl.col("_place") == "buyer"
    country = pl.when(at_buyer).then("buyer_country").otherwise("seller_country").alias("tax_country")
    answered = found.with_columns(country).drop(*asked.columns, "_place")
    return _overridden(answered) if "override_category" in sales.columns else answered


def _of_table(kinds: pl.DataFrame) -> pl.DataFrame:
    """Distinct kinds of sales, with the first row of `TREATMENTS` that fits each."""
    chosen = pl.lit(None, dtype=pl.Int64)
    conditions = _conditions()
    for number, row in reversed(list(enumerate(TREATMENTS))):
        wanted = [column == getattr(row, name) for name, column in conditions.items() if getattr(row, name) is not None]
        chosen = pl.when(pl.all_horizontal(wanted) if wanted else pl.lit(True)).then(number).otherwise(chosen)

    def of_row(name: str) -> pl.Expr:
        values = {number: getattr(row, name) for number, row in enumerate(TREATMENTS)}
        return pl.col("_row").replace_strict(values, return_dtype=pl.String)

    return kinds.with_columns(chosen.alias("_row")).with_columns(
        of_row("category").alias("tax_category"), of_row("reason").alias("tax_reason"), of_row("place").alias("_place"),
    ).drop("_row")


def _asked(sales: pl.DataFrame) -> dict[str, pl.Expr]:
    """All of a sale that its treatment depends on: few differ, however many sales there are."""
    def known(name: str, default: str | bool) -> pl.Expr:
        return pl.col(name).fill_null(default) if name in sales.columns else pl.lit(default)

    return {
        "seller": pl.col("seller_country"), "buyer": pl.col("buyer_country"), "day": pl.col("tax_point"),
        "registered": pl.col("seller_tax_id").is_not_null(), "buyer_id": pl.col("buyer_tax_id").is_not_null(),
        "person": pl.col("buyer_kind") == "person", "goods": known("supply", "services") == "goods",
        "one_stop_shop": known("one_stop_shop", False), "tax_class": pl.col("tax_class"),
    }


def _conditions() -> dict[str, pl.Expr]:
    """What the table asks of a sale, by the names of `Treatment`."""
    seller, buyer, day = pl.col("_seller"), pl.col("_buyer"), pl.col("_day")
    given = ("registered", "buyer_id", "person", "goods", "one_stop_shop", "tax_class")
    return {name: pl.col(f"_{name}") for name in given} | {
        "same": seller == buyer, "seller_eu": in_eu(seller, day), "buyer_eu": in_eu(buyer, day)}


def _overridden(sales: pl.DataFrame) -> pl.DataFrame:
    """With the category that a person chose and the reason they gave; taxed sales print none (BR-S-10)."""
    category, reason = pl.col("override_category"), pl.col("override_reason")
    wrong = sales.filter(category.is_not_null()).filter(
        ~category.is_in(CATEGORIES) | (reason.fill_null("").str.strip_chars() == ""))
    if wrong.height:
        what = wrong.row(0, named=True)
        raise ValueError(f"a tax treatment is overridden by one of {', '.join(CATEGORIES)}, with a reason; not by "
                         f"“{what['override_category']}” for “{what['override_reason'] or ''}”")
    told = pl.when(category == "S").then(pl.lit("")).otherwise(reason)
    return sales.with_columns(
        pl.coalesce(category, "tax_category").alias("tax_category"),
        pl.when(category.is_null()).then("tax_reason").otherwise(told).alias("tax_reason"),
        pl.when(category.is_null()).then("tax_country").otherwise("seller_country").alias("tax_country"),
    )


def at_rates(lines: pl.DataFrame, rates: pl.DataFrame) -> pl.DataFrame:
    """`lines` with `tax_rate`: the dated rate of the country and tax class where taxed, zero elsewhere.

    lines   tax_category, tax_class, tax_country (without that column seller_country), tax_point (without it
            service_to)
    rates   country, tax_class, rate, valid_from, valid_to (exclusive, null for open)

    A taxed line without a dated rate gets zero, which is no valid rate of category S; a check blocks it. Raises
    `polars.exceptions.ComputeError` where two rates hold on one day.
    """
    country = "tax_country" if "tax_country" in lines.columns else "seller_country"
    point = "tax_point" if "tax_point" in lines.columns else "service_to"
    key = [country, "tax_class", point]
    dated = lines.select(key).unique().join(
        rates.select(pl.col("country").alias(country), "tax_class", "rate", "valid_from", "valid_to"),
        on=[country, "tax_class"],
    ).filter(in_force(pl.col(point)))
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
    shared, summed = taxed_together(lines, ["document_key", "tax_category", "tax_rate"], "amount")
    return shared, summed.select(
        "document_key", pl.col("tax_category").alias("category"), pl.col("tax_rate").alias("rate"), "base", "tax",
        pl.col("tax_reason").alias("reason"),
    ).sort("document_key", "category", "rate")


def taxed_together(lines: pl.DataFrame, group: list[str], base: str) -> tuple[pl.DataFrame, pl.DataFrame]:
    """`lines` with `tax`, and their groups with base, tax and tax_reason: Σ base × tax_rate rounded once in each."""
    summed = lines.group_by(group, maintain_order=True).agg(
        pl.col(base).sum().alias("base"), pl.col("exponent").first(), pl.col("tax_reason").first())
    summed = summed.with_row_index("_group").with_columns(
        round_quotient_expr(exact_tax("base"), pl.lit(1), pl.col("exponent")).alias("tax"))
    keyed = lines.join(summed.select(*group, "_group"), on=group, maintain_order="left")
    shared = apportion_frame(keyed.with_columns(exact_tax(base).alias("_exact")), by="_group", part="_exact",
                             out="tax")
    return shared.drop("_group", "_exact"), summed.drop("_group")


def exact_tax(amount: str) -> pl.Expr:
    """amount × tax_rate, exactly."""
    return pl.col(amount).cast(RATIO) * pl.col("tax_rate").cast(RATIO)
