"""How allauth fits this firm: nobody signs up by themselves, and second factors are kept encrypted."""

import base64
import hashlib
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from cryptography.fernet import Fernet
from django.conf import settings
from django.http import HttpRequest


class People(DefaultAccountAdapter):
    """People are added by an administrator. A wrong login and a wrong password read alike."""

    error_messages = {
        **DefaultAccountAdapter.error_messages,
        "username_password_mismatch": "This login and password do not belong together. Check both and try again.",
        "too_many_login_attempts": "Too many attempts. Wait five minutes, then try again.",
        "incorrect_password": "This is not your password. Try again.",
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def add_message(self, *args: Any, **kwargs: Any) -> None:
        """The pages say themselves what happened."""


class SecondFactor(DefaultMFAAdapter):
    """Keeps the secrets of authenticator apps encrypted with the installation's key."""

    error_messages = {**DefaultMFAAdapter.error_messages,
                      "incorrect_code": "This code is wrong or has run out. Enter the one that your app shows now."}

    def encrypt(self, text: str) -> str:
        return _cipher().encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        return _cipher().decrypt(encrypted_text.encode()).decode()


def _cipher() -> Fernet:
    key = hashlib.sha256(b"duly second factor\0" + settings.SECRET_KEY.encode()).digest()
    return Fernet(base64.urlsafe_b64encode(key))
