"""Slots: the times at which an event can start, from opening hours and busy time.

Pure: it reads no clock, no database and no settings. All lengths are whole minutes.
"""

from .hours import Busy, Event, Host, Mode, Override, Travel, Weekly, Window
from .local_time import check_zone
from .search import next_slot, offers, slots

__all__ = [
    "Busy",
    "Event",
    "Host",
    "Mode",
    "Override",
    "Travel",
    "Weekly",
    "Window",
    "check_zone",
    "next_slot",
    "offers",
    "slots",
]
