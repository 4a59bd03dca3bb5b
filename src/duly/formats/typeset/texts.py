"""Every fixed text of the documents: one row per text, in English, German and French.

`{…}` marks what is filled in. German avoids "Gutschrift" for a credit note: in § 14 (2) UStG that word means
self-billing, and using it wrongly can make the tax due twice (UStAE 14c.1 (3)).
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from duly.formats.units import LANGUAGES

_TEXTS: Final[dict[str, tuple[str, str, str]]] = {
    # titles
    "invoice": ("Invoice", "Rechnung", "Facture"),
    "credit_note": ("Credit note", "Rechnungskorrektur", "Avoir"),
    "proforma": ("Pro forma invoice", "Proforma-Rechnung", "Facture pro forma"),
    "deposit": ("Deposit invoice", "Anzahlungsrechnung", "Facture d’acompte"),
    "receipt": ("Receipt", "Zahlungsbestätigung", "Reçu de paiement"),
    "draft": ("Draft", "Entwurf", "Brouillon"),
    "title_of": ("{kind} {number}", "{kind} {number}", "{kind} {number}"),
    "page_of": ("Page {page} of {pages}", "Seite {page} von {pages}", "Page {page} sur {pages}"),
    # key facts
    "number": ("Number", "Nummer", "Numéro"),
    "issued_on": ("Issue date", "Ausstellungsdatum", "Date d’émission"),
    "due_on": ("Due date", "Fällig am", "Échéance"),
    "service_period": ("Service period", "Leistungszeitraum", "Période de prestation"),
    "service_date": ("Service date", "Leistungsdatum", "Date de prestation"),
    "tax_point": ("Tax point", "Steuerentstehung", "Fait générateur"),
    "account_number": ("Customer no.", "Kundennummer", "N° client"),
    "purchase_order": ("Purchase order", "Bestellnummer", "Bon de commande"),
    "buyer_reference": ("Your reference", "Ihre Referenz", "Votre référence"),
    "agreements": ("Agreement", "Vertrag", "Contrat"),
    "corrects": ("Corrects", "Korrigiert", "Rectifie"),
    "buyer_vat": ("Your VAT ID", "Ihre USt-IdNr.", "Votre n° TVA"),
    "dated": ("{number} of {date}", "{number} vom {date}", "{number} du {date}"),
    # lines
    "position": ("No.", "Pos.", "N°"),
    "description": ("Description", "Leistung", "Désignation"),
    "quantity": ("Quantity", "Menge", "Quantité"),
    "unit_price": ("Unit price", "Einzelpreis", "Prix unitaire"),
    "vat": ("VAT", "USt", "TVA"),
    "sales_tax": ("Tax", "Steuer", "Taxe"),
    "amount_in": ("Amount {currency}", "Betrag {currency}", "Montant {currency}"),
    "amount_gross_in": ("Amount {currency} incl. tax", "Betrag {currency} inkl. Steuer", "Montant TTC {currency}"),
    "subtotal": ("Subtotal {section}", "Zwischensumme {section}", "Sous-total {section}"),
    "time": ("Time", "Zeitaufwand", "Temps passé"),
    "expenses": ("Expenses", "Auslagen", "Frais"),
    "milestones": ("Milestones", "Meilensteine", "Jalons"),
    "recurring": ("Recurring services", "Laufende Leistungen", "Prestations récurrentes"),
    "one_off": ("One-off services", "Einmalige Leistungen", "Prestations ponctuelles"),
    "unused": ("Credit for unused time", "Erstattung ungenutzter Zeit", "Crédit pour temps non utilisé"),
    "usage": ("Usage", "Nutzung", "Consommation"),
    "percentages": ("Fees on turnover", "Umsatzgebühren", "Commissions sur opérations"),
    "balances": ("Fees on balances", "Gebühren auf Bestände", "Frais sur encours"),
    "true_ups": ("Up to the agreed minimum", "Auffüllung auf den Mindestbetrag", "Complément au minimum convenu"),
    "late_usage": ("Usage of earlier periods", "Nutzung früherer Zeiträume", "Consommation de périodes antérieures"),
    "progressive_bill": ("Run up in open periods", "Aufgelaufen in offenen Zeiträumen",
                         "Accumulé sur des périodes en cours"),
    "covered": ("Covered by your retainer", "Aus Ihrem Kontingent", "Couvert par votre forfait"),
    "credits": ("Prepaid credit", "Guthaben", "Crédit prépayé"),
    "progressives": ("Billed in advance", "Vorab berechnet", "Facturé par avance"),
    "deposits": ("Deposits", "Anzahlungen", "Acomptes"),
    # totals
    "net": ("Net amount", "Nettobetrag", "Total HT"),
    "tax_at": ("{tax} {rate} on {base}", "{rate} {tax} auf {base}", "{tax} {rate} sur {base}"),
    "total": ("Total", "Gesamtbetrag", "Total TTC"),
    "prepaid": ("Already paid", "Bereits gezahlt", "Déjà réglé"),
    "voucher": ("Paid by voucher, {number}", "Mit Gutschein bezahlt, {number}", "Réglé par bon, {number}"),
    "withheld": ("Withheld: {name} {rate} of {base}", "Einbehalten: {name} {rate} von {base}",
                 "Retenu à la source : {name} {rate} de {base}"),
    "rounding": ("Rounding", "Rundung", "Arrondi"),
    "payable": ("Amount due", "Zahlbetrag", "Net à payer"),
    "credited": ("Amount credited", "Erstattungsbetrag", "Montant crédité"),
    "nothing_due": ("Nothing to pay", "Nichts zu zahlen", "Rien à payer"),
    "due_by": ("due by {date}", "fällig am {date}", "à régler au plus tard le {date}"),
    # payment
    "payment": ("Payment", "Zahlung", "Paiement"),
    "terms": (
        "Payable without deduction within {days} days, by {date}.",
        "Zahlbar ohne Abzug innerhalb von {days} Tagen, bis {date}.",
        "Payable sans escompte sous {days} jours, au plus tard le {date}.",
    ),
    "terms_at_once": (
        "Payable without deduction on receipt.",
        "Zahlbar sofort nach Erhalt ohne Abzug.",
        "Payable à réception, sans escompte.",
    ),
    "terms_by": (
        "Payable without deduction by {date}.",
        "Zahlbar ohne Abzug bis {date}.",
        "Payable sans escompte au plus tard le {date}.",
    ),
    "holder": ("Account holder", "Kontoinhaber", "Titulaire"),
    "bank": ("Bank", "Bank", "Banque"),
    "reference": ("Reference", "Verwendungszweck", "Référence"),
    "scan": ("Scan to pay", "Scannen und zahlen", "Scanner pour payer"),
    "scan_alt": (
        "Payment code for banking apps: {amount} to {holder}, IBAN {iban}, reference {reference}",
        "Zahlungscode für Banking-Apps: {amount} an {holder}, IBAN {iban}, Verwendungszweck {reference}",
        "Code de paiement pour applications bancaires : {amount} à {holder}, IBAN {iban}, référence {reference}",
    ),
    "logo_alt": ("Logo of {name}", "Logo von {name}", "Logo de {name}"),
    # notices
    "proforma_notice": (
        "This pro forma invoice is not a tax invoice and gives no right to deduct input tax.",
        "Diese Proforma-Rechnung ist keine Rechnung im Sinne des UStG und berechtigt nicht zum Vorsteuerabzug.",
        "Cette facture pro forma n’a pas de valeur fiscale et n’ouvre pas droit à déduction de la TVA.",
    ),
    "draft_notice": (
        "Draft for your review. It is not an invoice, and nothing is to be paid on it.",
        "Entwurf zur Prüfung. Dies ist keine Rechnung; bitte zahlen Sie noch nicht.",
        "Projet soumis à votre vérification. Ce n’est pas une facture ; merci de ne rien régler à ce stade.",
    ),
    # why no tax is charged, where the document brings no text of its own (EN 16931 category codes)
    "reason_AE": (
        "Reverse charge: the recipient is liable for the VAT (Article 196 of Directive 2006/112/EC).",
        "Steuerschuldnerschaft des Leistungsempfängers (Artikel 196 der Richtlinie 2006/112/EG).",
        "Autoliquidation : la TVA est due par le preneur (article 196 de la directive 2006/112/CE).",
    ),
    "reason_K": (
        "VAT-exempt intra-Community supply (Article 138 of Directive 2006/112/EC).",
        "Steuerfreie innergemeinschaftliche Lieferung (Artikel 138 der Richtlinie 2006/112/EG).",
        "Livraison intracommunautaire exonérée de TVA (article 138 de la directive 2006/112/CE).",
    ),
    "reason_G": (
        "VAT-exempt export (Article 146 of Directive 2006/112/EC).",
        "Steuerfreie Ausfuhrlieferung (Artikel 146 der Richtlinie 2006/112/EG).",
        "Exportation exonérée de TVA (article 146 de la directive 2006/112/CE).",
    ),
    "reason_O": (
        "Not subject to VAT.",
        "Nicht steuerbar.",
        "Opération non soumise à la TVA.",
    ),
    "reason_E": ("Exempt from VAT.", "Steuerfrei.", "Opération exonérée de TVA."),
    "reason_Z": ("Zero-rated.", "Nullsatz.", "Taux zéro."),
    # the seller’s details
    "scheme_VAT": ("VAT ID", "USt-IdNr.", "N° TVA"),
    "scheme_TAX": ("Tax no.", "Steuernr.", "N° fiscal"),
    # the time record
    "annex": ("Time record", "Leistungsnachweis", "Relevé du temps passé"),
    "annex_to": ("for {title}", "zu {title}", "joint à : {title}"),
    "date": ("Date", "Datum", "Date"),
    "person": ("Person", "Person", "Intervenant"),
    "duration": ("Time", "Zeit", "Durée"),
    "billed": ("Billed", "Berechnet", "Facturé"),
    "total_of": ("Total {name}", "Summe {name}", "Total {name}"),
    "all_projects": ("Total time", "Gesamtzeit", "Temps total"),
    "no_project": ("Without project", "Ohne Projekt", "Sans projet"),
    # receipt
    "thanks": (
        "We have received your payment. Thank you.",
        "Wir haben Ihre Zahlung erhalten. Vielen Dank.",
        "Nous accusons réception de votre règlement et vous en remercions.",
    ),
    "received": ("Amount received", "Zahlungseingang", "Montant reçu"),
    "received_on": ("Received on", "Eingegangen am", "Reçu le"),
    "method": ("Payment method", "Zahlungsart", "Mode de paiement"),
    "payment_reference": ("Payment reference", "Zahlungsreferenz", "Réf. du paiement"),
    "document": ("Document", "Beleg", "Document"),
    "document_total": ("Total {currency}", "Betrag {currency}", "Total {currency}"),
    "settled": ("Settled {currency}", "Beglichen {currency}", "Réglé {currency}"),
    "open_after": ("Still open {currency}", "Noch offen {currency}", "Reste dû {currency}"),
    "on_account": ("Kept on your account", "Als Guthaben verbucht", "Porté au crédit de votre compte"),
    "bank_transfer": ("Bank transfer", "Überweisung", "Virement"),
    "card": ("Card", "Karte", "Carte"),
    "cash": ("Cash", "Bar", "Espèces"),
    "cheque": ("Cheque", "Scheck", "Chèque"),
    "direct_debit": ("Direct debit", "Lastschrift", "Prélèvement"),
    "withholding": ("Tax withheld", "Einbehaltene Steuer", "Retenue à la source"),
}

TEXTS: Final = MappingProxyType(
    {
        language: MappingProxyType({name: texts[at] for name, texts in _TEXTS.items()})
        for at, language in enumerate(LANGUAGES)
    }
)
