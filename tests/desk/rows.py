"""Rows that the desk's pages read: meetings, reviews, invoices, steps."""

from __future__ import annotations

import itertools
import uuid
from datetime import date, datetime, timedelta
from typing import Any

from tests import make
from webapp import clock
from webapp.accounts.models import Person
from webapp.billing.models import Customer, Invoice, Subscription
from webapp.booking.models import Attendee, Booking
from webapp.engagements.models import Engagement, OnboardingStep
from webapp.reviews.models import Review

serial = itertools.count(1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def meeting(
    engagement: Engagement, starts_in: timedelta, kind: str = "kickoff", **values: Any
) -> Booking:
    """Attended by the sponsor and the lead; created long ago, so that it is not new."""
    starts = clock.now() + starts_in
    assert engagement.sponsor is not None
    defaults: dict[str, Any] = {
        "engagement_id": engagement.id, "kind": kind, "title": f"{kind.title()} with the client",
        "starts_at": starts, "ends_at": starts + HOUR, "time_zone": "America/New_York",
        "place": "https://meet.example.com/room", "uid": str(uuid.uuid4()), "state": "booked",
        "created_at": clock.now() - 30 * DAY,
        "attendees": [
            Attendee(person=engagement.sponsor, side="client"),
            Attendee(person=engagement.lead.person, side="consultant"),
        ],
    }  # fmt: skip
    return make.saved(Booking(**(defaults | values)))  # type: ignore[no-any-return]


def review(engagement: Engagement, booking: Booking | None = None, **values: Any) -> Review:
    defaults: dict[str, Any] = {
        "engagement_id": engagement.id, "month": date(2026, 1, 1), "due_on": date(2026, 1, 15),
        "state": "booked" if booking else "due", "booking_id": booking.id if booking else None,
    }  # fmt: skip
    return make.saved(Review(**(defaults | values)))  # type: ignore[no-any-return]


def invoice(engagement: Engagement, status: str = "paid", **values: Any) -> Invoice:
    number = next(serial)
    paid = status == "paid"
    defaults: dict[str, Any] = {
        "engagement_id": engagement.id, "number": f"RH-{number:04}", "status": status,
        "currency": "USD", "total_minor": 500000, "paid_minor": 500000 if paid else 0,
        "due_minor": 0 if paid else 500000, "attempts": 1 if paid else 0, "lines": [],
        "hosted_url": f"https://invoice.example.com/{number}",
        "pdf_url": f"https://invoice.example.com/{number}.pdf",
        "issued_at": clock.now() - DAY, "paid_at": clock.now() - DAY if paid else None,
        "stripe_id": f"in_{number}", "livemode": False, "synced_at": clock.now(),
    }  # fmt: skip
    return make.saved(Invoice(**(defaults | values)))  # type: ignore[no-any-return]


def subscription(engagement: Engagement, renews_at: datetime) -> Subscription:
    values: dict[str, Any] = {"livemode": False, "synced_at": clock.now(), "currency": "USD"}
    made = Subscription(engagement_id=engagement.id, status="trialing", renews_at=renews_at,
                        price_minor=500000, stripe_id=f"sub_{next(serial)}", **values)  # fmt: skip
    return make.saved(made)  # type: ignore[no-any-return]


def card(engagement: Engagement) -> Customer:
    made = Customer(company_id=engagement.company_id, card_brand="visa", card_last4="4242",
                    card_expires="12/2040", stripe_id=f"cus_{next(serial)}", livemode=False,
                    synced_at=clock.now())  # fmt: skip
    return make.saved(made)  # type: ignore[no-any-return]


def step(engagement: Engagement, owner: str = "consultant", **values: Any) -> OnboardingStep:
    number = next(serial)
    defaults: dict[str, Any] = {
        "engagement_id": engagement.id, "key": f"step-{number}", "title": f"Step number {number}",
        "owner": owner, "due_on": clock.now().date() - DAY, "position": number,
    }  # fmt: skip
    return make.saved(OnboardingStep(**(defaults | values)))  # type: ignore[no-any-return]


def lead(engagement: Engagement) -> Person:
    return engagement.lead.person
