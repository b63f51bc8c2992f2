"""Sign-in through Flask-Security (and so Flask-Login), over our own models and session store."""

from __future__ import annotations

from flask import Flask, Request
from flask_security import Security, SQLAlchemySessionUserDatastore
from sqlalchemy import select

from webapp.access import SIGNED_IN, Open, declare
from webapp.accounts import sessions
from webapp.accounts.forms import SignInForm
from webapp.accounts.models import Membership, Person
from webapp.config import Settings
from webapp.db import session


class PeopleStore(SQLAlchemySessionUserDatastore):
    """Flask-Security's view of our people; the request's own edge commits, not the library."""

    def commit(self) -> None:
        session.flush()

    def find_user(self, case_insensitive: bool = False, **known: object) -> Person | None:
        """The library's own look-up wants `roles` to be a mapped column; e-mails are citext."""
        found: Person | None = session.scalar(select(Person).filter_by(**known))
        return found


def options(settings: Settings) -> dict[str, object]:
    return {
        "SECURITY_PASSWORD_HASH": "argon2",
        "SECURITY_PASSWORD_SINGLE_HASH": True,
        "SECURITY_PASSWORD_LENGTH_MIN": 10,
        "SECURITY_PASSWORD_NORMALIZE_FORM": "NFKC",
        "SECURITY_PASSWORD_CHECK_BREACHED": None,
        "SECURITY_REGISTERABLE": False,
        "SECURITY_RECOVERABLE": False,
        "SECURITY_CHANGEABLE": False,
        "SECURITY_TRACKABLE": False,
        "SECURITY_RETURN_GENERIC_RESPONSES": True,
        "SECURITY_DEFAULT_REMEMBER_ME": False,
        "SECURITY_LOGIN_URL": "/sign-in",
        "SECURITY_LOGOUT_URL": "/sign-out",
        "SECURITY_LOGOUT_METHODS": ["POST"],
        "SECURITY_POST_LOGIN_VIEW": "/home",
        "SECURITY_POST_LOGOUT_VIEW": "/",
        "SECURITY_LOGIN_USER_TEMPLATE": "accounts/sign_in.html",
        "SECURITY_USER_IDENTITY_ATTRIBUTES": [
            {"email": {"mapper": _email, "case_insensitive": True}}
        ],
        "SECURITY_EMAIL_VALIDATOR_ARGS": {"check_deliverability": False, "test_environment": True},
        "SECURITY_FLASH_MESSAGES": False,
        "SECURITY_MSG_GENERIC_AUTHN_FAILED": (
            "That e-mail and password do not go together.",
            "error",
        ),
        "SECURITY_TOTP_SECRETS": dict(enumerate(settings.totp_secrets, start=1)),
        "SECURITY_TOTP_ISSUER": settings.firm_name,
    }


def _email(value: str) -> str | None:
    return value.strip().lower() if "@" in value else None


def nobody(_request: Request) -> None:
    """Only a session tells who somebody is."""


def init(app: Flask, settings: Settings) -> None:
    app.config.update(options(settings))
    sessions.init(app)
    Security(app, PeopleStore(session, Person, Membership), login_form=SignInForm)
    # Flask-Security would also let in whoever holds a bearer token, which no sign-out ends.
    app.login_manager.request_loader(nobody)  # type: ignore[attr-defined]
    declare(app, "security.login", Open.ANYONE)
    declare(app, "security.logout", SIGNED_IN)
    for endpoint in list(app.view_functions):
        if endpoint.startswith("security.") and endpoint not in {
            "security.login",
            "security.logout",
        }:
            declare(app, endpoint, Open.ANYONE if endpoint == "security.static" else SIGNED_IN)
