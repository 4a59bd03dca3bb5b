"""The words of every step of an explanation, in English, German and French.

A step's own name is what a term or factor is called in a table. The keys with “say_” are how it reads within a line of
arithmetic, where that differs. `{…}` marks what is filled in.
"""

from types import MappingProxyType
from typing import Final

from duly.formats.units import LANGUAGES

_WORDS: Final[dict[str, tuple[str, str, str]]] = {
    # work
    "seconds": ("Time", "Zeit", "Temps"),
    "rate": ("Rate", "Satz", "Taux"),
    "say_rate": ("{price} per h", "{price} je h", "{price} par h"),
    "hour": ("Per hour", "Je Stunde", "Par heure"),
    "entry": ("1 entry", "1 Eintrag", "1 saisie"),
    "entries": ("{count} entries", "{count} Einträge", "{count} saisies"),
    "worked": ("worked {time}", "geleistet {time}", "travaillé {time}"),
    "cost": ("Cost", "Kosten", "Coût"),
    "say_cost": ("cost {amount}", "Kosten {amount}", "coût {amount}"),
    "markup": ("Mark-up {rate}", "Aufschlag {rate}", "Majoration {rate}"),
    "say_markup": ("{factor} (mark-up {rate})", "{factor} (Aufschlag {rate})", "{factor} (majoration {rate})"),
    "exchange": ("Exchange rate", "Kurs", "Cours de change"),
    "say_exchange": ("{factor} (exchange rate)", "{factor} (Kurs)", "{factor} (cours de change)"),
    "agreed": ("Agreed amount", "Vereinbarter Betrag", "Montant convenu"),
    "accepted": ("Accepted", "Abgenommen", "Part acceptée"),
    # prices and periods
    "price": ("Price", "Preis", "Prix"),
    "quantity": ("Quantity", "Menge", "Quantité"),
    "each": ("Price", "Preis", "Prix"),
    "days": ("{here} of {whole} days", "{here} von {whole} Tagen", "{here} jours sur {whole}"),
    "period_days": ("Days of the period", "Tage des Zeitraums", "Jours de la période"),
    "span_seconds": ("{here} of {whole} hours", "{here} von {whole} Stunden", "{here} heures sur {whole}"),
    "period_seconds": ("Time of the period", "Zeit des Zeitraums", "Durée de la période"),
    # use, in tiers and packages
    "included": ("Included: {included} of {quantity}", "Enthalten: {included} von {quantity}",
                 "Inclus : {included} sur {quantity}"),
    "units": ("Quantity", "Menge", "Quantité"),
    "tier": ("{tier}", "{tier}", "{tier}"),
    "up_to": ("Up to {up_to}", "Bis {up_to}", "Jusqu’à {up_to}"),
    "between": ("Over {above} to {up_to}", "Über {above} bis {up_to}", "Plus de {above} à {up_to}"),
    "above": ("Over {above}", "Über {above}", "Plus de {above}"),
    "all": ("Any quantity", "Jede Menge", "Toute quantité"),
    "flat": ("Flat price, {tier}", "Pauschale, {tier}", "Forfait, {tier}"),
    "say_flat": ("{price} flat", "{price} pauschal", "{price} forfaitaires"),
    "packages": ("Packages of {size} for {quantity}", "Pakete zu {size} für {quantity}",
                 "Lots de {size} pour {quantity}"),
    "say_packages": ("{count} packages of {size}", "{count} Pakete zu {size}", "{count} lots de {size}"),
    "say_package": ("1 package of {size}", "1 Paket zu {size}", "1 lot de {size}"),
    "nothing": ("Nothing to bill", "Nichts zu berechnen", "Rien à facturer"),
    # money that moved or was held
    "percentage": ("Percentage of the amounts", "Prozentsatz der Beträge", "Pourcentage des montants"),
    "fixed": ("Fixed fee for each", "Feste Gebühr je Vorgang", "Frais fixes par opération"),
    "at_minimum": ("At the lowest fee", "Zur Mindestgebühr", "Aux frais minimaux"),
    "say_at_minimum": ("{product} (lowest fee)", "{product} (Mindestgebühr)", "{product} (frais minimaux)"),
    "at_maximum": ("At the highest fee", "Zur Höchstgebühr", "Aux frais maximaux"),
    "say_at_maximum": ("{product} (highest fee)", "{product} (Höchstgebühr)", "{product} (frais maximaux)"),
    "transaction": ("1 transaction", "1 Vorgang", "1 opération"),
    "transactions": ("{count} transactions", "{count} Vorgänge", "{count} opérations"),
    "balance_days": ("Average balance", "Durchschnittlicher Saldo", "Solde moyen"),
    "say_balance_days": ("average balance {amount}", "durchschnittlicher Saldo {amount}", "solde moyen {amount}"),
    "closing": ("Closing balance", "Schlusssaldo", "Solde de clôture"),
    "say_closing": ("closing balance {amount}", "Schlusssaldo {amount}", "solde de clôture {amount}"),
    "balance_tier": ("{balance}, {tier}", "{balance}, {tier}", "{balance}, {tier}"),
    "over_days": ("{amount} ÷ {days} days", "{amount} ÷ {days} Tage", "{amount} ÷ {days} jours"),
    "counted_days": ("{here} of {whole} days of a year", "{here} von {whole} Tagen des Jahres",
                     "{here} jours sur {whole} de l’année"),
    "say_counted_days": ("{here}/{whole}", "{here}/{whole}", "{here}/{whole}"),
    "year": ("Days of a year", "Tage des Jahres", "Jours de l’année"),
    # limits, commitments, what was told late
    "minimum": ("Minimum of the period", "Mindestbetrag des Zeitraums", "Minimum de la période"),
    "say_minimum": ("at least {amount}", "mindestens {amount}", "au moins {amount}"),
    "maximum": ("At most", "Höchstens", "Au plus"),
    "say_maximum": ("at most {amount}", "höchstens {amount}", "au plus {amount}"),
    "committed": ("Commitment", "Mindestabnahme", "Engagement"),
    "say_committed": ("{amount} committed", "{amount} Mindestabnahme", "{amount} d’engagement"),
    "billed_before": ("Billed before", "Zuvor berechnet", "Déjà facturé"),
    "say_billed_before": ("{amount} billed before", "{amount} zuvor berechnet", "{amount} déjà facturés"),
    "billed": ("Billed", "Berechnet", "Facturé"),
    "say_billed": ("{amount} billed", "{amount} berechnet", "{amount} facturés"),
    "late": ("Reported late: {late}, beside {quantity} billed", "Nachgemeldet: {late} zu {quantity} berechneten",
             "Déclaré tardivement : {late}, en plus de {quantity} facturés"),
    "with_late": ("With late use", "Mit dem Nachgemeldeten", "Avec les déclarations tardives"),
    "say_with_late": ("{amount} with late use", "{amount} mit dem Nachgemeldeten",
                      "{amount} avec les déclarations tardives"),
    # credits of unused time
    "unused_days": ("{here} of {whole} days unused", "{here} von {whole} Tagen ungenutzt",
                    "{here} jours sur {whole} non utilisés"),
    "billed_days": ("Days billed", "Berechnete Tage", "Jours facturés"),
    "unused_seconds": ("{here} of {whole} hours unused", "{here} von {whole} Stunden ungenutzt",
                       "{here} heures sur {whole} non utilisées"),
    "billed_seconds": ("Time billed", "Berechnete Zeit", "Durée facturée"),
    "say_unused": ("{share} of {amount} billed", "{share} von berechneten {amount}", "{share}, de {amount} facturés"),
    "credited": ("Credited in full", "Ganz erstattet", "Crédité en totalité"),
    "say_credited": ("{amount} billed, credited in full", "{amount} berechnet, ganz erstattet",
                     "{amount} facturés, crédités en totalité"),
    # what is taken off
    "discount": ("Discount {name}", "Rabatt {name}", "Remise {name}"),
    "say_discount": ("{name}", "{name}", "{name}"),
    "discount_rate": ("Discount {rate} {name}", "Rabatt {rate} {name}", "Remise {rate} {name}"),
    "say_discount_rate": ("{rate} {name}", "{rate} {name}", "{rate} {name}"),
    "share_of": ("its share of {taken} on {of}", "Anteil an {taken} auf {of}", "sa part de {taken} sur {of}"),
    "draw_down": ("Covered by {name}", "Gedeckt durch {name}", "Couvert par {name}"),
    "say_draw_down": ("covered by {name}", "gedeckt durch {name}", "couvert par {name}"),
    "cap": ("Beyond the cap of {cap}", "Über der Obergrenze von {cap}", "Au-delà du plafond de {cap}"),
    "say_cap": ("beyond the cap of {cap}", "über der Obergrenze von {cap}", "au-delà du plafond de {cap}"),
    "cap_before": ("{before} of it billed before", "davon {before} zuvor berechnet", "dont {before} déjà facturés"),
    "deposit": ("Deposit {document} of {on}", "Anzahlung {document} vom {on}", "Acompte {document} du {on}"),
    "progressive": ("Billed in advance, {document} of {on}", "Vorab berechnet, {document} vom {on}",
                    "Facturé par avance, {document} du {on}"),
    "credit": ("Prepaid credit {document} of {on}", "Guthaben {document} vom {on}",
               "Crédit prépayé {document} du {on}"),
    "open": ("of {open} open", "von offenen {open}", "sur {open} restants"),
    # tax, roundings
    "tax_days": ("{here} of {whole} days at this tax rate", "{here} von {whole} Tagen zu diesem Steuersatz",
                 "{here} jours sur {whole} à ce taux de taxe"),
    "service_days": ("Days of the service", "Tage der Leistung", "Jours de la prestation"),
    "shared": ("Share of the rounding", "Anteil an der Rundung", "Part de l’arrondi"),
    "say_shared": ("{amount} share of the rounding", "{amount} Anteil an der Rundung", "{amount} de part de l’arrondi"),
    "net": ("Net amount", "Nettobetrag", "Montant HT"),
    "withheld": ("Withheld {rate}", "Einbehalt {rate}", "Retenue {rate}"),
    "say_withheld": ("{rate} withheld", "{rate} einbehalten", "{rate} retenus"),
    "sum": ("Sum", "Summe", "Somme"),
    "rounded": ("rounded", "gerundet", "arrondi"),
    "round": ("Amount", "Betrag", "Montant"),
    # a retainer's statement
    "granted": ("Granted", "Kontingent", "Forfait de la période"),
    "carried_in": ("Carried in", "Übertrag", "Report"),
    "repaid": ("Lent the period before", "Im Vorzeitraum vorab genutzt", "Anticipé la période précédente"),
    "used": ("Used", "Genutzt", "Utilisé"),
    "borrowed": ("Borrowed from the next period", "Aus dem Folgezeitraum vorgezogen", "Anticipé sur la suivante"),
    "overage": ("Beyond it", "Darüber hinaus", "En dépassement"),
    "expired": ("Expired", "Verfallen", "Expiré"),
    "carried_out": ("Left for later", "Bleibt übrig", "Reste à utiliser"),
    # what people changed
    "kept": ("Kept", "Belassen", "Conservé"),
    "write_down": ("Reduced to {amount} of {was}", "Gemindert auf {amount} von {was}", "Réduit à {amount} sur {was}"),
    "say_write_down": ("{amount}/{was} (reduced)", "{amount}/{was} (gemindert)", "{amount}/{was} (réduit)"),
    "reword": ("Reworded", "Umformuliert", "Reformulé"),
    # the whole
    "title": ("How it was computed", "So wurde gerechnet", "Détail du calcul"),
    "see": ("See “{title}”, no. {position}", "Siehe „{title}“, Pos. {position}", "Voir « {title} », n° {position}"),
    "what": ("What", "Was", "Élément"),
    "factor": ("Factor", "Faktor", "Facteur"),
    "amount": ("Amount {currency}", "Betrag {currency}", "Montant {currency}"),
}

WORDS: Final = MappingProxyType({
    language: MappingProxyType({name: words[at] for name, words in _WORDS.items()})
    for at, language in enumerate(LANGUAGES)
})
"""`WORDS[language][key]`."""
