"""Credentials lie sealed, are opened by old keys too, and go over to the new one."""

from __future__ import annotations

import pytest
from flask import Flask

from tests import make
from tests.booking.outside.servers import CalendarServer, ics
from webapp.booking.outside.models import OutsideCalendar
from webapp.booking.outside.sealing import Unreadable, seal, sealed_afresh, unseal
from webapp.booking.outside.subscribing import subscribe
from webapp.db import session

Patch = pytest.MonkeyPatch
OLD, NEW = "old-" + "x" * 40, "new-" + "y" * 40


def keys(app: Flask, patch: Patch, today: str, *fallbacks: str) -> None:
    patch.setitem(app.config, "SECRET_KEY", today)
    patch.setitem(app.config, "SECRET_KEY_FALLBACKS", list(fallbacks))


def test_what_is_sealed_shows_nothing_and_opens_again(app: Flask) -> None:
    sealed = seal("https://example.com/private.ics")
    assert "example" not in sealed
    assert seal("https://example.com/private.ics") != sealed
    assert unseal(sealed) == "https://example.com/private.ics"


def test_a_rotated_key_still_opens_and_the_new_one_takes_over(
    app: Flask, monkeypatch: Patch
) -> None:
    keys(app, monkeypatch, OLD)
    sealed = seal("secret")
    keys(app, monkeypatch, NEW, OLD)
    assert unseal(sealed) == "secret"
    afresh = sealed_afresh(sealed)
    assert sealed_afresh(afresh) == afresh
    keys(app, monkeypatch, NEW)
    assert unseal(afresh) == "secret"
    with pytest.raises(Unreadable):
        unseal(sealed)


@pytest.mark.parametrize("change", [lambda s: s[:-4] + "AAAA", lambda s: "", lambda s: "é"])
def test_what_was_tampered_with_does_not_open(app: Flask, change: object) -> None:
    with pytest.raises(Unreadable):
        unseal(change(seal("secret")))  # type: ignore[operator]


@pytest.mark.usefixtures("today")
def test_reading_seals_afresh_and_a_lost_key_is_said_in_words(
    app: Flask, server: CalendarServer, monkeypatch: Patch, after: object, read_all: object
) -> None:
    from tests.booking.outside.conftest import QUARTER  # noqa: PLC0415 - only here

    server.files["/work.ics"] = ics()
    keys(app, monkeypatch, OLD)
    calendar: OutsideCalendar = subscribe(make.consultant(), "Work", server.url())
    session.commit()
    before = calendar.secret
    assert server.url() not in before
    keys(app, monkeypatch, NEW, OLD)
    after(QUARTER)  # type: ignore[operator]
    read_all()  # type: ignore[operator]
    session.expire_all()
    assert calendar.secret != before
    keys(app, monkeypatch, "third-" + "z" * 40)
    after(QUARTER)  # type: ignore[operator]
    read_all()  # type: ignore[operator]
    session.expire_all()
    assert calendar.problem.endswith("Connect it again.")
