"""An engagement that a COO and an Integrator fill together, from the held time to the kick-off."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select

from tests import make
from tests.engagements.conftest import Booking
from tests.engagements.mails.conftest import text_of
from tests.mail import Mailbox
from webapp import access, clock
from webapp.access import Role
from webapp.accounts.models import Person
from webapp.booking import queries
from webapp.booking.models import Claim, Hold, SlotTaken
from webapp.booking.staffing.free_days import free_days
from webapp.catalog.models import Consultant
from webapp.db import session
from webapp.engagements import planning
from webapp.engagements.models import Engagement
from webapp.engagements.stages import Actor


@pytest.fixture
def pair(app: object) -> list[Consultant]:
    ada, ben = (make.person(Role.CONSULTANT, name=name) for name in ("Ada Stone", "Ben Reed"))
    return [
        make.consultant(person=ada, slug="ada"),
        make.consultant(person=ben, slug="ben", roles=["integrator"]),
    ]


@pytest.fixture
def booking(pair: list[Consultant]) -> Booking:
    both = make.offering(slug="both", role="both", name="Both roles", days_per_month=7)
    soon = clock.now() + timedelta(days=14)
    start = next(at for at in queries.kickoffs(both, pair) if at > soon)
    held = Hold.take(both, pair, start, "America/New_York")
    session.commit()
    return Booking(held, access.sign("start", str(held.id)))


def test_the_agreement_names_both_with_role_and_days(booking: Booking, client: FlaskClient) -> None:
    booking.type_details(client)
    text = booking.engagement.agreement_text()
    assert "The Firm provides Ada Stone and Ben Reed to work for the Client" in text
    assert "Ada Stone as fractional chief operating officer (COO), Ben Reed as Integrator" in text
    assert "4 are Ada Stone’s and 3 are Ben Reed’s" in text
    assert "cannot provide both of them, or equals, in time" in text
    page = client.get(booking.url("agreement")).text
    assert "Ada Stone and Ben Reed" in page and "Ben Reed, Integrator: 3 days a month" in page


def test_accepting_assigns_both_with_their_roles(signed: Booking) -> None:
    engagement = signed.engagement
    assert [(row.consultant.name, row.role, row.leads) for row in engagement.assignments] == [
        ("Ada Stone", "coo", True), ("Ben Reed", "integrator", False),
    ]  # fmt: skip
    assert engagement.lead.name == "Ada Stone"
    assert engagement.with_whom == "Ada Stone and Ben Reed"


def test_paid_the_kickoff_takes_both_and_each_side_reads_whom_it_meets(
    begun: Engagement, pair: list[Consultant]
) -> None:
    kickoff = begun.kickoff
    assert kickoff is not None
    assert set(kickoff.consultants) == set(pair)
    attending = {(who.person.name, who.side) for who in kickoff.attendees}
    assert {("Ada Stone", "consultant"), ("Ben Reed", "consultant")} < attending
    assert begun.sponsor is not None
    assert kickoff.title_for(begun.sponsor) == "Kick-off with Ada Stone and Ben Reed"
    for who in pair:
        assert Actor.CONSULTANT in begun.is_to(who.person)
        assert begun in session.scalars(Engagement.visible_to(who.person))
    assert [begun.role_of(who) for who in pair] == ["coo", "integrator"]


def test_the_client_and_both_consultants_are_told_once(
    begun: Engagement, drain: Callable[[], int], mailbox: Mailbox
) -> None:
    drain()
    [welcome] = [mail for mail in mailbox.messages if "Welcome" in mail["Subject"]]
    assert "Ada Stone and Ben Reed start with" in text_of(welcome)
    assert "as your COO and your Integrator" in text_of(welcome)
    told = {
        str(mail["To"]): text_of(mail)
        for mail in mailbox.messages
        if "You have a new client" in text_of(mail)
    }
    assert len(told) == 2
    ada, ben = (next(text for to, text in told.items() if name in to) for name in ("Ada", "Ben"))
    assert "as COO and Ben Reed as Integrator" in ada and "4 of 7 days a month" in ada
    assert "as Integrator and Ada Stone as COO" in ben and "3 of 7 days a month" in ben


def test_everybody_prepares_for_the_kickoff(
    begun: Engagement,
    drain: Callable[[], int],
    mailbox: Mailbox,
    set_clock: Callable[..., None],
) -> None:
    assert begun.kickoff is not None
    drain()
    mailbox.messages.clear()
    set_clock(begun.kickoff.starts_at - timedelta(hours=47))
    planning.plan_kickoff_preparations()
    drain()
    to = " ".join(mail["To"] for mail in mailbox.messages)
    assert all(name in to for name in ("Ada Stone", "Ben Reed", "Ana Reyes"))


def test_cancelled_before_the_kickoff_both_are_free_again(
    begun: Engagement, pair: list[Consultant]
) -> None:
    assert begun.sponsor is not None
    begun.cancel_before_kickoff(begun.sponsor)
    active = select(func.count()).select_from(Claim).where(Claim.active)
    assert session.scalar(active) == 0
    for who in pair:
        free = free_days([who])[who.id]
        assert set(free.values()) == {who.days_per_month}


def test_one_of_two_lost_before_payment_leaves_nothing_half_done(
    signed: Booking, pair: list[Consultant], set_clock: Callable[..., None]
) -> None:
    start = signed.hold.starts_at
    set_clock(clock.now() + timedelta(hours=3))
    Hold.take(make.offering(role="integrator"), pair[1], start, "UTC")
    with pytest.raises(SlotTaken) as lost, session.begin_nested():
        signed.engagement.begin_onboarding()
    assert signed.engagement.stage == "signed" and signed.engagement.meetings == []
    assert lost.value.alternatives and start not in lost.value.alternatives
    for at in lost.value.alternatives:
        assert at in queries.kickoffs(signed.offering, pair, signed.hold)


def test_both_see_it_on_their_roster_and_its_page_names_both(
    begun: Engagement, pair: list[Consultant], sign_in: Callable[[Person], FlaskClient]
) -> None:
    company = begun.company
    assert company is not None
    for who in pair:
        browser = sign_in(who.person)
        assert company.name in browser.get("/roster").text
        page = browser.get(f"/engagements/{begun.id}").text
        assert "Ada Stone" in page and "Ben Reed" in page
    assert begun.sponsor is not None
    client = sign_in(begun.sponsor)
    page = client.get(f"/engagements/{begun.id}").text
    assert "Your consultants" in page and "Ada Stone" in page and "Ben Reed" in page


def test_a_time_with_anyone_changes_the_team_until_it_is_signed(
    booking: Booking, client: FlaskClient, pair: list[Consultant]
) -> None:
    able = make.consultant(roles=["coo", "integrator"], days_per_month=30)
    start = booking.hold.starts_at + timedelta(days=1)
    wanted = next(at for at in queries.kickoffs(booking.offering, able) if at > start)
    slot = {"slot": wanted.isoformat()}
    session.commit()
    booking.type_details(client)
    assert client.post(booking.url("slot") + "?team=anyone", data=slot).status_code == 303
    assert booking.hold.team == [able] and able.name in booking.engagement.agreement_text()
    booking.accept(client)
    later = next(at for at in queries.kickoffs(booking.offering, able) if at > wanted)
    able.days_per_month = 7
    session.commit()
    moved = client.post(booking.url("slot") + "?team=anyone", data={"slot": later.isoformat()})
    assert moved.status_code == 303 and booking.hold.team == [able]
    assert [row.consultant for row in booking.engagement.assignments] == [able]
