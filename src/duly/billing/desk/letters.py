"""What the mail that carries a document says, in the document's language. Plain text, one short letter per kind."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

from babel.dates import format_date
from babel.numbers import format_decimal

OWED: Final = ("invoice", "deposit")
"""Kinds that ask for money by a day."""

TITLES: Final[dict[str, dict[str, str]]] = {
    "en": {"invoice": "invoice", "deposit": "deposit invoice", "credit_note": "credit note",
           "proforma": "proforma invoice", "receipt": "receipt"},
    "de": {"invoice": "Rechnung", "deposit": "Anzahlungsrechnung", "credit_note": "Rechnungskorrektur",
           "proforma": "Proforma-Rechnung", "receipt": "Zahlungsbestätigung"},
    "fr": {"invoice": "facture", "deposit": "facture d’acompte", "credit_note": "avoir",
           "proforma": "facture pro forma", "receipt": "reçu"},
}

SUBJECTS: Final = {
    "en": "{title} {number} from {seller}",
    "de": "{title} {number} von {seller}",
    "fr": "{title} {number} de {seller}",
}

ASKING: Final = {
    "en": """Hello,

Please find attached {title} {number} of {issued_on} over {amount}, due on {due_on}.
Please name {number} with your payment.

Kind regards
{signature}
""",
    "de": """Guten Tag,

anbei erhalten Sie die {title} {number} vom {issued_on} über {amount}, zahlbar bis {due_on}.
Bitte geben Sie bei der Zahlung {number} an.

Mit freundlichen Grüßen
{signature}
""",
    "fr": """Bonjour,

Veuillez trouver ci-joint : {title} {number} du {issued_on}, d’un montant de {amount}.
Merci de régler cette somme au plus tard le {due_on} en rappelant la référence {number}.

Cordialement,
{signature}
""",
}

SETTLED: Final = {
    "en": """Hello,

Please find attached {title} {number} of {issued_on}. There is nothing left to pay.

Kind regards
{signature}
""",
    "de": """Guten Tag,

anbei erhalten Sie die {title} {number} vom {issued_on}. Es ist nichts mehr zu zahlen.

Mit freundlichen Grüßen
{signature}
""",
    "fr": """Bonjour,

Veuillez trouver ci-joint : {title} {number} du {issued_on}. Il ne reste rien à régler.

Cordialement,
{signature}
""",
}

TELLING: Final = {
    "en": """Hello,

Please find attached {title} {number} of {issued_on} over {amount}.

Kind regards
{signature}
""",
    "de": """Guten Tag,

anbei erhalten Sie die {title} {number} vom {issued_on} über {amount}.

Mit freundlichen Grüßen
{signature}
""",
    "fr": """Bonjour,

Veuillez trouver ci-joint : {title} {number} du {issued_on}, d’un montant de {amount}.

Cordialement,
{signature}
""",
}


@dataclass(frozen=True, slots=True)
class About:
    """The facts of a document that its letter names. `exponent` is the number of decimals of the currency."""

    kind: str
    language: str
    number: str
    issued_on: date
    due_on: date | None
    total: Decimal
    currency: str
    exponent: int
    seller: str
    seller_email: str
    seller_phone: str


def written(about: About) -> tuple[str, str]:
    """Subject and body of the mail about a document, amounts and dates as its language writes them."""
    language = about.language
    title = TITLES[language][about.kind]
    subject = SUBJECTS[language].format(title=title[0].upper() + title[1:], number=about.number, seller=about.seller)
    asking = ASKING if about.total else SETTLED
    body = (asking if about.kind in OWED else TELLING)[language].format(
        title=title, number=about.number, issued_on=_day(about.issued_on, language), amount=_amount(about),
        due_on=_day(about.due_on, language) if about.due_on else "",
        signature="\n".join(part for part in (about.seller, about.seller_email, about.seller_phone) if part),
    )
    return " ".join(subject.split()), body


def _day(day: date, language: str) -> str:
    return format_date(day, format="long", locale=language)


def _amount(about: About) -> str:
    decimals = "." + "0" * about.exponent if about.exponent else ""
    return f"{format_decimal(about.total, format=f'#,##0{decimals}', locale=about.language)} {about.currency}"
