"""Who may see what: every route declares it, and signed links carry it.

A route says `@allow(...)` right under its `@blueprint.route`; one that says nothing keeps the app
from starting. Declaring a role opens the page, not the row: rows are found through
`<Noun>.visible_to(person)`, so that another company's id answers 404.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from enum import StrEnum
from typing import Any, NoReturn, TypeVar

from flask import Flask, abort, current_app, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user
from itsdangerous import BadSignature, URLSafeTimedSerializer

from webapp import audit

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
    rule = rule_of(current_app, request.endpoint)
    if isinstance(rule, Open):
        return None
    if not current_user.is_authenticated:
        return _sign_in_first()
    if rule is None or not rule & current_user.role_names:
        audit.record_refusal("access.refused", request.path, method=request.method)
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
        _refuse_link(purpose)
    return str(value)


def _refuse_link(purpose: str) -> NoReturn:
    audit.record_refusal("link.refused", request.path[:200], purpose=purpose)
    abort(404)


def _serializer(purpose: str) -> URLSafeTimedSerializer:
    keys = [*current_app.config["SECRET_KEY_FALLBACKS"], current_app.config["SECRET_KEY"]]
    return URLSafeTimedSerializer(keys, salt=f"righthand.{purpose}")
