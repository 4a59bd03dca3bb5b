"""What became of a try to send a mail, in plain words; the mail server's own words follow on the next line."""

import smtplib
import socket
import ssl
from typing import Final

Refusals = dict[str, tuple[int, bytes]]

FOR_GOOD: Final = 500
"""From this reply code on a server has refused for good (RFC 5321, 4.2.1)."""
SIGN_IN: Final = (530, 534, 535)
"""Replies that ask for another user name or password (RFC 4954, 6)."""


def accepted(refused: Refusals) -> str:
    """The server took the mail, if not for everybody."""
    return f"Accepted, but not for {_people(refused)}.\n{_own_words(refused)}" if refused else "Accepted."


def failed(error: Exception, host: str, port: int) -> str:
    """Why a mail could not be handed to the server at `host`, for whoever has to mend it."""
    return f"{_words(error, f'The mail server {host}', port)}\n{_raw(error)}"


def is_final(error: Exception) -> bool:
    """Whether the server refused these people or this content for good."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return all(code >= FOR_GOOD for code, _ in error.recipients.values())
    return isinstance(error, smtplib.SMTPDataError | smtplib.SMTPSenderRefused) and error.smtp_code >= FOR_GOOD


def _words(error: Exception, server: str, port: int) -> str:
    match error:
        case smtplib.SMTPRecipientsRefused():
            later = "" if is_final(error) else " now"
            return f"{server} takes no mail for {_people(error.recipients)}{later}."
        case smtplib.SMTPResponseException(smtp_code=code) if code in SIGN_IN:
            return f"{server} did not accept the user name and password that Duly has for it."
        case smtplib.SMTPSenderRefused():
            return f"{server} takes no mail from {error.sender}."
        case smtplib.SMTPResponseException():
            return f"{server} refused this mail." if is_final(error) else f"{server} does not take mail now."
        case smtplib.SMTPServerDisconnected():
            return f"{server} hung up before it took the mail."
        case smtplib.SMTPNotSupportedError():
            return f"{server} does not offer the encryption or sign-in that Duly is set up to use."
        case ssl.SSLError():
            return f"There is no secure connection to {server[0].lower()}{server[1:]} at port {port}."
        case socket.gaierror():
            return f"{server} is not known by this name."
        case _:
            return f"{server} at port {port} did not answer."


def _people(refused: Refusals) -> str:
    return ", ".join(refused)


def _raw(error: Exception) -> str:
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return _own_words(error.recipients)
    if isinstance(error, smtplib.SMTPResponseException):
        return f"{error.smtp_code} {_text(error.smtp_error)}"
    return str(error) or type(error).__name__


def _own_words(refused: Refusals) -> str:
    return "; ".join(f"{person}: {code} {_text(said)}" for person, (code, said) in refused.items())


def _text(said: bytes | str) -> str:
    return said.decode("utf-8", "replace") if isinstance(said, bytes) else said
