"""The mails about money that goes back: each goes once, and only while it is true."""

from __future__ import annotations

import uuid

from sqlalchemy import select

from webapp.access import Role
from webapp.accounts.models import Membership, Person
from webapp.billing.mails import page_url, payer
from webapp.billing.models import CreditNote, Dispute, Invoice, Payment, Refund
from webapp.billing.settlement import CANCELLED, SLOT_LOST
from webapp.db import session
from webapp.notifications.sending import send_email
from webapp.web import absolute_url

# These have mails of their own, in which the refund is one thing among others.
TOLD_ELSEWHERE = frozenset({SLOT_LOST, CANCELLED})
MONEY_ROLES = (Role.FINANCE, Role.OWNER)


def money_people() -> list[Person]:
    """Who in the firm answers for money: everybody in finance, and the owners."""
    holding = Person.memberships.any(Membership.role.in_(MONEY_ROLES))
    return list(session.scalars(select(Person).where(Person.active, holding).order_by(Person.id)))


def tell_refund(refund_id: uuid.UUID, state: str) -> None:
    """The billing contact, once it is on its way; the firm when it could not be made."""
    refund = session.get_one(Refund, refund_id)
    if refund.state == "failed":
        _tell_failed(refund)
    elif state != "failed" and refund.reason not in TOLD_ELSEWHERE:
        engagement = refund.invoice.engagement
        paid_with = next(iter(Payment.of(refund.invoice)), None)
        send_email("refund_made", payer(engagement), refund, refund=refund, paid_with=paid_with,
                   invoice=refund.invoice, engagement=engagement,
                   url=page_url(engagement))  # fmt: skip


def _tell_failed(refund: Refund) -> None:
    url = absolute_url("billing.give_back", invoice_id=refund.invoice_id)
    for person in money_people():
        send_email("refund_failed", person, refund, refund=refund, invoice=refund.invoice,
                   engagement=refund.invoice.engagement, url=url)  # fmt: skip


def tell_credit_note(note_id: uuid.UUID) -> None:
    """The firm, while one that could not be made is not made."""
    note = session.get_one(CreditNote, note_id)
    url = absolute_url("billing.give_back", invoice_id=note.invoice_id)
    for person in money_people() if note.state == "failed" else ():
        send_email("credit_note_failed", person, note, note=note, invoice=note.invoice,
                   engagement=note.invoice.engagement, url=url)  # fmt: skip


def tell_paid_twice(invoice_id: uuid.UUID) -> None:
    """The firm, when what was recorded as paid outside Stripe was paid there as well."""
    invoice = session.get_one(Invoice, invoice_id)
    url = absolute_url("billing.give_back", invoice_id=invoice.id)
    for person in money_people():
        send_email("paid_twice", person, invoice, invoice=invoice,
                   engagement=invoice.engagement, url=url)  # fmt: skip


def tell_dispute_opened(dispute_id: uuid.UUID) -> None:
    _tell("dispute_opened", session.get_one(Dispute, dispute_id))


def tell_dispute_closed(dispute_id: uuid.UUID) -> None:
    _tell("dispute_closed", session.get_one(Dispute, dispute_id))


def _tell(kind: str, dispute: Dispute) -> None:
    invoice = dispute.invoice
    for person in money_people():
        send_email(kind, person, dispute, dispute=dispute, invoice=invoice,
                   engagement=invoice.engagement,
                   url=absolute_url("billing.disputes"))  # fmt: skip
