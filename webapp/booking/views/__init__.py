"""Pages of booking: one part of the walk a file."""

from webapp.booking.views import (
    accounts,
    availability,
    calendars,
    choosing,
    connections,
    directory,
    links,
    meetings,
    moving,
    reminders,
    time,
    waitlist,
)
from webapp.booking.views.room import blueprint

__all__ = [
    "accounts",
    "availability",
    "blueprint",
    "calendars",
    "choosing",
    "connections",
    "directory",
    "links",
    "meetings",
    "moving",
    "reminders",
    "time",
    "waitlist",
]
