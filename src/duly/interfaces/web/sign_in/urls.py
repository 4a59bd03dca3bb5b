from allauth.account import views as account
from allauth.mfa.base import views as mfa
from django.urls import include, path

from duly.interfaces.web.sign_in import views

urlpatterns = [
    path("sign-in/", account.login, name="account_login"),
    path("sign-out/", account.logout, name="account_logout"),
    path("sign-in/not-active/", account.account_inactive, name="account_inactive"),
    path("sign-in/code/", mfa.authenticate, name="mfa_authenticate"),
    path("your-account/", views.own_account, name="own_account"),
    path("your-account/password/", views.password, name="own_password"),
    path("your-account/confirm/", account.reauthenticate, name="account_reauthenticate"),
    path("your-account/confirm-code/", mfa.reauthenticate, name="mfa_reauthenticate"),
    path("your-account/", views.own_account, name="mfa_index"),
    path("your-account/app/", include("allauth.mfa.totp.urls")),
    path("your-account/recovery-codes/", include("allauth.mfa.recovery_codes.urls")),
]
