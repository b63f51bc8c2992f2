"""The client's home: one engagement at once, several in a list, unfinished bookings on top."""

from __future__ import annotations

from collections.abc import Callable

from flask.testing import FlaskClient

from tests import make
from tests.counting import counting
from tests.desk import rows
from tests.desk.rows import DAY
from webapp import clock
from webapp.access import CLIENT, Role, unsign
from webapp.accounts.models import Company, Person
from webapp.engagements.models import Engagement

SignIn = Callable[[Person], FlaskClient]


def sponsor_of(company: Company) -> Person:
    return make.person(Role.SPONSOR, company=company)


def unfinished(stage: str = "enquiry", **values: object) -> Engagement:
    """A booking whose kick-off lies ahead and is not paid."""
    made = make.engagement("signed", hold={"state": "held"})
    made.stage = stage
    if stage == "enquiry":
        made.company = made.sponsor = None
    for name, value in values.items():
        setattr(made, name, value)
    return make.saved(made)  # type: ignore[no-any-return]


def test_nobody_but_clients(app: object, sign_in: SignIn) -> None:
    assert sign_in(make.consultant().person).get("/client").status_code == 403
    assert sign_in(make.person(Role.OWNER)).get("/client").status_code == 403


def test_nothing_booked_yet_is_calm_and_shows_the_way(app: object, sign_in: SignIn) -> None:
    page = sign_in(sponsor_of(make.company())).get("/client").text
    assert "Nothing booked yet" in page and 'href="/book"' in page


def test_the_only_engagement_is_shown_at_once(app: object, sign_in: SignIn) -> None:
    engagement = make.engagement("active")
    for role in CLIENT:
        page = sign_in(make.person(role, company=engagement.company)).get("/client").text
        assert engagement.title in page and "Next meetings" in page, role


def test_several_are_listed_with_the_one_that_is_over_last(app: object, sign_in: SignIn) -> None:
    company = make.company()
    over = make.engagement("ended", company=company, offering=make.offering(name="Over"))
    make.engagement("active", company=company, offering=make.offering(name="Running"))
    other = make.engagement("active", offering=make.offering(name="Of somebody else"))
    page = sign_in(sponsor_of(company)).get("/client").text
    assert page.index("Running") < page.index("Over")
    assert f"/engagements/{over.id}" in page
    assert "Of somebody else" not in page and str(other.id) not in page


def test_a_booking_broken_off_by_the_client_goes_on(app: object, sign_in: SignIn) -> None:
    sponsor = sponsor_of(make.company())
    begun = unfinished(draft={"person_id": str(sponsor.id), "contact_email": sponsor.email})
    page = sign_in(sponsor).get("/client").text
    assert "Finish booking" in page
    token = page.split('href="/start/')[1].split('"')[0]
    assert unsign("start", token) == str(begun.hold_id)


def test_one_signed_but_unpaid_goes_on_to_payment(app: object, sign_in: SignIn) -> None:
    begun = unfinished("signed")
    assert begun.sponsor is not None
    page = sign_in(begun.sponsor).get("/client").text
    assert "the first payment is all that is left" in page


def test_one_that_a_coordinator_sent_is_found_by_address(app: object, sign_in: SignIn) -> None:
    sponsor = sponsor_of(make.company())
    marcus = make.person(Role.COORDINATOR)
    unfinished(draft={"contact_email": sponsor.email.upper()}, booked_by=marcus)
    assert "Finish booking" in sign_in(sponsor).get("/client").text


def test_a_stranger_who_types_my_address_puts_nothing_on_my_page(
    app: object, sign_in: SignIn
) -> None:
    sponsor = sponsor_of(make.company())
    unfinished(draft={"contact_email": sponsor.email, "company_name": "Trap"})
    unfinished("signed")
    assert "Finish booking" not in sign_in(sponsor).get("/client").text


def test_a_kickoff_that_has_passed_is_not_offered_again(app: object, sign_in: SignIn) -> None:
    begun = unfinished("signed")
    begun.hold.starts_at = clock.now() - DAY
    assert begun.sponsor is not None
    assert "Finish booking" not in sign_in(begun.sponsor).get("/client").text


def test_the_same_statements_for_two_engagements_and_four(app: object, sign_in: SignIn) -> None:
    assert statements(sign_in, 2) == statements(sign_in, 4)


def statements(sign_in: SignIn, engagements: int) -> int:
    company = make.company()
    sponsor = sponsor_of(company)
    for _ in range(engagements):
        engagement = make.engagement("active", company=company)
        rows.meeting(engagement, 3 * DAY, "review")
        rows.invoice(engagement)
        unfinished(draft={"person_id": str(sponsor.id)})
    browser = sign_in(sponsor)
    with counting() as sent:
        assert browser.get("/client").status_code == 200
    return len(sent)
