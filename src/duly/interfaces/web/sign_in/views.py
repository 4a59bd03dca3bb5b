"""One's own account: the second factor and the password."""

from allauth.account.decorators import reauthentication_required
from allauth.mfa.models import Authenticator
from django import forms
from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.http.response import HttpResponseBase
from django.shortcuts import redirect

from duly.billing.accounts.actions.people import change_own_password
from duly.billing.accounts.models import User
from duly.interfaces.kit.forms import Form, beside
from duly.interfaces.web.page import StaffRequest, page, show


class Password(Form):
    password = forms.CharField(label="New password", max_length=128, strip=False, widget=forms.PasswordInput(
        attrs={"autocomplete": "new-password"}), help_text="At least ten characters; a few words are easy to keep.")
    again = forms.CharField(label="The same again", max_length=128, strip=False,
                            widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}))

    def clean_again(self) -> str:
        again: str = self.cleaned_data["again"]
        if again != self.cleaned_data.get("password"):
            raise forms.ValidationError("The two differ. Type the same password twice.")
        return again


@page()
def own_account(request: StaffRequest) -> HttpResponseBase:
    own = {one.type: one.wrap() for one in Authenticator.objects.filter(user_id=request.actor.user_id)}
    codes = own.get(Authenticator.Type.RECOVERY_CODES)
    return show(request, "web/sign_in/own_account.html", {
        "app": own.get(Authenticator.Type.TOTP), "codes": len(codes.get_unused_codes()) if codes else None})


@page(methods="GET POST")
@reauthentication_required  # type: ignore[untyped-decorator]
def password(request: StaffRequest) -> HttpResponseBase:
    form = Password(request.POST or None)
    if form.is_valid():
        with beside(form):
            change_own_password(actor=request.actor, at=request.at, password=form.cleaned_data["password"])
            update_session_auth_hash(request, User.objects.get(pk=request.actor.user_id))
            messages.success(request, "Your password is changed. Elsewhere you are signed out.")
            return redirect("own_account")
    return show(request, "web/sign_in/password.html", form=form)
