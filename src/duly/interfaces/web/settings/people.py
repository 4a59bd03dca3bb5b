"""Who signs in and what they may do; whose work is billed."""

from dataclasses import replace
from typing import Any, Final

from django.contrib import messages
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse

from duly.billing.accounts import settings as reads
from duly.billing.accounts.actions import people as verbs
from duly.billing.accounts.models import ROLES, SENSITIVE_RIGHTS
from duly.billing.accounts.models import Person as PersonRow
from duly.billing.accounts.models import User as UserRow
from duly.interfaces.kit.forms import beside
from duly.interfaces.kit.listing import Column, Filter, Listing
from duly.interfaces.web.page import StaffRequest, page, show
from duly.interfaces.web.settings import forms
from duly.interfaces.web.settings.sections import ask, kept, sections

USERS: Final = Listing(
    name="users", read=reads.users, read_all=reads.every_user, sort="name", empty="Nobody is a user yet.",
    row_url=lambda row: reverse("user", args=[row["id"]]),
    columns=(Column("name", "Name", "strong", sort="name", under="email"), Column("login", "Login", sort="login"),
             Column("roles", "Roles"), Column("rights", "Sensitive rights"), Column("state", "State", "pill")),
    filters=(Filter("text", "Name, login or e-mail"),
             Filter("role", "Role", "choice", tuple((role, role.replace("_", " ").capitalize()) for role in ROLES)),
             Filter("right", "Right", "choice", tuple((one, forms.RIGHT_TEXTS[one]) for one in SENSITIVE_RIGHTS)),
             Filter("state", "State", "choice", (("active", "Active"), ("inactive", "Inactive")))),
    tones={"active": ("Active", "good"), "inactive": ("Inactive", "mute")},
)
PEOPLE: Final = Listing(
    name="people", read=reads.people, read_all=reads.every_person, sort="name",
    empty="Nobody’s work is billed yet. Add the people whose time you bill.",
    row_url=lambda row: reverse("person", args=[row["id"]]),
    columns=(Column("name", "Name", "strong", sort="name", under="code"), Column("role", "Role"),
             Column("email", "E-mail", wide=True), Column("login", "Signs in as")),
    filters=(Filter("text", "Name, code or role"),),
)


@page()
def users(request: StaffRequest) -> HttpResponseBase:
    return _list(request, USERS, "Users and roles", "Who signs in, and what they may do.", "user_new", "Add a user")


@page()
def people(request: StaffRequest) -> HttpResponseBase:
    return _list(request, PEOPLE, "People", "Everyone whose work is billed.", "person_new", "Add a person")


def _list(request: StaffRequest, listing: Listing, title: str, text: str, new: str, action: str) -> HttpResponseBase:
    """Rows lead on for who may change them."""
    shown = listing if request.actor.may("people") else replace(listing, row_url=None)
    return shown.respond(request, "web/settings/list.html", {
        "title": title, "text": text, "new": new, "right": "people", "action": action, "sections": sections(title)})


@page(right="people", methods="GET POST")
def add_user(request: StaffRequest) -> HttpResponseBase:
    form = forms.NewUser(request.POST or None)
    if form.is_valid():
        if UserRow.objects.filter(login=form.cleaned_data["login"]).exists():
            form.add_error("login", "Another user has this login. Choose another one.")
        else:
            with beside(form):
                made = verbs.put_user(actor=request.actor, at=request.at, **form.values())
                messages.success(request, f"{form.cleaned_data['name']} is added. Give them a first password.")
                return redirect("user_password", made.id)
    return show(request, "web/settings/user.html", {"title": "Add a user", "action": "Add them"}, form=form)


@page(right="people", methods="GET POST")
def user(request: StaffRequest, user: int) -> HttpResponseBase:
    found = reads.user(actor=request.actor, user=user)
    own: dict[str, Any] = {"name": found.user.name, "email": found.user.email, "active": found.user.is_active,
                           "rights": found.rights, **{f"role_{role}": scope for role, scope in found.roles.items()}}
    form = forms.User(request.POST or None, initial=own)
    if form.is_valid():
        with beside(form):
            kept(request, verbs.put_user(actor=request.actor, at=request.at, login=found.user.login, **form.values()))
            return redirect("users")
    return show(request, "web/settings/user.html", {"title": found.user.name, "user": found.user, "action": "Keep"},
                form=form)


@page(right="people", methods="GET POST")
def password(request: StaffRequest, user: int) -> HttpResponseBase:
    found = reads.user(actor=request.actor, user=user)
    form = forms.Password(request.POST or None)
    if form.is_valid():
        with beside(form):
            verbs.set_password(actor=request.actor, at=request.at, login=found.user.login, **form.cleaned_data)
            messages.success(request, f"{found.user.name} signs in as {found.user.login}, by the new password.")
            return redirect("users")
    return ask(request, form, f"Password of {found.user.name}", (found.user.name, reverse("user", args=[user])),
               "Tell it to them in person; they can change it themselves.", "Set it")


@page(right="people", methods="GET POST")
def add_person(request: StaffRequest) -> HttpResponseBase:
    form = forms.NewPerson(request.POST or None)
    if form.is_valid():
        if PersonRow.objects.filter(code=form.cleaned_data["code"]).exists():
            form.add_error("code", "Another person has this code. Choose another one.")
        else:
            return _put_person(request, form, form.cleaned_data["code"])
    return ask(request, form, "Add a person", ("People", reverse("people")), action="Add them")


@page(right="people", methods="GET POST")
def person(request: StaffRequest, person: int) -> HttpResponseBase:
    found = reads.person(actor=request.actor, person=person)
    form = forms.Person(request.POST or None, initial={
        "name": found.name, "email": found.email, "role": found.role, "user": found.user.login if found.user else ""})
    if form.is_valid():
        return _put_person(request, form, found.code)
    return ask(request, form, found.name, ("People", reverse("people")))


def _put_person(request: StaffRequest, form: forms.Person, code: str) -> HttpResponseBase:
    values = form.cleaned_data
    with beside(form):
        kept(request, verbs.put_person(actor=request.actor, at=request.at, code=code, name=values["name"],
                                       role=values["role"], email=values["email"] or None,
                                       user=values["user"] or None))
        return redirect("people")
    return ask(request, form, values["name"], ("People", reverse("people")))
