"""The nouns of the calendar."""

from webapp.booking.models.absence import Absence
from webapp.booking.models.attendee import Attendee
from webapp.booking.models.availability import CalendarRules, DateOverride, WeeklyWindow
from webapp.booking.models.capacity import CapacityMonth, CapacityUse
from webapp.booking.models.change_link import ChangeLink
from webapp.booking.models.claim import Claim
from webapp.booking.models.feed import CalendarFeed
from webapp.booking.models.hold import HOLD_MINUTES, KICKOFF_MINUTES, Hold
from webapp.booking.models.meeting import REVIEW_MINUTES, Booking
from webapp.booking.models.open_times import open_slots
from webapp.booking.models.refusals import (
    ChangedMeanwhile,
    LinkRefused,
    MeetingOver,
    NoCapacity,
    NotOffered,
    SlotTaken,
    TooLate,
    TooManyAsked,
    TooManyHeld,
)
from webapp.booking.models.reminder import Reminder
from webapp.booking.models.seat import HoldSeat
from webapp.booking.models.substituting import Handover
from webapp.booking.models.together import nearest
from webapp.booking.models.travel import Travel
from webapp.booking.models.waitlist import WaitlistEntry

__all__ = [
    "HOLD_MINUTES",
    "KICKOFF_MINUTES",
    "REVIEW_MINUTES",
    "Absence",
    "Attendee",
    "Booking",
    "CalendarFeed",
    "CalendarRules",
    "CapacityMonth",
    "CapacityUse",
    "ChangeLink",
    "ChangedMeanwhile",
    "Claim",
    "DateOverride",
    "Handover",
    "Hold",
    "HoldSeat",
    "LinkRefused",
    "MeetingOver",
    "NoCapacity",
    "NotOffered",
    "Reminder",
    "SlotTaken",
    "TooLate",
    "TooManyAsked",
    "TooManyHeld",
    "Travel",
    "WaitlistEntry",
    "WeeklyWindow",
    "nearest",
    "open_slots",
]
