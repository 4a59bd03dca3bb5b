"""Doing something to a draft or document: one page for every act, shown in a dialog where htmx asks for it.

What was typed is never lost: a refusal stands beside its field, and where somebody changed the draft meanwhile the form
says who, shows the draft as it is now, and is ready to be sent again.
"""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse

from duly.billing.audit.queries import done
from duly.billing.desk.messages import coming
from duly.billing.invoicing.editing import Outdated, refuse_outdated
from duly.billing.invoicing.explain import explained
from duly.billing.kernel.errors import Forbidden
from duly.interfaces.kit.forms import beside
from duly.interfaces.web.billing.reviews import following
from duly.interfaces.web.invoices.acts import ACTS, Act
from duly.interfaces.web.page import StaffRequest, page, show


@page(methods="GET POST")
def change(request: StaffRequest, document: int, name: str) -> HttpResponseBase:
    act = ACTS.get(name)
    if act is None:
        raise Http404
    if not request.actor.may(act.right):
        raise Forbidden(f"This needs the right “{act.right}”.", "Ask an administrator for it.")
    found = explained(actor=request.actor, on=request.on, document=document)
    form = act.form(request.POST if request.method == "POST" else None, document=found,
                    initial={key: request.GET[key] for key in act.form.base_fields if key in request.GET})
    if form.is_bound and form.is_valid():
        with beside(form):
            try:
                answer = do(request, act, document, dict(form.cleaned_data))
            except Outdated as outdated:
                form.data = retyped = request.POST.copy()
                retyped["version"] = outdated.version
                raise
            messages.success(request, act.told(answer) if act.told else act.said.format(document=document))
            return leave(request, where_next(request, name, document))
    template = "web/invoices/change.html#form" if request.htmx else "web/invoices/change.html"
    context: dict[str, Any] = {"act": act, "name": name, "head": found.head}
    if name == "send" and found.head.number:
        [context["mail"]] = coming(actor=request.actor, on=request.on, invoices=[document])
    return show(request, template, context, form=form)


def do(request: StaffRequest, act: Act, document: int, values: dict[str, Any]) -> Any:
    """Call the act's verb; what it answers. Where the verb itself does not ask for the version that was seen, it is
    looked at here."""
    if act.of != "draft" and "version" in values:
        version = values.pop("version")
        if not done(values["key"]):
            refuse_outdated(document, version, {})
    about = {act.of: document if act.of == "draft" else [document]}
    return act.verb(actor=request.actor, at=request.at, on=request.on, **about, **values)


def where_next(request: StaffRequest, name: str, document: int) -> str:
    """Where a reviewer goes on: the next draft that waits for them. Everyone else stays with the document."""
    if name in ("approve", "return"):
        waiting = following(request, after=document)
        return reverse("invoice", args=[waiting]) if waiting else reverse("reviews")
    return reverse("drafts") if name == "discard" else reverse("invoice", args=[document])


def leave(request: StaffRequest, url: str) -> HttpResponseBase:
    """Go to a page, out of the dialog too."""
    if not request.htmx:
        return redirect(url)
    answer = HttpResponse()
    answer["HX-Redirect"] = url
    return answer
