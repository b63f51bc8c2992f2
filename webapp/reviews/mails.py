"""The mails of a review, each rendered when it is due."""

from __future__ import annotations

from typing import TYPE_CHECKING

from webapp.accounts.models import Person
from webapp.booking.files import calendar_files
from webapp.booking.mails.letters import links_for
from webapp.notifications.sending import Attachment, send_email
from webapp.reviews.agenda import agenda_for
from webapp.reviews.parties import consultants_of
from webapp.web import absolute_url

if TYPE_CHECKING:
    from webapp.booking.models import Booking
    from webapp.reviews.models import Review
    from webapp.reviews.models.placing import Placeable


def page_url(review: Placeable) -> str:
    return absolute_url("reviews.review", review_id=review.id)


def invite(review: Placeable) -> None:
    """To both sides, with the calendar file: it has just been placed."""
    booking = review.booking
    assert booking is not None
    for attendee in booking.attendees:
        send_email(
            "review_invitation",
            attendee.person,
            booking,
            attachments=[_calendar_file(booking, attendee.person)],
            review=review,
            booking=booking,
            title=booking.title_for(attendee.person),
            agenda=agenda_for(review.engagement.role),
            links=links_for(booking, attendee.person),
            url=page_url(review),
        )


def _calendar_file(booking: Booking, reader: Person) -> Attachment:
    kind = "text/calendar; method=REQUEST; charset=utf-8"
    file = calendar_files.invitation(booking, "REQUEST", reader)
    return Attachment("review.ics", kind, file)


def ask_for_time(review: Placeable) -> None:
    """To its consultants: nobody's calendar had room near its date; once for each date."""
    _tell_consultants("review_no_time", review, review.due_on.isoformat())


def worry(review: Placeable) -> None:
    """To its consultants: its month runs, and it still has no time."""
    _tell_consultants("review_unbooked", review, _which_time(review))


def tell_not_moved(review: Placeable) -> None:
    """To its consultants: the rule has changed, and this one could not follow."""
    _tell_consultants("review_not_moved", review, review.due_on.isoformat())


def _which_time(review: Placeable) -> str:
    """It may be called off, booked again, and called off once more."""
    return f"called off {review.booking.sequence}" if review.booking else ""


def _tell_consultants(kind: str, review: Placeable, occurrence: str = "") -> None:
    for person in consultants_of(review.engagement):
        send_email(kind, person, review, occurrence, review=review, company=company_of(review),
                   booking=review.booking, url=page_url(review))  # fmt: skip


def tell_missed(review: Review) -> None:
    """To the firm's coordinators: a month went by without its review."""
    for person in Person.coordinators():
        send_email("review_missed", person, review, review=review, company=company_of(review),
                   booking=review.booking, url=page_url(review))  # fmt: skip


def company_of(review: Placeable) -> str:
    company = review.engagement.company
    return company.name if company else review.engagement.title


def send_summary(review: Review) -> None:
    """To the sponsor, who decides: what the review came to."""
    sponsor = review.engagement.sponsor
    assert sponsor is not None
    send_email("review_summary", sponsor, review, review=review, booking=review.booking,
               url=page_url(review))  # fmt: skip
