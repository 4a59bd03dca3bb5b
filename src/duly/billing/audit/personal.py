"""Personal values in the log: a salted digest in the event, the value beside it where it can be erased."""

import hashlib
import secrets
from collections.abc import Mapping

SALT_BYTES = 16


def digest(salt: bytes, value: str) -> str:
    """The digest an event carries: sha256 over salt and value, so that equal values do not look equal."""
    return "sha256:" + hashlib.sha256(salt + value.encode()).hexdigest()


def digested(values: Mapping[str, str]) -> tuple[dict[str, str], list[tuple[str, bytes, str]]]:
    """Digests by path for the event, and (path, salt, value) rows to keep beside it."""
    kept = [(path, secrets.token_bytes(SALT_BYTES), value) for path, value in values.items()]
    return {path: digest(salt, value) for path, salt, value in kept}, kept
