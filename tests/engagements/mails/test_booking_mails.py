"""The mails to who has not booked yet, or not paid: once, and only while still of use."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

from flask.testing import FlaskClient

from tests import make
from tests.engagements.conftest import Booking
from tests.engagements.mails.conftest import (
    HOUR,
    OUR_KINDS,
    SetClock,
    SignIn,
    sent,
    text_of,
)
from tests.engagements.test_change_mails import KINDS as OF_CHANGES
from tests.mail import Mailbox
from webapp import clock
from webapp.access import Role
from webapp.db import session


def test_who_stops_before_the_agreement_is_reminded_once_after_an_hour(
    booking: Booking, client: FlaskClient, at: Callable[[datetime], None], mailbox: Mailbox
) -> None:
    booking.type_details(client)
    began = clock.now()
    at(began + 0.9 * HOUR)
    assert sent("booking_resume") == []
    at(began + 1.1 * HOUR)
    (mail,) = mailbox.to("ana@harbour.example.com")
    link = "/start/" + text_of(mail).split("/start/")[1].split()[0]
    assert "Harbour Foods Ltd" in client.get(link).text
    booking.type_details(client)
    at(clock.now() + 2 * HOUR)
    assert len(sent("booking_resume")) == 1


def test_who_is_still_at_it_is_left_alone(
    booking: Booking, client: FlaskClient, at: Callable[[datetime], None], set_clock: SetClock
) -> None:
    booking.type_details(client)
    began = clock.now()
    set_clock(began + 0.8 * HOUR)
    booking.accept(client)
    at(began + 1.1 * HOUR)
    assert sent("booking_resume") == []
    at(began + 2 * HOUR)
    assert len(sent("booking_resume")) == 1


def test_who_has_paid_is_reminded_of_nothing(
    signed: Booking, at: Callable[[datetime], None]
) -> None:
    signed.engagement.begin_onboarding()
    session.commit()
    for days in (0.1, 2.1, 4.1, 5.1, 7.1):
        at(clock.now() + timedelta(days=days))
    for kind in (
        "booking_resume",
        "payment_setup",
        "payment_setup_overdue",
        "payment_setup_lapsed",
    ):
        assert sent(kind) == [], kind


def test_a_client_hears_nothing_of_what_a_coordinator_still_prepares(
    booking: Booking, sign_in: SignIn, at: Callable[[datetime], None]
) -> None:
    booking.type_details(sign_in(make.person(Role.COORDINATOR)))
    at(clock.now() + 2 * HOUR)
    assert sent("booking_resume") == []


def test_who_has_bought_the_same_since_is_not_reminded_of_the_first_try(
    signed: Booking, at: Callable[[datetime], None]
) -> None:
    """They began anew instead of going on; the first booking lapses without a word."""
    make.person(Role.COORDINATOR)
    first = signed.engagement
    again = make.engagement(
        "onboarding", offering=first.offering, company=first.company, sponsor=first.sponsor,
        consultant=first.lead, created_at=clock.now() + HOUR,
    )  # fmt: skip
    session.commit()
    for days in (2.1, 4.1, 5.1, 7.1):
        at(clock.now() + timedelta(days=days))
    assert first.stage == "lost" and again.stage == "onboarding"
    for kind in ("payment_setup", "payment_setup_overdue", "payment_setup_lapsed"):
        assert sent(kind) == [], kind


def test_signed_and_unpaid_is_reminded_then_lost(
    signed: Booking, at: Callable[[datetime], None], client: FlaskClient
) -> None:
    coordinator = make.person(Role.COORDINATOR)
    make.person(Role.OWNER)
    session.commit()
    engagement = signed.engagement
    began = engagement.signed_at
    assert began is not None
    expected = {0.5: 0, 1.9: 0, 2.01: 1, 3.9: 1, 4.01: 2, 5.01: 2}
    for days, mails in expected.items():
        at(began + timedelta(days=days))
        assert len(sent("payment_setup")) == mails, days
    (told,) = sent("payment_setup_overdue")
    assert told.recipient == coordinator.email and "Harbour Foods Ltd" in told.text
    at(began + timedelta(days=6.9))
    assert engagement.stage == "signed"
    at(began + timedelta(days=7.01))
    session.expire_all()
    assert (engagement.stage, engagement.hold.state) == ("lost", "released")
    assert [mail.recipient for mail in sent("payment_setup_lapsed")] == ["ana@harbour.example.com"]
    gone = client.get(signed.url())
    assert gone.status_code == 410 and "Book again" in gone.text
    at(began + timedelta(days=9))
    assert len(sent("payment_setup")) == 2 and len(sent("payment_setup_lapsed")) == 1


def test_a_reminder_that_comes_far_too_late_is_not_sent(
    signed: Booking, at: Callable[[datetime], None]
) -> None:
    began = clock.now()
    at(began + 0.1 * HOUR)
    at(began + timedelta(days=6))
    assert sent("payment_setup") == [] and sent("booking_resume") == []


def test_every_mail_of_the_room_is_tried_here_or_with_the_changes() -> None:
    folder = Path(__file__).parents[3] / "webapp/engagements/templates/email"
    assert {path.name for path in folder.iterdir()} == OUR_KINDS | OF_CHANGES
