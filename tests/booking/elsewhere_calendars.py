"""What tests of outside calendars share: planners and jobs run, pages walked."""

from __future__ import annotations

from collections.abc import Callable

from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from tests.elsewhere import elsewhere
from webapp.booking.outside import accounts, copies, reading
from webapp.booking.outside.models import OutsideAccount, OutsideCalendar, OutsideCopy
from webapp.catalog.models import Consultant
from webapp.db import session, transaction

PAGE = "/calendar/connections"


def catch_up(drain: Callable[[], int]) -> None:
    """What a minute of planners and workers does for outside calendars."""
    for planner in (
        reading.plan_readings,
        copies.plan_copies,
        accounts.plan_leaving,
        accounts.forget_unused,
    ):
        elsewhere(lambda planner=planner: _planned(planner))
    drain()


def _planned(planner: Callable[[], None]) -> None:
    with transaction():
        planner()


def calendar_named(name: str) -> OutsideCalendar:
    session.expire_all()
    return session.scalars(select(OutsideCalendar).where(OutsideCalendar.name == name)).one()


def account_of(consultant: Consultant) -> OutsideAccount:
    session.expire_all()
    mine = OutsideAccount.consultant_id == consultant.id
    return session.scalars(select(OutsideAccount).where(mine)).one()


def copies_kept() -> list[OutsideCopy]:
    session.expire_all()
    return list(session.scalars(select(OutsideCopy)))


def choose(
    browser: FlaskClient, account: OutsideAccount, read: list[str], write: str = ""
) -> TestResponse:
    """By name, as somebody ticks them on the account's page."""
    address = {found["name"]: found["address"] for found in account.found}
    sent = {"read": [address[name] for name in read], "write": address.get(write, "")}
    return browser.post(f"{PAGE}/accounts/{account.id}", data=sent)
