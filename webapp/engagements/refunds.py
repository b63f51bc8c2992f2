"""The refund policy shown at booking."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from webapp import clock


@dataclass(frozen=True)
class RefundPolicy:
    """Cancelled until `deadline`: everything paid comes back; later, `late_percent` of it."""

    deadline: datetime
    late_percent: int

    @classmethod
    def before(cls, starts_at: datetime, days: int, late_percent: int, zone: str) -> RefundPolicy:
        """The deadline is so many local days before a start, at the same time by the wall clock."""
        return cls(starts_at.astimezone(ZoneInfo(zone)) - timedelta(days=days), late_percent)

    @property
    def late(self) -> bool:
        """The deadline has passed: with a near kick-off, perhaps before anything was booked."""
        return clock.now() > self.deadline

    def percent(self, at: datetime) -> int:
        return 100 if at <= self.deadline else self.late_percent
