"""Credentials of outside calendars, sealed while they lie in the database.

Fernet (authenticated encryption) under keys derived from SECRET_KEY by HKDF (RFC 5869), so that
they serve no other purpose. SECRET_KEY_FALLBACKS still open what was sealed before a rotation.
"""

from __future__ import annotations

import base64

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from flask import current_app

PURPOSE = b"righthand.outside-calendars"


class Unreadable(Exception):
    """Sealed under a key that is no longer among the settings, or tampered with."""


def seal(plain: str) -> str:
    return _keys()[0].encrypt(plain.encode()).decode()


def unseal(sealed: str) -> str:
    """The plain text; Unreadable when no key of ours opens it."""
    try:
        return MultiFernet(_keys()).decrypt(sealed.encode()).decode()
    except InvalidToken:
        raise Unreadable from None


def sealed_afresh(sealed: str) -> str:
    """The same secret under today's key: unchanged where it lies under that one already."""
    try:
        _keys()[0].decrypt(sealed.encode())
    except InvalidToken:
        return seal(unseal(sealed))
    return sealed


def _keys() -> list[Fernet]:
    """Today's first."""
    written = [current_app.config["SECRET_KEY"], *current_app.config["SECRET_KEY_FALLBACKS"]]
    return [_key(secret) for secret in written]


def _key(secret: str) -> Fernet:
    derived = HKDF(SHA256(), length=32, salt=None, info=PURPOSE).derive(secret.encode())
    return Fernet(base64.urlsafe_b64encode(derived))
