"""The mails of a review, each rendered when it is due."""

from __future__ import annotations

from typing import TYPE_CHECKING

from webapp.notifications.sending import Attachment, send_email
from webapp.reviews.agenda import agenda_for
from webapp.web import absolute_url

if TYPE_CHECKING:
    from webapp.accounts.models import Person
    from webapp.booking.models import Booking
    from webapp.reviews.models import Review


def page_url(review: Review) -> str:
    return absolute_url("reviews.review", review_id=review.id)


def invite(review: Review) -> None:
    """To both sides, with the calendar file: it has just been placed."""
    booking = review.booking
    assert booking is not None
    for attendee in booking.attendees:
        send_email(
            "review_invitation",
            attendee.person,
            review,
            attachments=[_calendar_file(booking, attendee.person)],
            review=review,
            booking=booking,
            title=booking.title_for(attendee.person),
            agenda=agenda_for(review.engagement.role),
            url=page_url(review),
        )


def _calendar_file(booking: Booking, reader: Person) -> Attachment:
    kind = "text/calendar; method=REQUEST; charset=utf-8"
    return Attachment("review.ics", kind, booking.calendar_file("REQUEST", reader))


def send_summary(review: Review) -> None:
    """To the sponsor, who decides: what the review came to."""
    sponsor = review.engagement.sponsor
    assert sponsor is not None
    send_email("review_summary", sponsor, review, review=review, booking=review.booking,
               url=page_url(review))  # fmt: skip
