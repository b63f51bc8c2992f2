"""How much of a month's price was really charged: what a coupon took off is not given back.

A share is (part, whole) in minor units: (4000, 5000) where a fifth was taken off.
"""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import select

from webapp.billing.buying.order import month_number
from webapp.billing.calls import invoices
from webapp.billing.models import Invoice, Subscription, Upcoming
from webapp.billing.stripe_gateway import Bug
from webapp.db import session
from webapp.engagements.models import Engagement
from webapp.engagements.models.period import month_of
from webapp.money import Money

Share = tuple[int, int]
WHOLE: Share = (1, 1)


def of_share(price: Money, share: Share) -> Money:
    return price.prorate(*share)


def paid_share(engagement: Engagement, day: date) -> Share:
    """Of the month in which a day lies, by the invoice that asked for it."""
    number = month_of(engagement.kick_off_on, day)
    issued = select(Invoice).where(Invoice.engagement_id == engagement.id, Invoice.status != "void")
    for invoice in session.scalars(issued.order_by(Invoice.issued_at.desc())):
        for line in invoice.lines:
            if _pays_for(engagement, line, number):
                return line["minor"] - line.get("discount", 0), line["minor"]
    return WHOLE


def _pays_for(engagement: Engagement, line: dict[str, str], number: int) -> bool:
    """The first month is a line of its own, whose days Stripe does not know."""
    if number == 1:
        return line["kind"] == "first_month"
    starts = datetime.fromisoformat(line["starts"])
    return line["kind"] == "retainer" and month_number(engagement, starts) == number


def foreseen_share(engagement: Engagement, day: date) -> Share:
    """Of a month that may not have been charged yet: as the next one is foreseen, for a preview."""
    paid = paid_share(engagement, day)
    upcoming = Upcoming.of(engagement)
    if paid != WHOLE or upcoming is None:
        return paid
    month = [line for line in upcoming.lines if line["kind"] == "retainer" and line["minor"] > 0]
    price = sum(line["minor"] for line in month)
    return (price - sum(line.get("discount", 0) for line in month), price) if price else WHOLE


def share_ahead(mirror: Subscription) -> Share:
    """Of the next month, as Stripe will charge it."""
    try:
        coming = invoices.preview_renewal(mirror.stripe_id)
    except Bug:
        return WHOLE  # nothing is coming: it ends before
    month = [line for line in coming.lines if line.recurring and line.amount.minor > 0]
    price = sum(line.amount.minor for line in month)
    return (price - sum(line.discount.minor for line in month), price) if price else WHOLE
