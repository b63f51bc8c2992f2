"""Adding one meeting to a calendar by hand: its file, or a form that Google or Outlook fills in.

What is added like this does not follow when the meeting moves, as an invitation and the
subscription do: these links are for whoever uses neither.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from webapp import access, clock
from webapp.web import absolute_url

if TYPE_CHECKING:
    from webapp.accounts.models import Person
    from webapp.booking.models import Booking

GOOGLE = "https://calendar.google.com/calendar/render"
OUTLOOK = "https://outlook.office.com/calendar/0/deeplink/compose"
PURPOSE = "meeting file"
# Longer than any meeting is placed ahead.
FILE_DAYS = 400


def links_to_add(booking: Booking, reader: Person) -> list[tuple[str, str]]:
    """(label, address) of each way; none for one that is off or over, or is not the reader's."""
    ahead = booking.state in {"booked", "held"} and clock.now() < booking.ends_at
    if not ahead or not may_have(booking, reader):
        return []
    return [
        ("Calendar file", file_url(booking, reader)),
        ("Google Calendar", google_url(booking, reader)),
        ("Outlook", outlook_url(booking, reader)),
    ]


def may_have(booking: Booking, reader: Person) -> bool:
    """Who attends, and the firm; nobody whose account is closed, or who has no part any more."""
    return reader.active and bool(reader.in_firm or (reader.role_names and booking.side_of(reader)))


def file_url(booking: Booking, reader: Person) -> str:
    """The meeting as a file, for that reader, without signing in: it may stand in a mail."""
    token = access.sign(PURPOSE, f"{booking.id}:{reader.id}")
    return absolute_url("booking.linked_file", token=token)


def google_url(booking: Booking, reader: Person) -> str:
    """Google's form for a new event; instants are in UTC, so that no zone can be misread."""
    values = {
        "action": "TEMPLATE",
        "text": booking.title_for(reader),
        "dates": f"{booking.starts_at.astimezone(UTC):%Y%m%dT%H%M%SZ}"
        f"/{booking.ends_at.astimezone(UTC):%Y%m%dT%H%M%SZ}",
        "location": booking.place,
        "details": _details(booking),
    }
    return f"{GOOGLE}?{urlencode(values)}"


def outlook_url(booking: Booking, reader: Person) -> str:
    """Outlook's form for a new event, on the web."""
    values = {
        "path": "/calendar/action/compose",
        "rru": "addevent",
        "subject": booking.title_for(reader),
        "startdt": _iso(booking.starts_at),
        "enddt": _iso(booking.ends_at),
        "location": booking.place,
        "body": _details(booking),
    }
    return f"{OUTLOOK}?{urlencode(values)}"


def subscribe_links(feed_url: str) -> list[tuple[str, str]]:
    """(label, address) to subscribe to a feed by a press; programs know it by its scheme."""
    webcal = "webcal:" + feed_url.partition(":")[2]
    return [
        ("Apple and others", webcal),
        ("Google Calendar", f"{GOOGLE}?{urlencode({'cid': webcal})}"),
        (
            "Outlook",
            "https://outlook.office.com/calendar/0/addfromweb?"
            + urlencode({"url": feed_url, "name": "Righthand"}),
        ),
    ]


def _iso(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def _details(booking: Booking) -> str:
    return absolute_url("booking.meeting", booking_id=booking.id)
