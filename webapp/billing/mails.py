"""The mails of billing: each looks at the facts when it is due, and goes only while of use."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from webapp import clock
from webapp.accounts.models import Person
from webapp.billing.calls import invoices
from webapp.billing.models import Invoice, Subscription
from webapp.billing.settlement import CANCELLED, SLOT_LOST
from webapp.booking.models import nearest
from webapp.db import session
from webapp.engagements.models import Engagement
from webapp.money import Money
from webapp.notifications.sending import send_email
from webapp.web import absolute_url

# Days after an invoice was issued on which an unpaid one is spoken of again, and to whom as well.
REMINDERS = (3, 7, 10)
CONSULTANT_DAY, COORDINATOR_DAY = 7, 10
NOTICE_DAYS = 5


def payer(engagement: Engagement) -> Person:
    contact = engagement.company and engagement.company.billing_contact
    found = contact or engagement.sponsor
    assert found is not None
    return found


def page_url(engagement: Engagement) -> str:
    return absolute_url("desk.engagement", engagement_id=engagement.id)


def send_receipt(invoice_id: uuid.UUID) -> None:
    """To the billing contact, once paid; not for money that is going back whole."""
    invoice = session.get_one(Invoice, invoice_id)
    engagement = invoice.engagement
    if invoice.status != "paid" or engagement.stage == "lost":
        return
    send_email("receipt", payer(engagement), invoice, invoice=invoice, engagement=engagement,
               covered=covered_days(invoice), url=page_url(engagement))  # fmt: skip


def covered_days(invoice: Invoice) -> list[tuple[str, Money]]:
    """(what, amount) of each line that costs something."""
    lines = ((line["text"], line["minor"]) for line in invoice.lines)
    return [(text, Money(minor, invoice.currency)) for text, minor in lines if minor]


def tell_upcoming(subscription_id: uuid.UUID, renews_at: datetime) -> None:
    """Five days before a renewal; one that moved, ended or is hours away is not announced."""
    mirror = session.get_one(Subscription, subscription_id)
    late = clock.now() > renews_at - timedelta(days=1)
    if mirror.over or mirror.cancel_at_period_end or mirror.renews_at != renews_at or late:
        return
    amount = invoices.preview_renewal(mirror.stripe_id).due
    engagement = mirror.engagement
    send_email("billing_notice_upcoming", payer(engagement), mirror, renews_at.date().isoformat(),
               engagement=engagement, amount=amount, renews_at=renews_at,
               url=page_url(engagement))  # fmt: skip


def tell_failed(invoice_id: uuid.UUID, day: int) -> None:
    """A payment did not go through: the client on days 0, 3, 7 and 10, with the link to mend it;
    the consultant too on day 7, the coordinators on day 10."""
    invoice = session.get_one(Invoice, invoice_id)
    if not invoice.failing:
        return
    engagement = invoice.engagement
    context: dict[str, Any] = {"invoice": invoice, "engagement": engagement}
    context["url"] = page_url(engagement)
    send_email("billing_notice_failed", payer(engagement), invoice, f"day {day}", **context)
    for person in _also_told(engagement, day):
        send_email("billing_notice_team", person, invoice, f"day {day}", day=day, **context)


def _also_told(engagement: Engagement, day: int) -> Iterable[Person]:
    if day == CONSULTANT_DAY:
        return [row.consultant.person for row in engagement.assignments]
    return Person.coordinators() if day == COORDINATOR_DAY else []


def tell_slot_lost(engagement_id: uuid.UUID) -> None:
    """Paid after the kick-off's time was lost: to the client and the coordinators, once each."""
    engagement = session.get_one(Engagement, engagement_id)
    hold = engagement.hold
    context: dict[str, Any] = {
        "engagement": engagement,
        "client": payer(engagement),
        "amount": _going_back(engagement, SLOT_LOST),
        "alternatives": nearest(hold.team, max(hold.starts_at, clock.now())),
        "again": absolute_url(
            "booking.choose_slot",
            offering_slug=engagement.offering.slug,
            team=hold.team_slug,
        ),
    }
    for person in dict.fromkeys([payer(engagement), *Person.coordinators()]):
        send_email("slot_lost_refund", person, engagement, **context)


def tell_cancellation(engagement_id: uuid.UUID) -> None:
    """What comes back, and what does not, after cancelling before the kick-off."""
    engagement = session.get_one(Engagement, engagement_id)
    paid = _sum((invoice.paid for invoice in Invoice.paid_of(engagement)), engagement)
    send_email("cancellation_refund", payer(engagement), engagement, engagement=engagement,
               amount=_going_back(engagement, CANCELLED), paid=paid,
               percent=engagement.refund_percent(), url=page_url(engagement))  # fmt: skip


def _going_back(engagement: Engagement, reason: str) -> Money:
    refunds = [refund for invoice in Invoice.paid_of(engagement) for refund in invoice.refunds]
    return _sum((refund.amount for refund in refunds if refund.reason == reason), engagement)


def _sum(amounts: Iterable[Money], engagement: Engagement) -> Money:
    return sum(amounts, Money(0, engagement.terms.currency))
