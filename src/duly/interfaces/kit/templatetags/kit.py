"""The components, as template tags. Loaded everywhere: no page needs `{% load %}` for them."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any

from django import template
from django.forms import BoundField
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from lucide.templatetags.lucide import lucide

from duly.billing.kernel.authority import Actor
from duly.interfaces.kit import charts, printing

register = template.Library()
simple = register.simple_tag


@simple
@lru_cache(maxsize=512)  # a list draws the same one in each row
def icon(name: str, size: int = 17) -> SafeString:
    """`{% icon "users" %}`: a lucide icon, decoration only."""
    return SafeString(lucide(str(name) + "", size=size, aria_hidden="true"))


@simple
def money(value: Decimal | str | None, currency: str) -> SafeString:
    """`{% money row.total row.currency %}`: an amount, its minor units dimmed; all of it where it is nothing."""
    if value is None or value == "":
        return SafeString("")
    amount = printing.money(value, currency)
    return format_html('<span class="money{}">{}{}{}<small>{}</small></span>', "" if Decimal(value) else " zero",
                       amount.sign, amount.symbol, amount.whole, amount.fraction)


@register.filter
def plain_money(value: Decimal | str, currency: str) -> str:
    """`{{ total|plain_money:currency }}`: an amount as text, for titles and labels."""
    return str(printing.money(value, currency))


@simple
def day(value: date | None) -> SafeString:
    """`{% day row.due_on %}`: a date that cannot be misread."""
    if value is None:
        return SafeString("")
    return format_html('<time datetime="{}">{}</time>', value.isoformat(), printing.day(value))


@simple
def moment(value: datetime | None) -> SafeString:
    """`{% moment event.at %}`: an instant with its time zone."""
    if value is None:
        return SafeString("")
    return format_html('<time datetime="{}">{}</time>', value.isoformat(), printing.moment(value))


@register.filter
def ago(then: date, on: date) -> str:
    """`{{ row.due_on|ago:on }}`: 3 days ago, in 5 days."""
    return printing.ago(then, on)


@register.filter
def hours(seconds: int | Decimal | None) -> str:
    """`{{ entry.quantity|hours }}`: seconds as 7:30; nothing for what has no time."""
    return "" if seconds is None else printing.hours(seconds)


@register.filter
def signed(percent: Decimal | None) -> str:
    """`{{ row.percent|signed }}`: +12.4%."""
    return printing.signed_percent(percent)


@register.filter
def share(of_one: Decimal) -> str:
    """`{{ tax.rate|share }}`: 19%, 5.5%."""
    return f"{(of_one * 100).normalize():f}%"


@simple
def pill(text: str, tone: str = "mute") -> SafeString:
    """`{% pill "Overdue" "bad" %}`: a state; tones good, bad, warn, info, mute."""
    return format_html('<span class="pill {}">{}</span>', tone, text)


@simple
def avatar(name: str) -> SafeString:
    """`{% avatar person.name %}`: a person by their initials."""
    return format_html('<i class="avatar" role="img" aria-label="{0}" title="{0}">{1}</i>', name,
                       printing.initials(name))


@simple
def progress(value: int, total: int, label: str) -> SafeString:
    """`{% progress 14 19 "Accounts drafted" %}`: how far something is, in words too."""
    return format_html('<progress max="{}" value="{}" aria-label="{}">{} of {}</progress>', total or 1, value, label,
                       value, total)


@simple
def spark(values: Sequence[charts.Number]) -> SafeString:
    """`{% spark months %}`: a small line without axes, decoration beside its figure."""
    return format_html('<svg class="spark" viewBox="0 0 96 28" aria-hidden="true"><polyline points="{}"/></svg>',
                       charts.spark(values))


@register.inclusion_tag("kit/stat.html")
def stat(label: str, value: Any, currency: str = "", url: str = "", note: str = "", delta: str = "",
         tone: str = "", trend: Sequence[charts.Number] = ()) -> dict[str, Any]:
    """`{% stat "Overdue" total "EUR" url=… note="264 invoices" delta="+4.8%" tone="poor" trend=months %}`: a tile."""
    rises = not delta.startswith(("-", printing.MINUS))
    return {"label": label, "value": value, "currency": currency, "url": url, "note": note,
            "delta": delta.lstrip("+-" + printing.MINUS), "tone": tone, "rises": rises, "trend": trend}


@register.filter
def noun(name: str, count: int) -> str:
    """`{{ "entries"|noun:1 }}`: "entry" for one, as it stands for any other count."""
    if count != 1:
        return name
    return f"{name[:-3]}y" if name.endswith("ies") else name.removesuffix("s")


@register.inclusion_tag("kit/empty.html")
def empty(title: str, text: str = "", icon: str = "inbox", url: str = "", action: str = "") -> dict[str, Any]:
    """`{% empty "No drafts" "A bill run makes them." url=… action="Start a run" %}`: why it is empty, what to do."""
    return {"title": title, "text": text, "icon": icon, "url": url, "action": action}


@register.inclusion_tag("kit/line_chart.html")
def line_chart(chart: charts.Line, label: str, head: str = "Period", value: str = "Value",
               axis: str = ":") -> dict[str, Any]:
    """`{% line_chart dso "Days sales outstanding by month" %}`: a `charts.line`, its table behind it.

    `axis` is the slice of each label that stands below the plot, such as `":3"`.
    """
    return {"chart": chart, "label": label, "head": head, "value": value, "axis": axis}


@register.inclusion_tag("kit/stacked_bar.html")
def stacked_bar(parts: Sequence[charts.Part], label: str, head: str = "Part",
                count: str = "Documents") -> dict[str, Any]:
    """`{% stacked_bar ageing "Receivables by age" %}`: a `charts.stacked`, its table below it."""
    return {"parts": parts, "label": label, "head": head, "count": count}


@register.inclusion_tag("kit/bar_chart.html")
def bar_chart(chart: tuple[Sequence[charts.Bar], Sequence[charts.GridLine]], label: str, head: str = "Period",
              value: str = "Value") -> dict[str, Any]:
    """`{% bar_chart revenue "Revenue by month" %}`: a `charts.bars`, its table behind it."""
    return {"bars": chart[0], "grid": chart[1], "label": label, "head": head, "value": value}


@register.inclusion_tag("kit/grouped_bars.html")
def grouped_bars(chart: charts.Groups, label: str, head: str = "Period", axis: str = ":") -> dict[str, Any]:
    """`{% grouped_bars months "Billed and collected by month" %}`: a `charts.grouped`, its key and its table."""
    return {"chart": chart, "label": label, "head": head, "axis": axis}


@register.inclusion_tag("kit/stages.html")
def stages(steps: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """`{% stages steps %}`: mappings of title, state (done, current, waiting, bad) and note, in order."""
    return {"steps": steps}


@register.inclusion_tag("kit/timeline.html")
def timeline(entries: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """`{% timeline entries %}`: mappings of icon, title, at (instant) or on (day), and perhaps text, who, url, tone."""
    return {"entries": entries}


@register.inclusion_tag("kit/tabs.html")
def tabs(links: Sequence[Mapping[str, Any]], label: str) -> dict[str, Any]:
    """`{% tabs links "Drafts by state" %}`: mappings of title, url, current, and perhaps count."""
    return {"links": links, "label": label}


@register.inclusion_tag("kit/confirm.html", takes_context=True)
def confirm(context: template.Context, id: str, title: str, text: str, url: str, action: str, tone: str = "primary",
            ) -> dict[str, Any]:
    """`{% confirm "discard" "Discard this draft?" "Its work becomes unbilled again." url "Discard" "danger" %}`:
    a dialog that posts to `url`; a button `<button data-opens="discard">` opens it."""
    return {"id": id, "title": title, "text": text, "url": url, "action": action, "tone": tone,
            "csrf_token": context.get("csrf_token")}


@register.filter
def described(field: BoundField) -> SafeString:
    """A form's field with its marks for assistive technology: what is wrong, and which texts say more."""
    texts = [f"{field.auto_id}_error"] if field.errors else []
    texts += [f"{field.auto_id}_helptext"] if field.help_text else []
    marks = {"aria-describedby": " ".join(texts)} if texts else {}
    return field.as_widget(attrs={**marks, **({"aria-invalid": "true"} if field.errors else {})})


@register.filter
def may(actor: Actor | None, right: str) -> bool:
    """`{% if actor|may:"bill" %}`: whether to offer what needs the right. Nobody may anything."""
    return actor is not None and actor.may(right)


@register.filter
def at(row: Mapping[str, Any], key: str) -> Any:
    """`{{ row|at:column.key }}`: a mapping's value by a variable's key."""
    return row.get(key)


@register.filter
def tone(listing: Any, value: str) -> SafeString:
    """A list's pill for a value."""
    text, colour = listing.tones.get(value, (value, "mute"))
    return pill(text, colour)


@register.filter
def fixed(value: float) -> str:
    """A coordinate."""
    return f"{value:.2f}"


@simple
def logo() -> SafeString:
    """The product's sign."""
    return mark_safe('<svg class="logo" viewBox="0 0 24 24" width="22" height="22" aria-hidden="true">'
                     '<path d="M4 6h16M4 12h11M4 18h6"/><circle cx="18.5" cy="17.5" r="3"/></svg>')
