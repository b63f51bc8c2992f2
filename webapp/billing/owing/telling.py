"""The mails about what is owed: each looks at the facts when it is due, and stops once paid."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from datetime import datetime, timedelta

from webapp import clock
from webapp.accounts.models import Person
from webapp.billing import mirroring
from webapp.billing.buying.order import month_day
from webapp.billing.mails import about, billing_url, page_url, payer, retries_at
from webapp.billing.models import Customer, Invoice, Subscription
from webapp.billing.owing.dropping import dropped
from webapp.billing.owing.set_off import learn
from webapp.billing.owing.upcoming import foresee
from webapp.billing.wording import DECISION_DAY, asks_decision
from webapp.db import session
from webapp.engagements.models import Engagement
from webapp.notifications.sending import send_email
from webapp.outbox import RetryLater
from webapp.web import absolute_url

# Days after an invoice was issued, or fell due, on which it is spoken of again, and to whom.
REMINDERS = (3, 7, 10)
CONSULTANT_DAY, COORDINATOR_DAY = 7, DECISION_DAY
NOTICE_DAYS = 5
# A card is spoken of once in a calendar month: so these are always in two, also when the first is
# a day late.
CARD_DAYS = (33, 7)
# How near a new try of Stripe's has to be for a reminder to wait for what comes of it, and how long
# after it is worth waiting.
AT_HAND, HEARD_WITHIN = timedelta(minutes=30), timedelta(hours=2)
SOON = 600


def tell_upcoming(subscription_id: uuid.UUID, renews_at: datetime) -> None:
    """Five days before a renewal; one that moved, ended or is hours away is not announced."""
    mirror = session.get_one(Subscription, subscription_id)
    late = clock.now() > renews_at - timedelta(days=1)
    if not mirror.renews or mirror.renews_at != renews_at or late:
        return
    engagement, upcoming = mirror.engagement, foresee(mirror)
    last = bool(upcoming.deposit) and engagement.ends_on is not None
    send_email("billing_notice_upcoming", payer(engagement), mirror, renews_at.date().isoformat(),
               engagement=engagement, upcoming=upcoming, last=last,
               customer=Customer.of(engagement.company_id), day=month_day(engagement, renews_at),
               sent=mirror.collection == "invoice", url=billing_url())  # fmt: skip


def tell_issued(invoice_id: uuid.UUID) -> None:
    """An invoice that is not charged but sent: until when it is to be paid, and how."""
    invoice = session.get_one(Invoice, invoice_id)
    if invoice.status == "open" and _still_asked(invoice):
        learn(invoice)
        _to_payer("billing_notice_issued", invoice, "")


def tell_confirm(invoice_id: uuid.UUID) -> None:
    """The bank wants the payer to confirm: only they can, on the hosted page. Told once."""
    invoice = session.get_one(Invoice, invoice_id)
    if invoice.failing and invoice.needs_action and _still_asked(invoice):
        _to_payer("billing_notice_confirm", invoice, "")


def tell_failed(invoice_id: uuid.UUID, _day: int) -> None:
    """Not paid when it should have been: the client on days 0, 3, 7 and 10, with the link to mend
    it; the consultant too on day 7, the coordinators on day 10, with the decision that asks.

    Told is the latest of these days, whichever it was put in line for: after standing still, one
    mail catches up with them all. Raises RetryLater while Stripe is about to try again.
    """
    invoice = session.get_one(Invoice, invoice_id)
    _hear_of_a_try(invoice)
    if not invoice.late or not _still_asked(invoice):
        return
    if _try_at_hand(invoice):
        raise RetryLater("Stripe tries again about now", SOON)
    day = latest_day(invoice)
    overdue = invoice.collection == "invoice"
    _to_payer(
        "billing_notice_overdue" if overdue else "billing_notice_failed", invoice, f"day {day}"
    )
    decides = day == COORDINATOR_DAY and asks_decision(invoice)
    url = _decision_url(invoice) if decides else page_url(invoice.engagement)
    for person in _also_told(invoice.engagement, day):
        send_email("billing_notice_team", person, invoice, f"day {day}", day=day, url=url,
                   decides=decides, **about(invoice))  # fmt: skip


def _still_asked(invoice: Invoice) -> bool:
    """Not for a booking that came to nothing, nor once a final invoice takes its place."""
    return not invoice.asked_anew and not dropped(invoice)


def latest_day(invoice: Invoice) -> int:
    """Of the days on which it is spoken of, the last that has come."""
    since = clock.now() - invoice.late_since
    return max((day for day in REMINDERS if timedelta(days=day) <= since), default=0)


def _hear_of_a_try(invoice: Invoice) -> None:
    """One that should have been made by now may not have been heard of."""
    if invoice.status == "open" and invoice.next_attempt_at and not retries_at(invoice):
        engagement = mirroring.locked(invoice.engagement_id)
        assert engagement is not None
        mirroring.sync_invoice(engagement, invoice.stripe_id)


def _try_at_hand(invoice: Invoice) -> bool:
    """Its outcome is worth waiting for."""
    at, now = invoice.next_attempt_at, clock.now()
    return at is not None and now - HEARD_WITHIN < at <= now + AT_HAND


def _to_payer(kind: str, invoice: Invoice, occurrence: str) -> None:
    url = page_url(invoice.engagement)
    send_email(kind, payer(invoice.engagement), invoice, occurrence, url=url, **about(invoice))


def _decision_url(invoice: Invoice) -> str:
    return absolute_url("billing.arrears", invoice_id=invoice.id)


def _also_told(engagement: Engagement, day: int) -> Iterable[Person]:
    if day == CONSULTANT_DAY:
        return [row.consultant.person for row in engagement.assignments]
    return Person.coordinators() if day == COORDINATOR_DAY else []


def tell_card(customer_id: uuid.UUID, expires: str, fingerprint: str) -> None:
    """The card on file expires soon; once for the card and calendar month, whatever the day."""
    customer = session.get_one(Customer, customer_id)
    same = (customer.card_expires, customer.fingerprint) == (expires, fingerprint)
    contact, company = customer.company.billing_contact, customer.company
    if not same or contact is None:
        return
    month = f"{clock.now():%Y-%m}"
    send_email("billing_notice_card", contact, customer, f"{fingerprint}:{expires}:{month}",
               customer=customer, company=company,
               url=absolute_url("billing.client_billing"))  # fmt: skip
