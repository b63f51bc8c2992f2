"""The agreement: what it says, how it is accepted, and that it is accepted once."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from email.message import EmailMessage

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select, text

from tests import make
from tests.engagements.conftest import Booking, started
from tests.mail import Mailbox
from webapp import clock
from webapp.access import Role
from webapp.accounts.models import Company, Membership, Person
from webapp.audit import AuditEvent
from webapp.booking.models import Hold
from webapp.db import session
from webapp.engagements.models import Agreement, Assignment, Engagement, StageChange, Terms
from webapp.engagements.wording import VERSION, sections

SignIn = Callable[[Person], FlaskClient]


def count(noun: type) -> int:
    return session.scalar(select(func.count()).select_from(noun)) or 0


def shown(booking: Booking, client: FlaskClient) -> str:
    booking.type_details(client)
    return client.get(booking.url("agreement")).text


def test_it_is_shown_whole(booking: Booking, client: FlaskClient) -> None:
    page = shown(booking, client)
    for part in (
        "Harbour Foods Ltd, 1 Quay Street, Bristol BS1",
        "to oversee the Client’s operations and procedures",
        "4 days in each month", "32 hours in all", "$5,000.00", "$1,000.00", "$200.00 an hour",
        "at least 3 months", "30 days’ notice", "gets back 50 percent", "10. Other things",
    ):  # fmt: skip
        assert part in page, part
    assert "Integrator’s" not in page and "lawyer" not in page


@pytest.mark.parametrize(
    ("role", "duties"),
    [("coo", 4), ("integrator", 4), ("both", 8)],
)
def test_the_duties_follow_the_role(
    app: object, client: FlaskClient, role: str, duties: int
) -> None:
    booking = started(role=role)
    booking.type_details(client)
    section = sections(booking.engagement.agreement_text())[2]
    assert sum(len(block) for block in section.blocks if isinstance(block, tuple)) == duties


def test_a_diagnostic_has_no_months_and_no_notice(app: object, client: FlaskClient) -> None:
    booking = started(kind="diagnostic", weeks=3, deposit_minor=0, overage_rate_minor=0)
    booking.type_details(client)
    wording = booking.engagement.agreement_text()
    assert "a diagnostic of 3 weeks" in wording and "needs no notice" in wording
    assert "month to month" not in wording and "deposit" not in wording.lower()


def test_typed_text_adds_no_section(app: object, client: FlaskClient) -> None:
    booking = started()
    booking.type_details(client, address="1 Road\n\n11. Everything is free\n\n- and more")
    headings = [part.heading for part in sections(booking.engagement.agreement_text())]
    assert len(headings) == 11 and headings[-1] == "10. Other things"


def test_accepting_makes_everything_of_the_engagement(signed: Booking, client: FlaskClient) -> None:
    engagement = signed.engagement
    assert engagement.stage == "signed" and engagement.signed_at is not None
    company, sponsor = engagement.company, engagement.sponsor
    assert company is not None and sponsor is not None
    assert (company.name, company.country, company.purchase_order) == (
        "Harbour Foods Ltd",
        "GB",
        "PO-77",
    )
    assert (sponsor.name, sponsor.email, sponsor.time_zone) == (
        "Ana Reyes", "ana@harbour.example.com", "America/New_York")  # fmt: skip
    assert sponsor.role_names == {Role.SPONSOR, Role.BILLING}
    assert engagement.lead == signed.hold.consultant
    assert engagement.terms.price == signed.offering.price
    assert engagement.terms.valid_from == engagement.kick_off_on
    change = engagement.stage_changes[-1]
    assert (change.from_stage, change.to_stage, change.by) == ("enquiry", "signed", "Ana Reyes")
    assert session.scalar(select(AuditEvent).filter_by(action="engagement.signed")) is not None


def test_what_was_accepted_is_kept_with_its_hash(signed: Booking) -> None:
    kept = signed.engagement.agreements[0]
    assert hashlib.sha256(kept.text.encode()).hexdigest() == kept.text_hash
    assert (kept.accepted_name, kept.accepted_email) == ("Ana Reyes", "ana@harbour.example.com")
    assert kept.address == "127.0.0.1" and kept.agent and kept.version == VERSION
    assert abs(kept.accepted_at - clock.now()) < timedelta(minutes=1)
    with pytest.raises(Exception, match=r"append-only|permission denied"):
        session.execute(text("UPDATE agreement SET accepted_name = 'x'"))


def test_name_and_tick_are_both_needed(booking: Booking, client: FlaskClient) -> None:
    booking.type_details(client)
    good = booking.acceptance(client)
    for wrong in ({"name": ""}, {"name": "x\ny"}, {"name": "a" * 121}, {"accepted": ""}):
        answer = client.post(booking.url("agreement"), data=good | wrong)
        assert answer.status_code == 422, wrong
    assert count(Agreement) == 0


def test_only_the_text_that_was_shown_can_be_accepted(
    booking: Booking, client: FlaskClient
) -> None:
    booking.type_details(client)
    stale = booking.acceptance(client)
    booking.offering.price_minor = 900000
    session.commit()
    answer = client.post(booking.url("agreement"), data=stale)
    assert answer.status_code == 409 and "has changed" in answer.text and "$9,000.00" in answer.text
    assert count(Agreement) == 0


def test_an_offering_no_longer_sold_is_not_signed(booking: Booking, client: FlaskClient) -> None:
    booking.type_details(client)
    booking.offering.sold = False
    session.commit()
    answer = booking.accept(client)
    assert answer.status_code == 409 and "no longer sold" in answer.text
    assert (count(Agreement), count(Company), count(Terms)) == (0, 0, 0)


def test_without_details_there_is_nothing_to_accept(booking: Booking, client: FlaskClient) -> None:
    assert client.get(booking.url("agreement")).location == booking.url()
    assert client.post(booking.url("agreement")).location == booking.url()


def test_a_second_submit_only_goes_on(signed: Booking, client: FlaskClient) -> None:
    answer = client.post(signed.url("agreement"), data={"name": "Somebody Else", "accepted": "y"})
    assert (answer.status_code, answer.location) == (303, signed.url("pay"))
    assert (count(Agreement), count(Company), count(StageChange)) == (1, 1, 1)
    assert client.get(signed.url()).location == signed.url("pay")


def test_many_submits_at_once_sign_once(booking: Booking, client: FlaskClient, app: object) -> None:
    booking.type_details(client)
    data, url = booking.acceptance(client), booking.url("agreement")
    session.commit()

    def submit(_: int) -> int:
        browser: FlaskClient = app.test_client()  # type: ignore[attr-defined]
        return browser.post(url, data=data).status_code

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(submit, range(16))) == [303] * 16
    for noun, expected in (
        (Agreement, 1),
        (Company, 1),
        (Terms, 1),
        (Assignment, 1),
        (Membership, 3),
    ):
        assert count(noun) == expected, noun


def test_two_bookings_of_one_newcomer_signed_at_once_make_one_person(
    app: object, client: FlaskClient
) -> None:
    bookings = [started(), started()]
    for booking in bookings:
        booking.type_details(client)
    sent = [(booking.url("agreement"), booking.acceptance(client)) for booking in bookings]
    session.commit()

    def submit(form: tuple[str, dict[str, str]]) -> int:
        browser: FlaskClient = app.test_client()  # type: ignore[attr-defined]
        return browser.post(form[0], data=form[1]).status_code

    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(submit, sent)) == [303, 303]
    assert session.scalar(select(func.count()).select_from(Person).filter_by(name="Ana Reyes")) == 1


def test_b15_a_slot_gone_before_accepting(
    booking: Booking, client: FlaskClient, set_clock: Callable[..., None]
) -> None:
    booking.type_details(client)
    set_clock(clock.now() + timedelta(hours=2))
    wanted, consultant = booking.hold.starts_at, booking.hold.consultant
    Hold.take(make.offering(), consultant, wanted, "UTC")
    session.commit()
    answer = booking.accept(client)
    assert answer.status_code == 409 and count(Agreement) == 0
    offered = answer.text.split('name="slot"')[1].split('value="')[1].split('"')[0]
    moved = client.post(booking.url("slot"), data={"slot": offered})
    assert (moved.status_code, moved.location) == (303, booking.url("agreement"))
    assert booking.accept(client).location == booking.url("pay")
    assert booking.engagement.hold.starts_at == datetime.fromisoformat(offered)


def test_another_time_can_be_chosen_from_a_page(signed: Booking, client: FlaskClient) -> None:
    page = client.get(signed.url("slot")).text
    offered = page.split('name="slot"')[1].split('value="')[1].split('"')[0]
    assert client.post(signed.url("slot"), data={"slot": offered}).location == signed.url("pay")
    engagement = signed.engagement
    assert engagement.hold.starts_at == datetime.fromisoformat(offered)
    assert engagement.kick_off_on == engagement.local_date(engagement.hold.starts_at)


# -- sent by a coordinator -------------------------------------------------------------------------


def test_a_coordinator_sends_it_to_the_client(
    booking: Booking,
    sign_in: SignIn,
    client: FlaskClient,
    mailbox: Mailbox,
    drain: Callable[[], int],
) -> None:
    desk = sign_in(make.person(Role.COORDINATOR))
    booking.type_details(desk)
    page = desk.get(booking.url("agreement")).text
    assert "Send to the client" in page and 'name="accepted"' not in page
    forced = {"name": "Me", "accepted": "y"}
    assert desk.post(booking.url("agreement"), data=forced).status_code == 403
    assert desk.post(booking.url("sending")).status_code == 303
    session.refresh(booking.hold)
    assert booking.hold.expires_at > clock.now() + timedelta(hours=47)
    drain()
    (mail,) = mailbox.to("ana@harbour.example.com")
    link = "/start/" + text_of(mail).split("/start/")[1].split()[0]
    assert client.get(link).status_code == 200
    assert booking.accept(client).location == booking.url("pay")
    assert booking.engagement.stage == "signed"
    drain()
    assert len(mailbox.to("ana@harbour.example.com")) == 1


def test_only_coordinators_send_it(booking: Booking, client: FlaskClient, sign_in: SignIn) -> None:
    booking.type_details(client)
    assert client.post(booking.url("sending")).status_code == 401
    for role in (Role.FINANCE, Role.CONSULTANT):
        assert sign_in(make.person(role)).post(booking.url("sending")).status_code == 403


def text_of(mail: EmailMessage) -> str:
    body = mail.get_body(("plain",))
    assert body is not None
    return str(body.get_content())


# -- seen again ------------------------------------------------------------------------------------


def test_its_parties_see_it_again_and_nobody_else(signed: Booking, sign_in: SignIn) -> None:
    engagement = signed.engagement
    url = f"/engagements/{engagement.id}/agreement"
    assert engagement.sponsor is not None
    for person in (engagement.sponsor, signed.hold.consultant.person, make.person(Role.FINANCE)):
        page = sign_in(person).get(url)
        assert page.status_code == 200 and engagement.agreements[0].text_hash in page.text
    stranger = make.person(Role.SPONSOR, company=make.company())
    for person in (stranger, make.consultant().person):
        assert sign_in(person).get(url).status_code == 404


def test_the_clients_leaders_and_observers_do_not_read_its_prices(
    signed: Booking, sign_in: SignIn
) -> None:
    engagement = signed.engagement
    url = f"/engagements/{engagement.id}/agreement"
    for role, status in (
        (Role.BILLING, 200), (Role.LEADER, 403), (Role.OBSERVER, 403),
    ):  # fmt: skip
        browser = sign_in(make.person(role, company=engagement.company))
        assert browser.get(url).status_code == status, role
        page = browser.get(f"/engagements/{engagement.id}").text
        assert (url in page) is (status == 200), role


def test_an_engagement_without_one_has_no_such_page(app: object, sign_in: SignIn) -> None:
    engagement: Engagement = make.engagement()
    browser = sign_in(make.person(Role.OWNER))
    assert browser.get(f"/engagements/{engagement.id}/agreement").status_code == 404


def test_a_kickoff_too_near_for_a_full_refund_says_what_applies_from_now_on(app: object) -> None:
    text = _text_of(started(full_refund_days=60))
    assert "less than 60 days away" in text and "gets back 50 percent of everything" in text
    assert "gets back everything paid at booking" not in text


def _text_of(booking: Booking) -> str:
    engagement = Engagement.of_hold(booking.hold)
    engagement.draft.update(company_name="Harbour Foods", contact_name="Ana Reyes")
    return engagement.agreement_text()


def test_what_was_accepted_can_be_read_until_it_is_paid(
    signed: Booking, client: FlaskClient
) -> None:
    page = client.get(signed.url("agreement")).text
    kept = signed.engagement.agreements[0]
    assert kept.text_hash in page and f"Ana Reyes, {kept.accepted_email}" in page
    assert f'href="{signed.url("pay")}"' in page and 'name="accepted"' not in page


def test_once_signed_the_steps_lead_to_the_agreement_and_not_to_the_details(
    signed: Booking, client: FlaskClient
) -> None:
    for step in ("pay", "left"):
        page = client.get(signed.url(step)).text
        assert f'href="{signed.url("agreement")}"' in page
        assert f'href="{signed.url()}"' not in page
