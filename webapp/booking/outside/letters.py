"""The mail about a calendar that can no longer be read."""

from __future__ import annotations

from webapp.booking.outside.models import OutsideCalendar
from webapp.notifications.sending import send_email
from webapp.web import absolute_url


def tell_unreachable(calendar: OutsideCalendar) -> None:
    """Tell its owner, once an outage, that nothing of theirs is on offer until it is read again."""
    outage = calendar.read_at or calendar.created_at
    send_email(
        "calendar_unreachable",
        calendar.consultant.person,
        calendar,
        occurrence=outage.isoformat(),
        calendar=calendar,
        url=absolute_url("booking.connections"),
    )
