"""Server-side sessions: the cookie is a random token, the database keeps only its hash.

A new token is made at sign-in and sign-out, so a cookie seen before, or replayed after, is worth
nothing. Sessions save themselves (`aside`), because a refused request rolls back.
"""

from __future__ import annotations

import hashlib
import secrets
import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from flask import Flask, Request, Response, request
from flask import session as flask_session
from flask.json.tag import TaggedJSONSerializer
from flask.sessions import SessionInterface, SessionMixin
from flask_login import user_logged_in, user_logged_out
from sqlalchemy import delete, select, update
from werkzeug.datastructures import CallbackDict

from webapp import clock
from webapp.accounts.models import Person, WebSession
from webapp.db import aside, session

IDLE = timedelta(days=7)
ABSOLUTE = timedelta(days=30)
TOUCH = timedelta(minutes=5)

serializer = TaggedJSONSerializer()


class StoredSession(CallbackDict[str, Any], SessionMixin):
    """The data of one browser; `token` is None until it is first saved."""

    def __init__(self, token: str | None = None, row: WebSession | None = None) -> None:
        super().__init__(serializer.loads(row.data) if row else {}, _mark)
        self.token = token
        self.seen_at: datetime | None = row.seen_at if row else None
        self.created_at: datetime | None = row.created_at if row else None
        self.modified = False
        self.retired: list[str] = []

    def renew(self) -> None:
        """Leave the present token behind: what holds it is signed out."""
        if self.token:
            self.retired.append(self.token)
        self.token, self.modified, self.created_at = None, True, None


def _mark(changed: CallbackDict[str, Any]) -> None:
    changed.modified = True  # type: ignore[attr-defined]


class DatabaseSessions(SessionInterface):
    def open_session(self, app: Flask, request: Request) -> StoredSession:
        token = request.cookies.get(self.get_cookie_name(app))
        row = _live(token) if token else None
        return StoredSession(token, row) if row else StoredSession()

    def save_session(self, app: Flask, stored: SessionMixin, response: Response) -> None:
        assert isinstance(stored, StoredSession)
        if stored.modified:
            _forget(stored.retired)
            self._keep(app, stored, response)
        elif stored.token and stored.seen_at and stored.seen_at < clock.machine_now() - TOUCH:
            _touch(stored.token)

    def _keep(self, app: Flask, stored: StoredSession, response: Response) -> None:
        if not stored and not stored.token:
            response.delete_cookie(self.get_cookie_name(app), path="/")
            return
        if stored.token is None:
            stored.token = secrets.token_urlsafe(32)
            _begin(stored)
        elif not _update(stored):
            # Ended meanwhile, perhaps by its owner from elsewhere: it does not come back.
            response.delete_cookie(self.get_cookie_name(app), path="/")
            return
        response.vary.add("Cookie")
        response.set_cookie(
            self.get_cookie_name(app),
            stored.token,
            max_age=int(ABSOLUTE.total_seconds()),
            httponly=True,
            secure=app.config["SESSION_COOKIE_SECURE"],
            samesite="Lax",
            path="/",
        )


def hashed(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


def _live(token: str) -> WebSession | None:
    row = session.get(WebSession, hashed(token))
    now = clock.machine_now()
    if row is None or row.expires_at <= now or row.seen_at <= now - IDLE:
        return None
    return row


def _begin(stored: StoredSession) -> None:
    now = clock.machine_now()
    with aside() as own:
        own.add(
            WebSession(
                token_hash=hashed(stored.token or ""),
                created_at=now,
                expires_at=now + ABSOLUTE,
                **_contents(stored),
                **_origin(),
            )
        )


def _update(stored: StoredSession) -> bool:
    """False when the session's row is gone."""
    row = update(WebSession).where(WebSession.token_hash == hashed(stored.token or ""))
    with aside() as own:
        kept = own.execute(row.values(**_contents(stored)).returning(WebSession.token_hash))
        return kept.first() is not None


def _contents(stored: StoredSession) -> dict[str, Any]:
    data = serializer.dumps(dict(stored))
    return {"person_id": _person(stored), "data": data, "seen_at": clock.machine_now()}


def _origin() -> dict[str, str]:
    return {"address": request.remote_addr or "", "agent": request.user_agent.string[:300]}


def _person(stored: StoredSession) -> uuid.UUID | None:
    return uuid.UUID(stored["person_id"]) if "person_id" in stored else None


def _touch(token: str) -> None:
    row = update(WebSession).where(WebSession.token_hash == hashed(token))
    with aside() as own:
        own.execute(row.values(seen_at=clock.machine_now()))


def _forget(tokens: list[str]) -> None:
    if tokens:
        with aside() as own:
            gone = WebSession.token_hash.in_([hashed(token) for token in tokens])
            own.execute(delete(WebSession).where(gone))


def _signed_in(_app: Flask, user: Any, **_: Any) -> None:
    current = _current()
    current.renew()
    current["person_id"] = str(user.id)


def _signed_out(_app: Flask, **_: Any) -> None:
    current = _current()
    current.renew()
    current.pop("person_id", None)


def _current() -> StoredSession:
    stored = flask_session._get_current_object()  # type: ignore[attr-defined]
    assert isinstance(stored, StoredSession)
    return stored


def of(person: Person) -> Sequence[WebSession]:
    """The browsers a person is signed in with, the latest first."""
    rows = select(WebSession).where(WebSession.person_id == person.id)
    alive = rows.where(WebSession.expires_at > clock.machine_now())
    return session.scalars(alive.order_by(WebSession.seen_at.desc())).all()


def end_others(person: Person) -> None:
    """Sign the person out everywhere but in the browser that asks."""
    own = hashed(_current().token or "")
    rows = delete(WebSession).where(WebSession.person_id == person.id)
    session.execute(rows.where(WebSession.token_hash != own))


def is_current(row: WebSession) -> bool:
    return row.token_hash == hashed(_current().token or "")


def init(app: Flask) -> None:
    app.session_interface = DatabaseSessions()
    secure = app.config["SESSION_COOKIE_SECURE"]
    app.config["SESSION_COOKIE_NAME"] = "__Host-session" if secure else "session"
    app.add_template_test(is_current, "current_session")
    user_logged_in.connect(_signed_in, app)
    user_logged_out.connect(_signed_out, app)
