"""Who may change a meeting: a link does no more than its holder might do signed in, just then."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlsplit

import pytest
from flask.testing import FlaskClient

from tests import make
from tests.booking.meetings import NOON, booked, refusals
from tests.booking.rows import at
from webapp.access import Role
from webapp.accounts.models import Membership, Person
from webapp.booking.files.calendar_links import file_url
from webapp.booking.mails.letters import links_for
from webapp.booking.models import Booking, CalendarFeed, ChangeLink
from webapp.db import session, transaction
from webapp.engagements.models import Engagement

pytestmark = pytest.mark.usefixtures("today")
SignIn = Callable[[Person], FlaskClient]
Losing = Callable[[Booking, Person], None]
VERBS = ("move", "cancel", "rebook", "missed", "missed/withdrawn")


@pytest.fixture
def meeting(app: object) -> Booking:
    return booked()


def link(meeting: Booking, purpose: str, side: str = "client") -> str:
    with transaction():
        url = ChangeLink.issue(meeting, meeting.people(side)[0], purpose)
    return urlsplit(url).path


def act(client: FlaskClient, path: str):  # type: ignore[no-untyped-def]
    return client.post(path, data={"slot": at(9, 12).isoformat(), "reason": "Away"})


def demoted(_meeting: Booking, person: Person) -> None:
    person.memberships[0].role = Role.OBSERVER


def removed(_meeting: Booking, person: Person) -> None:
    for held in person.memberships:
        session.delete(held)


def sponsor_elsewhere(_meeting: Booking, person: Person) -> None:
    person.memberships[0].company = make.company()


def closed(_meeting: Booking, person: Person) -> None:
    person.active = False


def ended(meeting: Booking, _person: Person) -> None:
    session.get_one(Engagement, meeting.engagement_id).stage = "ended"


def lost(meeting: Booking, _person: Person) -> None:
    session.get_one(Engagement, meeting.engagement_id).stage = "lost"


LOSSES = [demoted, removed, sponsor_elsewhere, closed, ended, lost]


@pytest.mark.parametrize("loses", LOSSES)
@pytest.mark.parametrize("purpose", ["move", "cancel"])
def test_b22_a_link_is_refused_once_its_holder_might_not_do_it_signed_in(
    client: FlaskClient, meeting: Booking, purpose: str, loses: Losing
) -> None:
    path = link(meeting, purpose)
    with transaction():
        loses(meeting, meeting.people("client")[0])
    assert client.get(path).status_code == act(client, path).status_code == 410
    session.expire_all()
    assert (meeting.state, meeting.starts_at, meeting.sequence) == ("booked", NOON, 0)
    why = "engagement over" if loses in {ended, lost} else "not theirs"
    assert [event.detail["why"] for event in refusals()] == [why, why]


def test_a_consultant_who_left_the_firm_moves_nothing(
    client: FlaskClient, meeting: Booking
) -> None:
    path = link(meeting, "move", "consultant")
    with transaction():
        removed(meeting, meeting.people("consultant")[0])
    assert act(client, path).status_code == 410


@pytest.mark.parametrize("loses", LOSSES)
def test_the_receipt_goes_with_the_right_as_well(
    client: FlaskClient, meeting: Booking, loses: Losing
) -> None:
    receipt = act(client, link(meeting, "move")).headers["Location"]
    assert "Wed 9 December" in client.get(receipt).text
    with transaction():
        loses(meeting, meeting.people("client")[0])
    page = client.get(receipt)
    assert page.status_code == 410 and "December" not in page.text
    assert "meet.example.com" not in page.text


def test_no_mail_offers_what_would_be_refused(meeting: Booking) -> None:
    client = meeting.people("client")[0]
    assert links_for(meeting, client).move
    demoted(meeting, client)
    offered = links_for(meeting, client)
    assert (offered.move, offered.cancel) == (None, None)


# -- signed in -------------------------------------------------------------------------------------


def test_an_observer_who_is_a_sponsor_elsewhere_only_reads(
    sign_in: SignIn, meeting: Booking
) -> None:
    client = meeting.people("client")[0]
    demoted(meeting, client)
    make.saved(Membership(person=client, company=make.company(), role=Role.SPONSOR))
    session.commit()
    browser, page = sign_in(client), f"/meetings/{meeting.id}"
    assert "Move it" not in browser.get(page).text
    assert {browser.get(f"{page}/{verb}").status_code for verb in VERBS[:3]} == {403}
    assert {act(browser, f"{page}/{verb}").status_code for verb in VERBS} == {403}
    assert len(refusals("access.refused")) == 8


def test_finance_sees_every_meeting_and_changes_none(sign_in: SignIn, meeting: Booking) -> None:
    browser, page = sign_in(make.person(Role.FINANCE)), f"/meetings/{meeting.id}"
    shown = browser.get(page)
    assert shown.status_code == 200 and "Move it" not in shown.text
    assert {act(browser, f"{page}/{verb}").status_code for verb in VERBS} == {403}


def test_nothing_is_moved_once_its_engagement_is_over(sign_in: SignIn, meeting: Booking) -> None:
    with transaction():
        ended(meeting, meeting.people("client")[0])
    browser = sign_in(make.person(Role.COORDINATOR))
    assert act(browser, f"/meetings/{meeting.id}/move").status_code == 409
    session.expire_all()
    assert meeting.starts_at == NOON


# -- what is only read -----------------------------------------------------------------------------


def test_the_file_and_the_feed_of_one_who_has_no_part_any_more_are_closed(
    client: FlaskClient, meeting: Booking
) -> None:
    person = meeting.people("client")[0]
    feed = make.saved(CalendarFeed(person_id=person.id))
    paths = [urlsplit(file_url(meeting, person)).path, f"/calendar/{feed.token}.ics"]
    session.commit()
    assert [client.get(path).status_code for path in paths] == [200, 200]
    with transaction():
        removed(meeting, person)
    assert [client.get(path).status_code for path in paths] == [404, 404]
