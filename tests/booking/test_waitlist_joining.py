"""The waitlist: asking for a place, taking it by the link in the mail, giving it up."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select

from tests import make
from tests.booking.line import ZONE, ask, in_line, link_in, page_of, states, text_to
from tests.booking.test_races import race
from tests.mail import Mailbox
from webapp import clock
from webapp.audit import AuditEvent
from webapp.booking import waitlisting
from webapp.booking.models import (
    Hold,
    WaitlistEntry,
)
from webapp.booking.models.waitlist import MOST_PER_ADDRESS
from webapp.catalog.models import Consultant, Offering
from webapp.db import session, transaction

pytestmark = pytest.mark.usefixtures("today")
Drain = Callable[[], int]
SetClock = Callable[[datetime], None]


# -- joining ---------------------------------------------------------------------------------------


def test_joining_counts_from_the_link_in_the_mail(
    full: Hold, client: FlaskClient, drain: Drain, mailbox: Mailbox
) -> None:
    assert ask(client).status_code == 200
    drain()
    assert states() == {"Ben": "unconfirmed"}
    page = link_in(text_to(mailbox, "ben@example.com", "Take your place"), "waitlist")
    assert b"Take my place" in client.get(page).data
    assert states() == {"Ben": "unconfirmed"}
    assert client.post(f"{page}/place").status_code == 303
    assert states() == {"Ben": "waiting"}
    drain()
    told = text_to(mailbox, "ben@example.com", "number 1 in line")
    assert client.get(link_in(told, "waitlist")).status_code == 200
    assert b"number 1 in line" in client.get(page).data


def test_joining_twice_is_once_and_tells_nobody_who_is_in_line(
    full: Hold, client: FlaskClient, drain: Drain, mailbox: Mailbox
) -> None:
    first, again = ask(client), ask(client, "BEN@example.com")
    in_line(full, "Cleo")
    known = ask(client, "cleo@example.com")
    shown = [
        answer.text.lower().partition("<main")[2].replace("cleo", "ben")
        for answer in (first, again, known)
    ]
    assert "ben@example.com" in shown[0]
    assert shown[0] == shown[1] == shown[2]
    drain()
    assert states() == {"Ben": "unconfirmed", "Cleo": "waiting"}
    assert len(mailbox.to("ben@example.com")) == 1
    assert "number 1" in str(mailbox.to("cleo@example.com")[0]["Subject"])


def test_until_it_is_confirmed_what_was_asked_last_counts(full: Hold, client: FlaskClient) -> None:
    ask(client)
    ask(client, name="Ben Ode", wishes_from="2027-01-04")
    entry = session.scalars(select(WaitlistEntry)).one()
    assert (entry.name, str(entry.wishes_from)) == ("Ben Ode", "2027-01-04")
    entry.confirm()
    session.commit()
    ask(client, name="Somebody Else")
    assert states() == {"Ben Ode": "waiting"}


def test_two_who_ask_at_the_same_moment_are_one(full: Hold) -> None:
    offering_id, consultant_id = full.offering_id, full.consultant_id

    def join() -> None:
        offering = session.get_one(Offering, offering_id)
        team = [session.get_one(Consultant, consultant_id)]
        WaitlistEntry.ask(offering, team, "Ben", "ben@example.com", ZONE, None, "")

    assert race([join] * 4) == {"won": 4}
    assert states() == {"Ben": "unconfirmed"}
    assert session.scalar(select(func.count()).select_from(WaitlistEntry)) == 1


def test_one_address_asks_for_a_few_places_an_hour(
    full: Hold, client: FlaskClient, set_clock: SetClock
) -> None:
    for number in range(MOST_PER_ADDRESS):
        assert ask(client, f"p{number}@example.com").status_code == 200
    refused = ask(client, "one-more@example.com")
    assert refused.status_code == 429 and b"one-more@example.com" in refused.data
    set_clock(clock.now() + timedelta(minutes=61))
    assert ask(client, "one-more@example.com").status_code == 200


@pytest.mark.parametrize(
    "values",
    [
        {"email": "nobody"}, {"email": ""}, {"email": "a@b.example\r\nBcc: c@d.example"},
        {"name": ""}, {"name": "Ben\nBcc: x@y.example"}, {"name": "x" * 200},
        {"time_zone": "Mars/Olympus"}, {"wishes_from": "2020-01-01"},
        {"wishes_from": "2999-01-01"}, {"wishes_from": "soon"},
    ],
)  # fmt: skip
def test_bad_input_is_told_beside_the_field_and_kept(
    full: Hold, client: FlaskClient, values: dict[str, str]
) -> None:
    answer = ask(client, **({"email": "ben@example.com", "name": "Kept Name"} | values))
    assert answer.status_code == 422 and b'class="field-error' in answer.data
    assert states() == {}
    if "name" not in values:
        assert b"Kept Name" in answer.data


def test_there_is_no_line_where_a_time_is_open(app: object, client: FlaskClient) -> None:
    make.consultant(slug="ada"), make.offering(slug="coo-four")
    session.commit()
    for answer in (client.get("/book/coo-four/ada/waitlist"), ask(client)):
        assert answer.status_code == 303
        assert answer.location == "/book/coo-four/ada"
    assert states() == {}


@pytest.mark.parametrize("team", ["nobody", "ada+ada", "ada+nobody", "+", "ada+"])
def test_a_team_that_is_none_is_404(full: Hold, client: FlaskClient, team: str) -> None:
    assert client.get(f"/book/coo-four/{team}/waitlist").status_code == 404


def test_a_tampered_link_is_refused_and_audited(full: Hold, client: FlaskClient) -> None:
    for method in ("get", "post"):
        tail = "" if method == "get" else "/place"
        assert getattr(client, method)(f"/waitlist/abc.def.ghi{tail}").status_code == 404
    refused = select(func.count()).where(AuditEvent.action == "link.refused")
    assert session.scalar(refused) == 2


def test_unconfirmed_addresses_are_forgotten(
    full: Hold, client: FlaskClient, set_clock: SetClock
) -> None:
    ask(client)
    set_clock(clock.now() + timedelta(days=8))
    with transaction():
        waitlisting.serve()
    entry = session.scalars(select(WaitlistEntry)).one()
    assert (entry.state, entry.email, entry.name, entry.address) == ("lapsed", "", "", "")


# -- leaving ---------------------------------------------------------------------------------------


def test_who_passes_it_on_frees_it_for_the_next(
    full: Hold, client: FlaskClient, drain: Drain
) -> None:
    ben = in_line(full, "Ben")
    in_line(full, "Cleo")
    full.release()
    session.commit()
    drain()
    page = page_of(ben)
    shown = client.get(page).data
    assert b"Go on with the booking" in shown and b"Pass it on" in shown
    assert client.post(f"{page}/leave").status_code == 303
    drain()
    assert states() == {"Ben": "left", "Cleo": "offered"}
    assert client.post(f"{page}/place").status_code == 303
    assert states()["Ben"] == "left"


def test_who_leaves_may_join_again_at_the_end(
    full: Hold, client: FlaskClient, drain: Drain
) -> None:
    ben = in_line(full, "Ben")
    cleo = in_line(full, "Cleo")
    assert cleo.place == 2
    client.post(f"{page_of(ben)}/leave")
    session.expire_all()
    assert session.get_one(WaitlistEntry, cleo.id).place == 1
    assert b"Join the line again" in client.get(page_of(ben)).data
    assert ask(client).status_code == 200


def test_how_many_wait_for_a_consultant(full: Hold) -> None:
    in_line(full, "Ben"), in_line(full, "Anna", consultant_ids=[])
    assert WaitlistEntry.waiting_for(full.consultant.person) == 1
