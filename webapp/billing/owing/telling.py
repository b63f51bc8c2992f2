"""The mails about what is owed: each looks at the facts when it is due, and stops once paid."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from webapp import clock
from webapp.accounts.models import Person
from webapp.billing.buying.order import month_day
from webapp.billing.calls import invoices
from webapp.billing.mails import billing_url, page_url, payer
from webapp.billing.models import Customer, Invoice, Subscription, Upcoming
from webapp.billing.owing.dropping import dropped
from webapp.db import session
from webapp.engagements.models import Engagement
from webapp.notifications.sending import send_email
from webapp.web import absolute_url

# Days after an invoice was issued, or fell due, on which it is spoken of again, and to whom.
REMINDERS = (3, 7, 10)
CONSULTANT_DAY, COORDINATOR_DAY = 7, 10
NOTICE_DAYS = 5
CARD_DAYS = (30, 7)


def tell_upcoming(subscription_id: uuid.UUID, renews_at: datetime) -> None:
    """Five days before a renewal; one that moved, ended or is hours away is not announced."""
    mirror = session.get_one(Subscription, subscription_id)
    late = clock.now() > renews_at - timedelta(days=1)
    if not mirror.renews or mirror.renews_at != renews_at or late:
        return
    engagement = mirror.engagement
    Upcoming.keep(engagement, invoices.preview_renewal(mirror.stripe_id), renews_at)
    session.flush()
    customer = Customer.of(engagement.company_id)
    send_email("billing_notice_upcoming", payer(engagement), mirror, renews_at.date().isoformat(),
               engagement=engagement, upcoming=Upcoming.of(engagement), customer=customer,
               day=month_day(engagement, renews_at), sent=mirror.collection == "invoice",
               url=billing_url())  # fmt: skip


def tell_issued(invoice_id: uuid.UUID) -> None:
    """An invoice that is not charged but sent: until when it is to be paid, and how."""
    invoice = session.get_one(Invoice, invoice_id)
    if invoice.status == "open" and not dropped(invoice):
        _to_payer("billing_notice_issued", invoice, "")


def tell_confirm(invoice_id: uuid.UUID) -> None:
    """The bank wants the payer to confirm: only they can, on the hosted page. Told once."""
    invoice = session.get_one(Invoice, invoice_id)
    if invoice.failing and invoice.needs_action and not dropped(invoice):
        _to_payer("billing_notice_confirm", invoice, "")


def tell_failed(invoice_id: uuid.UUID, day: int) -> None:
    """Not paid when it should have been: the client on days 0, 3, 7 and 10, with the link to mend
    it; the consultant too on day 7, the coordinators on day 10, with the decision that asks."""
    invoice = session.get_one(Invoice, invoice_id)
    engagement = invoice.engagement
    if not invoice.late or dropped(invoice):
        return
    overdue = invoice.collection == "invoice"
    _to_payer(
        "billing_notice_overdue" if overdue else "billing_notice_failed", invoice, f"day {day}"
    )
    for person in _also_told(engagement, day):
        send_email("billing_notice_team", person, invoice, f"day {day}", day=day,
                   url=_team_url(invoice, day), **_about(invoice))  # fmt: skip


def _to_payer(kind: str, invoice: Invoice, occurrence: str) -> None:
    url = page_url(invoice.engagement)
    send_email(kind, payer(invoice.engagement), invoice, occurrence, url=url, **_about(invoice))


def _about(invoice: Invoice) -> dict[str, Any]:
    return {"invoice": invoice, "engagement": invoice.engagement}


def _team_url(invoice: Invoice, day: int) -> str:
    if day == COORDINATOR_DAY:
        return absolute_url("billing.arrears", invoice_id=invoice.id)
    return page_url(invoice.engagement)


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
