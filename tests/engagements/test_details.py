"""Company and contact, as a visitor, a client and a coordinator."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select

from tests import make
from tests.engagements.conftest import TYPED, Booking
from webapp import clock
from webapp.access import Role
from webapp.accounts.models import Company, Person
from webapp.booking.models import CalendarRules, Hold
from webapp.db import session
from webapp.engagements.models import Engagement

SignIn = Callable[[Person], FlaskClient]


def count(noun: type) -> int:
    return session.scalar(select(func.count()).select_from(noun)) or 0


def test_the_page_guesses_the_zone_and_shows_what_is_booked(
    booking: Booking, client: FlaskClient
) -> None:
    client.set_cookie("tz", "Europe/Paris")
    page = client.get(booking.url()).text
    assert '<option selected value="Europe/Paris">' in page
    assert booking.offering.name in page and "$6,000.00" in page
    assert "New York, UTC−" in page and "data-deadline" in page


@pytest.mark.parametrize(("notice", "says"), [(0, False), (400 * 24 * 60, True)])
def test_of_a_kickoff_so_near_the_page_says_that_one_cannot_move_it(
    booking: Booking, client: FlaskClient, notice: int, says: bool
) -> None:
    session.get_one(CalendarRules, booking.hold.consultant_id).change_notice = notice
    session.commit()
    page = client.get(booking.url()).text
    assert ("you cannot move it by yourself" in page) == says


def test_looking_at_the_page_stores_nothing(booking: Booking, client: FlaskClient) -> None:
    client.get(booking.url())
    assert count(Engagement) == 0


def test_what_is_typed_is_kept_and_no_company_is_made_yet(
    booking: Booking, client: FlaskClient
) -> None:
    answer = booking.type_details(client)
    assert (answer.status_code, answer.location) == (303, booking.url("agreement"))
    kept = booking.engagement
    assert kept.stage == "enquiry" and kept.details.company_name == "Harbour Foods Ltd"
    assert kept.time_zone == "America/New_York"
    assert (count(Company), count(Person)) == (0, 1)
    assert "Harbour Foods Ltd" in client.get(booking.url()).text


BAD = [
    ({"company_name": "  "}, "Enter the company’s name."),
    ({"company_name": "x" * 201}, "200"),
    ({"company_name": "Evil\r\nBcc: all@example.com"}, "one line"),
    ({"company_name": "..."}, "letters"),
    ({"country": ""}, "Choose the country."),
    ({"country": "XX"}, "Not a valid choice"),
    ({"time_zone": "Mars/Olympus"}, "Not a valid choice"),
    ({"address": ""}, "Enter the address"),
    ({"address": "a" * 501}, "500"),
    ({"address": "a\x07b"}, "ordinary characters"),
    ({"purchase_order": "p" * 61}, "60"),
    ({"contact_name": "\x1b[31m"}, "one line"),
    ({"contact_name": "Ana \u202exe.tset"}, "one line"),
    ({"contact_email": "nobody"}, "full e-mail"),
    ({"contact_email": "a@b.example\nx"}, "full e-mail"),
    ({"contact_phone": "1" * 41}, "40"),
]


@pytest.mark.parametrize(("wrong", "says"), BAD)
def test_bad_input_is_told_beside_the_field_and_the_rest_is_kept(
    booking: Booking, client: FlaskClient, wrong: dict[str, str], says: str
) -> None:
    answer = booking.type_details(client, **wrong)
    assert answer.status_code == 422 and says in answer.text
    other = "contact_phone" if "contact_phone" not in wrong else "purchase_order"
    assert TYPED[other] in answer.text
    assert count(Engagement) == 0


def test_hostile_text_is_shown_as_text(booking: Booking, client: FlaskClient) -> None:
    booking.type_details(client, company_name="<script>alert(1)</script>{{7*7}}")
    page = client.get(booking.url("agreement")).text
    assert "<script>alert" not in page and "&lt;script&gt;alert(1)&lt;/script&gt;{{7*7}}" in page


def test_a_forged_or_foreign_link_is_not_found(booking: Booking, client: FlaskClient) -> None:
    assert client.get(booking.url()[:-3] + "xyz").status_code == 404
    assert client.post("/start/nothing", data=TYPED).status_code == 404


def test_a_hold_that_lapsed_is_taken_again_without_a_word(
    booking: Booking, client: FlaskClient, set_clock: Callable[..., None]
) -> None:
    set_clock(clock.now() + timedelta(hours=2))
    assert "not being kept" in client.get(booking.url()).text
    assert booking.type_details(client).status_code == 303
    assert booking.hold.live


def test_b15_a_slot_gone_meanwhile_offers_the_nearest_and_keeps_what_was_typed(
    booking: Booking, client: FlaskClient, set_clock: Callable[..., None]
) -> None:
    set_clock(clock.now() + timedelta(hours=2))
    wanted, consultant = booking.hold.starts_at, booking.hold.consultant
    Hold.take(make.offering(), consultant, wanted, "UTC")
    session.commit()
    answer = booking.type_details(client)
    assert answer.status_code == 409 and "Harbour Foods Ltd" in answer.text
    offered = answer.text.split('name="slot"')[1].split('value="')[1].split('"')[0]
    assert count(Engagement) == 0
    chosen = booking.type_details(client, slot=offered)
    assert chosen.status_code == 303
    assert booking.hold.starts_at == datetime.fromisoformat(offered) != wanted
    assert booking.engagement.kick_off_on == booking.engagement.local_date(booking.hold.starts_at)


@pytest.mark.parametrize("slot", ["yesterday", "2027-01-04T10:00", "1999-01-01T10:00:00+00:00"])
def test_a_crafted_time_is_refused(booking: Booking, client: FlaskClient, slot: str) -> None:
    before = booking.hold.starts_at
    assert booking.type_details(client, slot=slot).status_code == 422
    session.refresh(booking.hold)
    assert booking.hold.starts_at == before


# -- clients who are known -------------------------------------------------------------------------


def known_client(**values: str) -> Person:
    company = make.company(name="Known Ltd", country="US", address="5 Main St", **values)
    return make.person(Role.SPONSOR, company=company, name="Kim Known")


def test_a_client_signed_in_is_asked_only_what_is_unknown(
    booking: Booking, sign_in: SignIn
) -> None:
    browser = sign_in(known_client())
    page = browser.get(booking.url()).text
    assert "Known Ltd" in page
    for known in ("company_name", "country", "address", "contact_name", "contact_email"):
        assert f'name="{known}"' not in page
    assert 'name="contact_phone"' in page and 'name="purchase_order"' in page


def test_a_client_books_again_for_their_company(booking: Booking, sign_in: SignIn) -> None:
    kim = known_client()
    company = kim.memberships[0].company
    browser = sign_in(kim)
    typed = {"company": str(company.id), "purchase_order": "PO-2", "contact_phone": "555"}
    assert browser.post(booking.url(), data=typed).status_code == 303
    assert booking.accept(browser).status_code == 303
    engagement = booking.engagement
    assert (engagement.company, engagement.sponsor) == (company, kim)
    assert (company.purchase_order, kim.phone, company.address) == ("PO-2", "555", "5 Main St")
    assert count(Company) == 1


def test_a_client_may_book_for_another_company(booking: Booking, sign_in: SignIn) -> None:
    kim = known_client()
    browser = sign_in(kim)
    assert 'name="company_name"' in browser.get(booking.url() + "?company=new").text
    assert booking.type_details(browser, company="new").status_code == 303
    assert booking.engagement.details.company_id == ""
    assert booking.engagement.details.contact_email == kim.email


def test_nobody_books_for_a_company_that_is_not_theirs(booking: Booking, sign_in: SignIn) -> None:
    foreign = known_client().memberships[0].company
    stranger = make.person(Role.OBSERVER, company=foreign)
    own = make.person(Role.SPONSOR, company=make.company())
    for person in (stranger, own):
        booking.type_details(sign_in(person), company=str(foreign.id))
        assert booking.engagement.details.company_id != str(foreign.id)


def test_without_signing_in_a_company_on_file_is_never_reached(
    booking: Booking, client: FlaskClient
) -> None:
    company = known_client().memberships[0].company
    booking.type_details(client, company=str(company.id), company_id=str(company.id))
    assert booking.engagement.details.company_id == ""


def test_a_client_s_booking_asks_for_their_sign_in_again(
    booking: Booking, sign_in: SignIn, client: FlaskClient
) -> None:
    kim = known_client()
    booking.type_details(sign_in(kim))
    assert "/sign-in" in client.get(booking.url("agreement")).location
    assert client.post(booking.url("agreement")).status_code == 401
    other = sign_in(make.person(Role.SPONSOR, company=make.company()))
    assert "/sign-in" in other.get(booking.url()).location


def test_an_address_with_an_account_is_answered_like_any_other(
    booking: Booking, client: FlaskClient
) -> None:
    old = make.person(
        Role.SPONSOR, company=make.company(name="Old Company"), email="ana@harbour.example.com"
    )
    session.commit()
    assert booking.type_details(client).status_code == 303
    assert "Old Company" not in client.get(booking.url("agreement")).text
    assert booking.accept(client).status_code == 303
    engagement = booking.engagement
    assert engagement.sponsor == old
    assert engagement.company is not None and engagement.company.name == "Harbour Foods Ltd"
    session.refresh(old)
    assert {row.company.name for row in old.memberships} == {"Old Company", "Harbour Foods Ltd"}


# -- coordinators ----------------------------------------------------------------------------------


def test_a_coordinator_chooses_a_company_or_types_a_new_one(
    booking: Booking, sign_in: SignIn
) -> None:
    sponsor = known_client()
    company = sponsor.memberships[0].company
    browser = sign_in(make.person(Role.COORDINATOR))
    page = browser.get(booking.url() + f"?company={company.id}").text
    assert 'name="company_name"' not in page and sponsor.email in page
    assert 'name="company_name"' in browser.get(booking.url()).text
    assert booking.type_details(browser, company=str(company.id)).status_code == 303
    assert booking.engagement.details.company_id == str(company.id)
    assert booking.engagement.details.contact_email == TYPED["contact_email"]


def test_a_client_cannot_change_the_parties_a_coordinator_chose(
    booking: Booking, sign_in: SignIn, client: FlaskClient
) -> None:
    company = known_client().memberships[0].company
    booking.type_details(sign_in(make.person(Role.COORDINATOR)), company=str(company.id))
    answer = booking.type_details(client, contact_email="thief@example.com")
    assert answer.location == booking.url("agreement")
    assert booking.engagement.details.contact_email == TYPED["contact_email"]
