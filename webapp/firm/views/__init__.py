"""The firm's back office, one page kind a file."""

from webapp.firm.views import (
    audit_events,
    companies,
    consultants,
    coupons,
    emails,
    engagements,
    jobs,
    money,
    money_books,
    money_export,
    money_invoices,
    offerings,
    stripe_events,
    waitlist,
)
from webapp.firm.views.room import blueprint

__all__ = [
    "audit_events",
    "blueprint",
    "companies",
    "consultants",
    "coupons",
    "emails",
    "engagements",
    "jobs",
    "money",
    "money_books",
    "money_export",
    "money_invoices",
    "offerings",
    "stripe_events",
    "waitlist",
]
