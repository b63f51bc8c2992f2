"""A consultant's calendar, as they and the firm edit it: one part of it a file."""

from webapp.booking.views.availability import (
    absences,
    dates,
    hours,
    overview,
    rules,
    travel,
)

__all__ = ["absences", "dates", "hours", "overview", "rules", "travel"]
