"""Time that reaches an instant, and the mails that were written by then."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from email.message import EmailMessage

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from tests.elsewhere import elsewhere
from webapp.accounts.models import Person
from webapp.db import session
from webapp.notifications.models import EmailMessage as Stored
from workers import plan

Drain = Callable[[], int]
SetClock = Callable[[datetime], None]
SignIn = Callable[[Person], FlaskClient]
HOUR = timedelta(hours=1)
OUR_KINDS = {
    "payment_setup", "payment_setup_overdue", "payment_setup_lapsed", "booking_resume", "welcome",
    "consultant_booked", "access_request", "kickoff_prepare", "kickoff_recap", "pulse",
    "kickoff_unrecorded",
}  # fmt: skip


@pytest.fixture
def at(set_clock: SetClock, drain: Drain, app: object) -> Callable[[datetime], None]:
    """Let time reach an instant: planners run twice there, and what is due is done."""

    def reach(instant: datetime) -> None:
        set_clock(instant)
        for _ in range(2):
            elsewhere(plan.everything)
            drain()

    return reach


def sent(kind: str) -> list[Stored]:
    session.expire_all()
    return list(session.scalars(select(Stored).filter_by(kind=kind).order_by(Stored.created_at)))


def text_of(mail: EmailMessage) -> str:
    body = mail.get_body(("plain",))
    assert body is not None
    return str(body.get_content())
