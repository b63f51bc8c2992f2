"""How much of a month's price was really charged: what a coupon took off is not given back.

A share is (part, whole) in minor units: (4000, 5000) where a fifth was taken off.
"""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import or_, select

from webapp.billing.buying.order import month_number
from webapp.billing.calls import invoices
from webapp.billing.models import Invoice, InvoiceItem, Subscription, Upcoming
from webapp.billing.owing.asked_days import BY_DAYS
from webapp.billing.stripe_gateway import Bug
from webapp.db import session
from webapp.engagements.models import Engagement
from webapp.engagements.models.period import month_of
from webapp.money import Money

Share = tuple[int, int]
WHOLE: Share = (1, 1)
NOTHING: Share = (0, 1)
# What was asked for and is not paid, nor will be.
DEAD = frozenset({"void", "uncollectible"})


def of_share(price: Money, share: Share) -> Money:
    return price.prorate(*share)


def paid_share(engagement: Engagement, day: date) -> Share:
    """Of the price of a day; all of it where no invoice has asked for it yet."""
    return charged_share(engagement, day) or WHOLE


def charged_share(engagement: Engagement, day: date) -> Share | None:
    """As it was asked for: by the item of its days, if any, or by the month's invoice; none
    of it where that one was voided or given up, and None where there is none."""
    return _resumed_share(engagement, day) or _month_share(engagement, day)


def asked_share(engagement: Engagement, day: date) -> Share | None:
    """As it was asked for and is not given up."""
    found = charged_share(engagement, day)
    return None if found == NOTHING else found


def _resumed_share(engagement: Engagement, day: date) -> Share | None:
    rows = select(InvoiceItem).where(
        InvoiceItem.engagement_id == engagement.id,
        or_(*(InvoiceItem.key.startswith(name) for name in BY_DAYS)),
        InvoiceItem.starts <= day, InvoiceItem.ends > day,
    )  # fmt: skip
    item = session.scalars(rows.order_by(InvoiceItem.starts.desc()).limit(1)).first()
    if item is None:
        return None
    part, whole = item.share
    return NOTHING if item.invoice and item.invoice.status in DEAD else (part, whole)


def _month_share(engagement: Engagement, day: date) -> Share | None:
    number, found = month_of(engagement.kick_off_on, day), None
    issued = select(Invoice).where(Invoice.engagement_id == engagement.id)
    for invoice in session.scalars(issued.order_by(Invoice.issued_at.desc())):
        for line in invoice.lines:
            if _pays_for(engagement, line, number):
                if invoice.status not in DEAD:
                    return line["minor"] - line.get("discount", 0), line["minor"]
                found = NOTHING
    return found


def _pays_for(engagement: Engagement, line: dict[str, str], number: int) -> bool:
    """The first month is a line of its own, whose days Stripe does not know."""
    if number == 1:
        return line["kind"] == "first_month"
    starts = datetime.fromisoformat(line["starts"])
    return line["kind"] == "retainer" and month_number(engagement, starts) == number


def foreseen_share(engagement: Engagement, day: date) -> Share:
    """Of a month that may not have been charged yet: as the next one is foreseen, for a preview."""
    paid, upcoming = asked_share(engagement, day), Upcoming.of(engagement)
    if paid or upcoming is None:
        return paid or WHOLE
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
