"""The nouns of the calendar."""

from webapp.booking.models.availability import CalendarRules, DateOverride, WeeklyWindow
from webapp.booking.models.capacity import CapacityMonth, CapacityUse
from webapp.booking.models.claim import Claim
from webapp.booking.models.feed import CalendarFeed
from webapp.booking.models.hold import Hold
from webapp.booking.models.meeting import Attendee, Booking

__all__ = [
    "Attendee",
    "Booking",
    "CalendarFeed",
    "CalendarRules",
    "CapacityMonth",
    "CapacityUse",
    "Claim",
    "DateOverride",
    "Hold",
    "WeeklyWindow",
]
