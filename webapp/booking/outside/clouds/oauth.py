"""Accounts at Google and Microsoft: leave to use a calendar, asked for, renewed and given back.

OAuth 2.0 (RFC 6749): authorization code with PKCE (RFC 7636) and a client secret, offline access,
refresh tokens that may change with each use, revocation (RFC 7009) where the issuer knows it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from urllib.parse import urlencode

import httpx
from authlib.oauth2 import OAuth2Error
from authlib.oauth2.client import OAuth2Client
from flask import current_app

from webapp.booking.outside.fetch.fetching import Errand
from webapp.booking.outside.provider import OutsideRefused, OutsideUnreachable

LEEWAY_SECONDS = 120
PASSING_ERRORS = frozenset({"temporarily_unavailable", "server_error", "slow_down"})
NOT_NOW = "The account's server cannot answer just now."
WITHDRAWN = "The access to that account was withdrawn or has run out. Connect it again."


@dataclass(frozen=True)
class Issuer:
    """Who gives tokens. scopes: the least with which calendars can be read and one be written."""

    kind: str
    name: str
    authorize: str
    token: str
    revoke: str | None
    scopes: tuple[str, ...]
    asked_with: Mapping[str, str] = field(default_factory=dict)


# https://developers.google.com/identity/protocols/oauth2/web-server
# https://developers.google.com/workspace/calendar/api/auth
GOOGLE = Issuer(
    kind="google",
    name="Google",
    authorize="https://accounts.google.com/o/oauth2/v2/auth",
    token="https://oauth2.googleapis.com/token",  # noqa: S106
    revoke="https://oauth2.googleapis.com/revoke",
    scopes=(
        "https://www.googleapis.com/auth/calendar.calendarlist.readonly",
        "https://www.googleapis.com/auth/calendar.events.readonly",
        "https://www.googleapis.com/auth/calendar.events.owned",
    ),
    # Without consent asked for anew, Google gives a refresh token the first time only.
    asked_with={"access_type": "offline", "prompt": "consent select_account"},
)

# https://learn.microsoft.com/entra/identity-platform/v2-oauth2-auth-code-flow
# An app cannot give a single token back there: the account's owner takes leave away by hand.
MICROSOFT = Issuer(
    kind="microsoft",
    name="Microsoft",
    authorize="https://login.microsoftonline.com/common/oauth2/v2.0/authorize",
    token="https://login.microsoftonline.com/common/oauth2/v2.0/token",  # noqa: S106
    revoke=None,
    scopes=("Calendars.ReadWrite", "offline_access"),
    asked_with={"prompt": "select_account", "response_mode": "query"},
)

ISSUERS = {issuer.kind: issuer for issuer in (GOOGLE, MICROSOFT)}


class Registration(NamedTuple):
    """What an issuer knows our deployment by."""

    client_id: str
    client_secret: str

    def __repr__(self) -> str:
        return f"Registration({self.client_id!r})"


def registration(kind: str) -> Registration | None:
    """None where this deployment has none: the firm then offers no such accounts."""
    settings = current_app.config["SETTINGS"]
    pair = Registration(
        getattr(settings, f"{kind}_client_id"), getattr(settings, f"{kind}_client_secret")
    )
    return pair if all(pair) else None


def consent_address(kind: str, state: str, verifier: str, back: str) -> str:
    """Where a person is sent to be asked; they come back to `back` with a code and the state."""
    issuer, known = ISSUERS[kind], registration(kind)
    client = OAuth2Client(
        None,
        client_id=known.client_id if known else "",
        scope=" ".join(issuer.scopes),
        code_challenge_method="S256",
    )
    address, _ = client.create_authorization_url(
        issuer.authorize, state, verifier, redirect_uri=back, **issuer.asked_with
    )
    return str(address)


class Access:
    """An account's token, as it is by now. secret: it as JSON, to be sealed."""

    def __init__(self, issuer: Issuer, errand: Errand, secret: str = "") -> None:
        known = registration(issuer.kind)
        if known is None:
            raise OutsideRefused(f"This firm no longer connects {issuer.name} accounts.")
        self._issuer = issuer
        self._secrets = known._asdict()
        self._client = OAuth2Client(
            _Door(errand),
            client_id=known.client_id,
            client_secret=known.client_secret,
            scope=" ".join(issuer.scopes),
            token=json.loads(secret) if secret else None,
            leeway=LEEWAY_SECONDS,
        )

    @property
    def secret(self) -> str:
        return json.dumps(self._client.token)

    def take(self, code: str, verifier: str, back: str) -> None:
        """Turn the code that the person came back with into a token."""
        with _in_words():
            self._client.fetch_token(
                self._issuer.token, grant_type="authorization_code", code=code,
                code_verifier=verifier, redirect_uri=back, auth=_as_it_is, **self._secrets,
            )  # fmt: skip
        self._check_scopes()

    def header(self) -> dict[str, str]:
        """What a request carries; renewed first where it has all but run out."""
        if self._client.token.is_expired(leeway=LEEWAY_SECONDS):
            self.renew()
        return {"Authorization": f"Bearer {self._client.token['access_token']}"}

    def renew(self) -> None:
        """The refresh token that comes with the answer, if any, takes the old one's place."""
        if not self._client.token.get("refresh_token"):
            raise OutsideRefused(WITHDRAWN)
        with _in_words():
            self._client.refresh_token(self._issuer.token, auth=_as_it_is, **self._secrets)

    def give_back(self) -> None:
        """Revoke it; one that was revoked before is no fault."""
        if self._issuer.revoke and self._client.token:
            with _in_words():
                self._client.revoke_token(self._issuer.revoke, auth=_as_it_is)

    def _check_scopes(self) -> None:
        """A person may untick single permissions; without all of them nothing would work right."""
        granted = self._client.token.get("scope")
        wanted = _short(scope for scope in self._issuer.scopes if scope != "offline_access")
        missing = wanted - _short(granted.split()) if granted else set()
        if missing or not self._client.token.get("refresh_token"):
            raise OutsideRefused(
                f"{self._issuer.name} did not give all the permissions. Connect again, and leave"
                " every one of them ticked."
            )


def _short(scopes: Iterable[str]) -> set[str]:
    """Without the resource before them, which Microsoft names or leaves out."""
    return {scope.rpartition("/")[2] for scope in scopes}


def _as_it_is(request: httpx.Request) -> httpx.Request:
    """The client's secret goes in the body, which both issuers take."""
    return request


class _Door:
    """Lets Authlib's client out through an errand, and nowhere else."""

    def __init__(self, errand: Errand) -> None:
        self._errand = errand

    def post(self, url: str, data: dict[str, str], headers: Any = None, auth: Any = None) -> Any:
        kind = "application/x-www-form-urlencoded"
        sent = {"Accept": "application/json", "Content-Type": kind}
        answer = self._errand.ask("POST", url, sent, urlencode(data).encode())
        return httpx.Response(
            answer.status, content=answer.body, request=httpx.Request("POST", answer.url)
        )


@contextmanager
def _in_words() -> Iterator[None]:
    """Authlib's refusals as ours."""
    try:
        yield
    except OAuth2Error as error:
        if error.error in PASSING_ERRORS:
            raise OutsideUnreachable(NOT_NOW) from error
        raise OutsideRefused(WITHDRAWN) from error
    except (httpx.HTTPError, ValueError) as error:
        raise OutsideUnreachable(NOT_NOW) from error
