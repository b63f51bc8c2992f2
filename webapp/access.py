"""Who may see what: every route declares it, and signed links carry it.

A route says `@allow(...)` right under its `@blueprint.route`; one that says nothing keeps the app
from starting. Declaring a role opens the page, not the row: rows are found through
`<Noun>.visible_to(person)`, so that another company's id answers 404.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import timedelta
from enum import StrEnum
from typing import Any, TypeVar

from flask import Flask, abort, current_app, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user
from itsdangerous import BadSignature, URLSafeTimedSerializer
from sqlalchemy import func, select

from webapp import audit, clock
from webapp.audit import AuditEvent
from webapp.db import session

View = TypeVar("View", bound=Callable[..., Any])


class Role(StrEnum):
    OWNER = "owner"
    COORDINATOR = "coordinator"
    FINANCE = "finance"
    CONSULTANT = "consultant"
    SPONSOR = "client_sponsor"
    LEADER = "client_leader"
    BILLING = "client_billing"
    OBSERVER = "observer"


FIRM = frozenset({Role.OWNER, Role.COORDINATOR, Role.FINANCE})
CLIENT = frozenset({Role.SPONSOR, Role.LEADER, Role.BILLING, Role.OBSERVER})
SIGNED_IN = frozenset(Role)

# What the web server's access log names in place of the address, which may hold a token.
LOGGED_AS = "righthand.where"

MOST_BAD_LINKS = 20
BAD_LINKS_WITHIN = timedelta(minutes=15)


class Open(StrEnum):
    """Rules that ask for no role."""

    ANYONE = "anyone"
    LINK = "whoever holds the signed link"
    MACHINE = "a machine that signs what it sends"


Rule = frozenset[Role] | Open


def allow(*who: Role | Open | frozenset[Role]) -> Callable[[View], View]:
    """Declare who may use a view: one Open rule, or any number of roles and groups of roles."""
    rule = _rule(who)

    def declare(view: View) -> View:
        view.access = rule  # type: ignore[attr-defined]
        return view

    return declare


def _rule(who: Iterable[Role | Open | frozenset[Role]]) -> Rule:
    roles: set[Role] = set()
    for item in who:
        if isinstance(item, Open):
            return item
        roles |= {item} if isinstance(item, Role) else item
    return frozenset(roles)


def rule_of(app: Flask, endpoint: str) -> Rule | None:
    """What an endpoint declared, or None."""
    declared = app.extensions["access"].get(endpoint)
    return declared or getattr(app.view_functions[endpoint], "access", None)


def declare(app: Flask, endpoint: str, *who: Role | Open | frozenset[Role]) -> None:
    """Declare for a view that a library brought."""
    app.extensions.setdefault("access", {})[endpoint] = _rule(who)


def check_declared(app: Flask) -> None:
    """Refuse to start with a route that says nothing about who may use it."""
    silent = sorted(name for name in app.view_functions if rule_of(app, name) is None)
    if silent:
        raise RuntimeError("routes that declare no access: " + ", ".join(silent))


def enforce() -> ResponseReturnValue | None:
    """Before each request: let it pass, ask for sign-in, or refuse and write that down."""
    if request.endpoint is None:
        return None
    request.environ[LOGGED_AS] = where()
    rule = rule_of(current_app, request.endpoint)
    if isinstance(rule, Open):
        return None
    if not current_user.is_authenticated:
        return _sign_in_first()
    if rule is None or not rule & current_user.role_names:
        audit.record_refusal("access.refused", where(), method=request.method)
        abort(403)
    return None


def _sign_in_first() -> ResponseReturnValue:
    if request.method != "GET":
        abort(401)
    return redirect(url_for("security.login", next=request.full_path.rstrip("?")))


def sign(purpose: str, value: str) -> str:
    """A link token good for one purpose only; it carries its value and its age."""
    return _serializer(purpose).dumps(value)


def unsign(purpose: str, token: str, max_age_days: int = 30) -> str:
    """The value of a signed link; one that was tampered with, or is too old, is refused (404)."""
    try:
        value = _serializer(purpose).loads(token, max_age=max_age_days * 86400)
    except BadSignature:
        note_bad_link(where(), purpose=purpose)
        abort(404)
    return str(value)


def where() -> str:
    """What was asked for, as it may be written down: by its rule, where a token is part of it.

    A token that was refused here may still be good elsewhere: sent to another page, or with the
    full stop of a sentence behind it.
    """
    if request.url_rule and "token" in (request.view_args or {}):
        return request.url_rule.rule
    return request.path[:200]


def note_bad_link(subject: str, **detail: str) -> None:
    """Write down a link that is refused; 429 without that, once an address has sent too many.

    Whoever asks need not be signed in, and what is written down stays for ever. Only bad links
    are counted, so that a good one still works for whoever shares a network with them.
    """
    if _bad_links() >= MOST_BAD_LINKS:
        abort(429)
    audit.record_refusal("link.refused", subject, **detail)


def _bad_links() -> int:
    """How many this network address has sent lately."""
    lately = (
        AuditEvent.action == "link.refused",
        AuditEvent.address == (request.remote_addr or ""),
        AuditEvent.at > clock.now() - BAD_LINKS_WITHIN,
    )
    return session.scalar(select(func.count()).where(*lately)) or 0


def _serializer(purpose: str) -> URLSafeTimedSerializer:
    keys = [*current_app.config["SECRET_KEY_FALLBACKS"], current_app.config["SECRET_KEY"]]
    return URLSafeTimedSerializer(keys, salt=f"righthand.{purpose}")
