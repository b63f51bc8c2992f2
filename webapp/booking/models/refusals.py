"""Why a time cannot be had."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from babel.dates import format_date


class SlotTaken(Exception):
    """Somebody else has the time; `alternatives` are the nearest that are open, in order."""

    def __init__(self, alternatives: Sequence[datetime] = ()) -> None:
        super().__init__("that time has just been taken")
        self.alternatives = list(alternatives)


class NoCapacity(SlotTaken):
    """The consultant has no days left in a month that the engagement needs."""


class DaysPromised(Exception):
    """A consultant has no days left in a month that a larger plan needs; says who and when."""

    def __init__(self, who: str, month: date) -> None:
        named = format_date(month, "MMMM y", locale="en")
        super().__init__(f"{who} has no days left for it in {named}.")
        self.who, self.month = who, month


class TooManyHeld(Exception):
    """This network address keeps as many times as one may at once."""


class TooManyAsked(Exception):
    """This network address asked for as many places in line as one may within an hour."""


class NotOffered(Exception):
    """Never was on offer: outside the hours, too soon, too far ahead, or not sold like this."""


class MeetingOver(Exception):
    """The meeting was held, missed or called off, or has begun: it stays as it is."""


class ChangedMeanwhile(Exception):
    """Somebody else moved the meeting since it was looked at: look again, then decide."""


class TooLate(Exception):
    """So short before the start a client asks the consultant instead of changing it alone."""


class LinkRefused(Exception):
    """The link was tampered with (404); or used, expired, or outrun by another change (410)."""

    def __init__(self, status: int) -> None:
        super().__init__("the link is not, or no longer, good")
        self.status = status
