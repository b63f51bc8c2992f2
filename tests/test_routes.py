"""Every route × every role: one that says nothing, or lets in whom it should not, fails here."""

from __future__ import annotations

import uuid
from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.routing import Rule

from tests import make
from webapp.access import CLIENT, Open, Role, rule_of
from webapp.accounts.models import Person

FILLED = {
    "uuid": str(uuid.UUID(int=1)),
    "default": "nobody-knows-this",
    "path": "nobody-knows-this",
    "string": "nobody-knows-this",
    "int": "1",
}


def address(app: Flask, rule: Rule) -> str:
    """The route's address with values that belong to nobody."""
    values = {}
    for name in rule.arguments:
        converter = type(rule._converters[name]).__name__.removesuffix("Converter").lower()
        values[name] = FILLED.get({"unicode": "default"}.get(converter, converter), "x")
    built = rule.build(values, append_unknown=False)
    assert built is not None, rule
    return built[1]


def calls(app: Flask) -> list[tuple[str, str, str]]:
    """(endpoint, method, address) of every route."""
    found = []
    for rule in app.url_map.iter_rules():
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            found.append((rule.endpoint, method, address(app, rule)))
    return found


def test_every_route_declares_its_access(app: Flask) -> None:
    assert [name for name in app.view_functions if rule_of(app, name) is None] == []


def test_visitors_reach_only_what_is_open(app: Flask, client: FlaskClient) -> None:
    wrong = []
    for endpoint, method, url in calls(app):
        if isinstance(rule_of(app, endpoint), Open):
            continue
        answer = client.open(url, method=method)
        asked_to_sign_in = "/sign-in" in answer.headers.get("Location", "")
        if not (asked_to_sign_in if method == "GET" else answer.status_code == 401):
            wrong.append((endpoint, method, answer.status_code))
    assert wrong == []


@pytest.mark.parametrize("role", list(Role))
def test_each_role_is_refused_where_it_is_not_named(
    app: Flask, sign_in: Callable[[Person], FlaskClient], role: Role
) -> None:
    browser = sign_in(person_as(role))
    wrong = []
    for endpoint, method, url in calls(app):
        rule = rule_of(app, endpoint)
        if isinstance(rule, Open) or (rule and role in rule):
            continue
        answer = browser.open(url, method=method)
        if answer.status_code != 403:
            wrong.append((endpoint, method, answer.status_code))
    assert wrong == []


@pytest.mark.parametrize("role", list(Role))
def test_no_route_falls_over_unknown_ids(
    app: Flask, sign_in: Callable[[Person], FlaskClient], role: Role
) -> None:
    """With ids of nobody, every route answers calmly: found nothing, or its own page."""
    browser = sign_in(person_as(role))
    ends_the_session = {"security.logout"}
    wrong = []
    for endpoint, method, url in calls(app):
        if endpoint in ends_the_session:
            continue
        answer = browser.open(url, method=method)
        if answer.status_code >= 500:
            wrong.append((endpoint, method, answer.status_code))
    assert wrong == []


def test_every_unsafe_route_wants_a_token(app: Flask, client: FlaskClient) -> None:
    """The webhook alone is signed by its sender instead."""
    app.config["WTF_CSRF_ENABLED"] = True
    try:
        open_ones = [
            endpoint
            for endpoint, method, url in calls(app)
            if method != "GET"
            and isinstance(rule_of(app, endpoint), Open)
            and client.open(url, method=method).status_code != 400
        ]
    finally:
        app.config["WTF_CSRF_ENABLED"] = False
    assert open_ones == []


def test_foreign_pages_cannot_post(app: Flask, client: FlaskClient) -> None:
    answer = client.post("/sign-in", headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 403


def test_headers_are_on_every_answer(app: Flask, client: FlaskClient) -> None:
    for url in ("/", "/nothing-here", "/practice", "/healthz"):
        headers = client.get(url).headers
        assert "default-src 'none'" in headers["Content-Security-Policy"], url
        assert headers["X-Content-Type-Options"] == "nosniff", url
        assert headers["Cache-Control"] == "no-store", url


def person_as(role: Role) -> Person:
    if role in CLIENT:
        return make.person(role, company=make.company())
    if role == Role.CONSULTANT:
        return make.consultant().person
    return make.person(role)
