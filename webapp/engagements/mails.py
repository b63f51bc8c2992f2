"""The mails of an engagement, each rendered when it is due and sent only while still of use."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from sqlalchemy import select

from webapp import access, clock
from webapp.accounts.models import Person, SignInLink
from webapp.booking.files import calendar_files
from webapp.booking.mails.letters import links_for
from webapp.booking.models import Booking
from webapp.db import session
from webapp.engagements import checklist
from webapp.engagements.models import Draft, Engagement
from webapp.notifications.sending import Attachment, send_email
from webapp.web import absolute_url

SIGN_IN_DAYS = 14


def start_url(engagement: Engagement) -> str:
    """The way back into a booking: to its agreement, or once that is signed, to its payment."""
    token = access.sign("start", str(engagement.hold_id))
    page = "billing.pay" if engagement.stage == "signed" else "engagements.agreement"
    return absolute_url(page, token=token)


def page_url(engagement: Engagement) -> str:
    return absolute_url("desk.engagement", engagement_id=engagement.id)


def _client(engagement: Engagement) -> Person | Draft:
    """Who pays: the billing contact, or whoever was typed in before there is a company."""
    company = engagement.company
    return (company and company.billing_contact) or engagement.sponsor or engagement.details


def _invitation(booking: Booking, reader: Person) -> Attachment:
    kind = "text/calendar; method=REQUEST; charset=utf-8"
    file = calendar_files.invitation(booking, "REQUEST", reader)
    return Attachment("kick-off.ics", kind, file)


# -- booking ---------------------------------------------------------------------------------------


def ask_for_payment(engagement: Engagement, occurrence: str) -> None:
    """The link to agreement and payment; occurrence '0' is the first of them.

    Who has bought the same since, in another booking, is not reminded of this one.
    """
    if occurrence != "0" and bought_since(engagement):
        return
    send_email(
        "payment_setup",
        _client(engagement),
        engagement,
        f"{engagement.asked_at:%Y%m%d%H%M}-{occurrence}",
        engagement=engagement,
        first=occurrence == "0",
        url=start_url(engagement),
    )


def tell_unpaid(engagement: Engagement) -> None:
    """Day 5: a coordinator may want to call."""
    for person in [] if bought_since(engagement) else Person.coordinators():
        send_email(
            "payment_setup_overdue",
            person,
            engagement,
            engagement=engagement,
            client=_client(engagement),
            url=page_url(engagement),
        )


def tell_lost(engagement: Engagement) -> None:
    if bought_since(engagement):
        return
    again = absolute_url("booking.start")
    send_email("payment_setup_lapsed", _client(engagement), engagement,
               engagement=engagement, url=again)  # fmt: skip


def bought_since(engagement: Engagement) -> bool:
    """Whether the same people have begun with the same offering in a booking made later."""
    same = select(Engagement.id).where(
        Engagement.sponsor_id == engagement.sponsor_id,
        Engagement.offering_id == engagement.offering_id,
        Engagement.created_at > engagement.created_at,
        Engagement.stage.in_(["onboarding", "active"]),
    )
    return engagement.sponsor_id is not None and session.scalar(same.limit(1)) is not None


def offer_resume(engagement: Engagement) -> None:
    send_email("booking_resume", engagement.details, engagement,
               engagement=engagement, url=start_url(engagement))  # fmt: skip


# -- onboarding ------------------------------------------------------------------------------------


def welcome(engagement: Engagement) -> None:
    sponsor, kickoff = engagement.sponsor, engagement.kickoff
    assert sponsor is not None and kickoff is not None
    token = SignInLink.issue(sponsor, SIGN_IN_DAYS)
    send_email(
        "welcome",
        sponsor,
        engagement,
        attachments=[_invitation(kickoff, sponsor)],
        engagement=engagement,
        kickoff=kickoff,
        first_days=[step for step in engagement.steps if step.owner == "client"],
        sign_in=absolute_url("accounts.use_link", token=token),
        sign_in_days=SIGN_IN_DAYS,
        links=links_for(kickoff, sponsor),
        url=page_url(engagement),
    )


def tell_consultants(engagement: Engagement) -> None:
    kickoff = engagement.kickoff
    assert kickoff is not None
    for seat in engagement.hold.seats:
        others = [who for who in engagement.consultants if who is not seat.consultant]
        send_email(
            "consultant_booked",
            seat.consultant.person,
            engagement,
            attachments=[_invitation(kickoff, seat.consultant.person)],
            engagement=engagement,
            seat=seat,
            partner=others[0] if others else None,
            kickoff=kickoff,
            links=links_for(kickoff, seat.consultant.person),
            url=page_url(engagement),
        )


def request_access(engagement: Engagement, on: date) -> None:
    assert engagement.sponsor is not None
    send_email(
        "access_request",
        engagement.sponsor,
        engagement,
        on.isoformat(),
        engagement=engagement,
        systems=checklist.SYSTEMS,
        url=page_url(engagement),
    )


def prepare_kickoff(engagement: Engagement, kickoff: Booking) -> None:
    """Each side reads what is theirs to prepare; runs: the reader is a consultant."""
    for person in _attending(kickoff):
        send_email(
            "kickoff_prepare",
            person,
            kickoff,
            kickoff.starts_at.isoformat(),
            engagement=engagement,
            kickoff=kickoff,
            links=links_for(kickoff, person),
            agenda=checklist.both(checklist.AGENDA, engagement.role),
            numbers=checklist.both(checklist.NUMBERS, engagement.role),
            runs=kickoff.side_of(person) == "consultant",
            open_steps=[step for step in engagement.steps if step.required and step.open],
            url=page_url(engagement),
        )


def tell_unrecorded(engagement: Engagement, kickoff: Booking) -> None:
    """A coordinator may want to ask the consultant, or record it themselves."""
    for person in Person.coordinators():
        send_email(
            "kickoff_unrecorded",
            person,
            kickoff,
            kickoff.starts_at.isoformat(),
            engagement=engagement,
            kickoff=kickoff,
            consultants=engagement.consultants,
            url=absolute_url("engagements.kickoff", engagement_id=engagement.id),
        )


def recap_kickoff(engagement: Engagement) -> None:
    kickoff = engagement.kickoff
    assert kickoff is not None
    upcoming = _next_meeting(engagement)
    for person in _attending(kickoff):
        send_email(
            "kickoff_recap",
            person,
            kickoff,
            engagement=engagement,
            notes=[line.strip() for line in engagement.kickoff_notes.splitlines() if line.strip()],
            open_steps=[step for step in engagement.steps if step.open],
            upcoming=upcoming,
            links=links_for(upcoming, person) if upcoming else None,
            url=page_url(engagement),
        )


def ask_pulse(engagement: Engagement, on: date) -> None:
    assert engagement.sponsor is not None
    token = access.sign("pulse", f"{engagement.id}@{on.isoformat()}")
    send_email(
        "pulse",
        engagement.sponsor,
        engagement,
        on.isoformat(),
        engagement=engagement,
        url=absolute_url("engagements.pulse", token=token),
    )


def _attending(meeting: Booking) -> Iterable[Person]:
    return (attendee.person for attendee in meeting.attendees)


def _next_meeting(engagement: Engagement) -> Booking | None:
    ahead = (row for row in engagement.meetings if row.state == "booked")
    return next((row for row in ahead if row.starts_at > clock.now()), None)
