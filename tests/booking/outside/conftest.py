"""A calendar server of its own for each test, and a consultant's calendar on it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from flask import Flask

from tests.booking.outside.servers import CalendarServer, listening
from tests.elsewhere import elsewhere
from webapp import clock
from webapp.booking.outside import reading
from webapp.db import transaction

QUARTER = timedelta(minutes=15)


@pytest.fixture
def server(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Iterator[CalendarServer]:
    """On this machine, which the settings allow for this one port."""
    with listening() as played:
        allowed = replace(app.config["SETTINGS"], private_calendar_hosts=(played.host,))
        monkeypatch.setitem(app.config, "SETTINGS", allowed)
        yield played


@pytest.fixture
def read_all(drain: Callable[[], int]) -> Callable[[], None]:
    """Plan what is due at this instant, and do it."""

    def run() -> None:
        with transaction():
            reading.plan_readings()

    def work() -> None:
        elsewhere(run)
        drain()

    return work


@pytest.fixture
def after(set_clock: Callable[..., None]) -> Callable[[timedelta], None]:
    """Let business time pass."""
    return lambda passed: set_clock(clock.now() + passed)
