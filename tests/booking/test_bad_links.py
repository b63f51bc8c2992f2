"""Links that are refused: no secret of theirs is kept, and nobody fills the audit with them."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient
from gunicorn.config import Config  # type: ignore[import-untyped]
from gunicorn.glogging import Logger, SafeAtoms  # type: ignore[import-untyped]
from sqlalchemy import String, cast, func, select
from werkzeug.test import EnvironBuilder

from tests import make
from tests.booking.meetings import booked, refusals
from webapp import access, clock
from webapp.access import BAD_LINKS_WITHIN, MOST_BAD_LINKS, Role
from webapp.accounts.models import Person
from webapp.audit import AuditEvent
from webapp.booking.models import ChangeLink
from webapp.db import session, transaction

DOCKERFILE = Path(__file__).parents[2] / "Dockerfile"

pytestmark = pytest.mark.usefixtures("today")


@pytest.fixture
def path(app: Flask) -> str:
    meeting = booked()
    with transaction():
        url = ChangeLink.issue(meeting, meeting.people("client")[0], "move")
    return urlsplit(url).path


def written_down(token: str) -> int:
    session.rollback()
    anywhere = AuditEvent.subject + cast(AuditEvent.detail, String)
    return session.scalar(select(func.count()).where(anywhere.contains(token))) or 0


def test_a_good_token_that_is_refused_elsewhere_is_not_kept(client: FlaskClient, path: str) -> None:
    """A mail program that takes the full stop along, or a token sent to another page."""
    token = path.rsplit("/", 1)[1]
    asked = [
        f"{path}.", f"/meetings/cancel/{token}", f"/meetings/rebook/{token}",
        f"/meetings/changed/{token}", f"/meetings/file/{token}.ics", f"/calendar/{token}.ics",
        f"/start/{token}", f"/start/{token}/pay", f"/pulse/{token}", f"/waitlist/{token}",
    ]  # fmt: skip
    assert {client.get(each).status_code for each in asked} == {404}
    assert written_down(token) == 0
    assert len(refusals()) == len(asked)
    assert refusals()[0].subject == "/meetings/move/<token>"
    assert client.get(path).status_code == 200


def test_a_token_in_the_address_of_a_page_for_some_roles_is_not_kept(
    sign_in: Callable[[Person], FlaskClient], app: Flask
) -> None:
    token = access.sign("start", str(make.engagement().hold_id))
    browser = sign_in(make.person(Role.FINANCE))
    assert browser.post(f"/start/{token}/sending").status_code == 403
    assert written_down(token) == 0
    [refused] = refusals("access.refused")
    assert refused.subject == "/start/<token>/sending"


def test_a_fault_is_logged_without_the_token(
    client: FlaskClient, path: str, monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    def break_down(*_: object, **__: object) -> None:
        raise RuntimeError("something else broke")

    monkeypatch.setattr(ChangeLink, "usable", break_down)
    with caplog.at_level(logging.ERROR):
        assert client.get(path).status_code == 500
    assert "/meetings/move/<token>" in caplog.text
    assert path.rsplit("/", 1)[1] not in caplog.messages[0]


def test_the_access_log_of_the_web_server_names_no_token(app: Flask, path: str) -> None:
    assert '"GET /meetings/move/<token>" 200' in logged(app, path)
    assert '"GET /healthz" 200' in logged(app, "/healthz")
    token = path.rsplit("/", 1)[1]
    for asked in (path, f"{path}.", f"{path}/and-more", f"/sign-in/link/{token}"):
        assert token not in logged(app, asked, HTTP_REFERER=f"https://righthand.example.com{path}")


def logged(app: Flask, asked: str, **headers: str) -> str:
    """The line of a request, in the form that the image asks its web server for."""
    [written] = re.findall(r'--access-logformat=((?:[^"\\]|\\.)*)"', DOCKERFILE.read_text())
    environ = EnvironBuilder(asked, environ_overrides=headers).get_environ()
    environ |= {"RAW_URI": asked, "SERVER_PROTOCOL": "HTTP/1.1"}
    told = SimpleNamespace(status="", sent=0, headers=[])

    def start(status: str, *_: object) -> Callable[[bytes], object]:
        told.status = status
        return bytes

    list(app(environ, start))
    log = Logger(Config())
    atoms = log.atoms(told, SimpleNamespace(headers=[]), environ, timedelta())
    return str(json.loads(f'"{written}"') % SafeAtoms(atoms))


def test_too_many_bad_links_of_all_kinds_are_answered_429_and_not_written_down(
    client: FlaskClient, path: str, set_clock: Callable[[datetime], None]
) -> None:
    kinds = ["meetings/move", "meetings/cancel", "meetings/changed", "pulse", "waitlist", "start"]
    bad = [f"/{kinds[n % len(kinds)]}/bad{n}" for n in range(MOST_BAD_LINKS + 10)]
    answers = [client.get(each).status_code for each in bad]
    assert answers == [404] * MOST_BAD_LINKS + [429] * 10
    assert len(refusals()) == MOST_BAD_LINKS
    assert client.get(path).status_code == 200  # who shares the network with them is served
    elsewhere = {"REMOTE_ADDR": "192.0.2.7"}
    assert client.get(bad[0], environ_overrides=elsewhere).status_code == 404
    set_clock(clock.now() + BAD_LINKS_WITHIN)
    assert client.get(bad[0]).status_code == 404


def test_links_that_were_good_once_count_as_well(client: FlaskClient, path: str) -> None:
    with transaction():
        session.scalars(select(ChangeLink)).one().used_at = clock.now()
    answers = [client.get(path).status_code for _ in range(MOST_BAD_LINKS + 3)]
    assert answers == [410] * MOST_BAD_LINKS + [429] * 3
    assert len(refusals()) == MOST_BAD_LINKS
