"""A Google account from its connection to its end, with the copies of meetings on the way."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from tests import make
from tests.accounts_elsewhere.google import OWN, SHARED, GoogleStandIn
from tests.booking.elsewhere_calendars import (
    PAGE,
    account_of,
    calendar_named,
    catch_up,
    copies_kept,
)
from tests.booking.google.conftest import (
    Drain,
)
from tests.booking.meetings import NOON, booked
from tests.booking.rows import at
from tests.standin import visible
from webapp.booking.models import Booking, open_slots
from webapp.booking.outside.models import OutsideAccount, OutsideBusy
from webapp.catalog.models import Consultant
from webapp.db import session

pytestmark = pytest.mark.usefixtures("today")


def test_meetings_are_copied_and_the_access_is_given_back(
    server: GoogleStandIn, account: OutsideAccount, browser: FlaskClient, dana: Consultant,
    drain: Drain,
) -> None:  # fmt: skip
    server.add("2026-12-03T10:00:00Z", "2026-12-03T11:00:00Z", SHARED)
    catch_up(drain)
    offered = open_slots([dana.id], at(3, 0), at(3, 23), 60)[dana.id]
    assert at(3, 10) not in offered and at(3, 12) in offered

    review: Booking = booked(engagement=make.engagement(consultant=dana))
    catch_up(drain)
    [copy] = server.live()
    assert copy["iCalUID"] == review.uid
    assert datetime.fromisoformat(copy["start"]["dateTime"]) == NOON
    calendar_named("Dana").tried_at = None
    session.commit()
    catch_up(drain)
    own = select(OutsideBusy).where(OutsideBusy.calendar_id == calendar_named("Dana").id)
    assert session.scalars(own).all() == []

    review.move(at(9, 13))
    session.commit()
    catch_up(drain)
    assert [datetime.fromisoformat(one["start"]["dateTime"]) for one in server.live()] == [
        at(9, 13)
    ]

    browser.post(f"{PAGE}/accounts/{account.id}/removal", data={"with_copies": "y"})
    catch_up(drain)
    catch_up(drain)
    assert server.live() == [] and copies_kept() == []
    assert len(server.issuer.revoked) == 1 and server.issuer.refresh == {}
    assert session.scalars(select(OutsideAccount)).all() == []


def test_copies_stay_where_their_owner_wants_to_keep_them(
    server: GoogleStandIn, account: OutsideAccount, browser: FlaskClient, dana: Consultant,
    drain: Drain,
) -> None:  # fmt: skip
    catch_up(drain)
    booked(engagement=make.engagement(consultant=dana))
    catch_up(drain)
    browser.post(f"{PAGE}/accounts/{account.id}/removal", data={})
    catch_up(drain)
    assert len(server.live()) == 1
    assert session.scalars(select(OutsideAccount)).all() == []


def test_an_account_that_cannot_be_reached_is_forgotten_after_a_day_all_the_same(
    server: GoogleStandIn, account: OutsideAccount, browser: FlaskClient, dana: Consultant,
    drain: Drain, set_clock: Callable[[datetime], None],
) -> None:  # fmt: skip
    catch_up(drain)
    booked(engagement=make.engagement(consultant=dana))
    catch_up(drain)
    server.issuer.out_of_order.extend([(503, {}, {})] * 1000)
    browser.post(f"{PAGE}/accounts/{account.id}/removal", data={"with_copies": "y"})
    catch_up(drain)
    assert account_of(dana).leaving_at is not None
    assert OWN not in visible(browser.get(PAGE).text)
    set_clock(at(2, 9))
    catch_up(drain)
    assert session.scalars(select(OutsideAccount)).all() == []
