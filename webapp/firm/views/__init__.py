"""The firm's back office, one page kind a file."""

from webapp.firm.views.room import blueprint
from webapp.firm.views import (  # noqa: I001 - the views register on the blueprint
    audit_events,
    consultants,
    emails,
    engagements,
    jobs,
    offerings,
    stripe_events,
)

__all__ = [
    "audit_events",
    "blueprint",
    "consultants",
    "emails",
    "engagements",
    "jobs",
    "offerings",
    "stripe_events",
]
