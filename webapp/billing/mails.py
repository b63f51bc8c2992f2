"""The mails of billing: each looks at the facts when it is due, and goes only while of use."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from webapp import clock
from webapp.accounts.models import Person
from webapp.billing.models import CreditNote, Invoice
from webapp.billing.owing.set_off import learn, replaced_by
from webapp.billing.returning.left import given_of, settled
from webapp.billing.settlement import CANCELLED, SLOT_LOST
from webapp.billing.wording import meanwhile
from webapp.booking.models import nearest
from webapp.db import session
from webapp.engagements.models import Engagement
from webapp.money import Money
from webapp.notifications.sending import send_email
from webapp.web import absolute_url

GIVEN = frozenset({"credit", "reduce", "outside"})


def payer(engagement: Engagement) -> Person:
    contact = engagement.company and engagement.company.billing_contact
    found = contact or engagement.sponsor
    assert found is not None
    return found


def page_url(engagement: Engagement) -> str:
    return absolute_url("desk.engagement", engagement_id=engagement.id)


def billing_url() -> str:
    """Where a payer finds every invoice they have."""
    return absolute_url("billing.client_billing")


def about(invoice: Invoice) -> dict[str, Any]:
    """What each mail about an invoice may speak of. replaced: the numbers of those whose place it
    takes; the_work: what becomes of it, for the client; retries_at: when a charge is tried
    again, None where that is not known or past."""
    engagement = invoice.engagement
    return {
        "invoice": invoice,
        "engagement": engagement,
        "replaced": [row.number for row in replaced_by(invoice)],
        "the_work": meanwhile(invoice, f"Your work with {engagement.lead.name}"),
        "retries_at": retries_at(invoice),
    }


def retries_at(invoice: Invoice) -> datetime | None:
    at = invoice.next_attempt_at
    return at if at and at > clock.now() else None


def send_receipt(invoice_id: uuid.UUID) -> None:
    """To the billing contact, once paid; not for money that is going back whole."""
    invoice = session.get_one(Invoice, invoice_id)
    engagement = invoice.engagement
    if invoice.status != "paid" or engagement.stage == "lost":
        return
    learn(invoice)
    send_email("receipt", payer(engagement), invoice, url=billing_url(), **about(invoice))


def tell_credit(note_id: uuid.UUID) -> None:
    """What a person gave otherwise than by a refund, which has a mail of its own: to the client."""
    note = session.get_one(CreditNote, note_id)
    if note.state == "issued" and note.by and note.means in GIVEN:
        engagement = note.invoice.engagement
        send_email("credit_given", payer(engagement), note, note=note, invoice=note.invoice,
                   engagement=engagement, url=billing_url())  # fmt: skip


def tell_slot_lost(engagement_id: uuid.UUID) -> None:
    """Paid after the kick-off's time was lost: to the client and the coordinators, once each."""
    engagement = session.get_one(Engagement, engagement_id)
    hold = engagement.hold
    context: dict[str, Any] = {
        "engagement": engagement,
        "client": payer(engagement),
        "amount": _going_back(engagement, SLOT_LOST),
        "credit": _credit_again(engagement, SLOT_LOST),
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
    invoices = Invoice.paid_of(engagement)
    paid = _sum(map(settled, invoices), engagement)
    amount, credit = _going_back(engagement, CANCELLED), _credit_again(engagement, CANCELLED)
    before = _sum(map(given_of, invoices), engagement) - amount - credit
    send_email("cancellation_refund", payer(engagement), engagement, engagement=engagement,
               amount=amount, credit=credit, paid=paid, before=before,
               percent=engagement.refund_percent(), url=page_url(engagement))  # fmt: skip


def _going_back(engagement: Engagement, reason: str) -> Money:
    refunds = [refund for invoice in Invoice.paid_of(engagement) for refund in invoice.refunds]
    return _sum((refund.amount for refund in refunds if refund.reason == reason), engagement)


def _credit_again(engagement: Engagement, reason: str) -> Money:
    notes = (CreditNote.given_again(one, reason) for one in Invoice.paid_of(engagement))
    return _sum((note.amount for note in notes if note), engagement)


def _sum(amounts: Iterable[Money], engagement: Engagement) -> Money:
    return sum(amounts, Money(0, engagement.terms.currency))
