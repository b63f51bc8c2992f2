"""Opening Checkout: one Session an engagement can be paid through, whatever is clicked or lost.

Each round commits what it is going to do, asks Stripe with no transaction open, and commits the
answer. Two tabs, or a second try after a lost answer, come to the same attempt and its key; a
Session that sells something else by now is expired before the next is opened.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from webapp import db
from webapp.billing import mirroring
from webapp.billing import stripe_gateway as gateway
from webapp.billing.buying.order import Order
from webapp.billing.buying.preparing import Preparation
from webapp.billing.calls import checkout as checkout_calls
from webapp.billing.calls import customers, products
from webapp.billing.models import Checkout, Customer
from webapp.billing.models.checkout import Call
from webapp.billing.models.customer import details_of
from webapp.billing.objects.customer import CustomerDetails
from webapp.billing.objects.session import StripeSession
from webapp.billing.patience import patience
from webapp.db import session
from webapp.engagements.models import Engagement
from webapp.outbox import RetryLater
from webapp.web import absolute_url

ROUNDS = 4


@dataclass(frozen=True)
class Answer:
    """customer: theirs at Stripe; session: None when there is none (any more); fault: Stripe's."""

    customer: str
    session: StripeSession | None
    fault: RetryLater | None = None


def open_checkout(engagement_id: uuid.UUID, token: str) -> str | None:
    """The address at which to pay; None when it is paid already.

    Raises RetryLater when Stripe cannot be reached (the hold is kept), SlotTaken when the kick-off
    had lapsed and is gone.
    """
    with patience():
        for _ in range(ROUNDS):
            checkout = _attempt(engagement_id, token)
            if checkout is None:
                return None
            found = _ask(checkout)
            if found and found.status != "expired":
                return found.url or None
    raise RetryLater("Stripe closes every Session at once")


def _attempt(engagement_id: uuid.UUID, token: str) -> Checkout | None:
    """The unfinished attempt, or the next; None unless the engagement waits to be paid."""
    engagement = mirroring.locked(engagement_id)
    if engagement is None or engagement.stage != "signed":
        return None
    return Checkout.unfinished(engagement) or Checkout.intend(
        engagement,
        success_url=absolute_url("billing.done", token=token),
        cancel_url=absolute_url("billing.left", token=token),
    )


def _ask(checkout: Checkout) -> StripeSession | None:
    """What has become of an attempt at Stripe, opened there if it has not been."""
    checkout_id, call = checkout.id, checkout.call()
    needed = Preparation.of(Order.of(checkout.engagement))
    company_id, client = _client(checkout.engagement)
    known = Customer.of(company_id)
    customer_id = known.stripe_id if known else None

    def keep(answer: Answer) -> Answer:
        session.get_one(Checkout, checkout_id, with_for_update=True).take(answer.session)
        Customer.note(company_id, answer.customer, gateway.live(), replace=True)
        products.note(needed.products)
        return answer

    answer = db.attempt(lambda: _reach(call, client, customer_id, needed), keep)
    if answer.fault:
        raise answer.fault
    return answer.session


def _client(engagement: Engagement) -> tuple[uuid.UUID, CustomerDetails]:
    assert engagement.company is not None
    return engagement.company.id, details_of(engagement.company)


def _reach(call: Call, client: CustomerDetails, known: str | None, needed: Preparation) -> Answer:
    """Ask Stripe, no transaction open. Its own fault is an answer: the key is spent with it."""
    customer = customers.ensure(client, known)
    needed.make()
    try:
        return Answer(customer, _session(call, customer))
    except gateway.Faulted as fault:
        return Answer(customer, None, fault)


def _session(call: Call, customer: str) -> StripeSession | None:
    found = _recalled(call, customer)
    fits = found and call.wanted and found.customer == customer
    if found and found.status == "open" and not fits:
        return checkout_calls.expire(found.id)
    return found


def _recalled(call: Call, customer: str) -> StripeSession | None:
    """By id; else by repeating the call, while its frozen expiry allows; else by its metadata.

    One that is not found then may still come to be, but nobody has its address.
    """
    if call.stripe_id:
        return checkout_calls.read(call.stripe_id)
    if call.repeat:
        return _repeated(call, customer)
    return checkout_calls.find(customer, call.key)


def _repeated(call: Call, customer: str) -> StripeSession | None:
    """None where it was never opened, and names what nobody makes any more: a coupon is another
    since there are other plans."""
    try:
        return checkout_calls.open_session(call.params | {"customer": customer}, call.key)
    except gateway.Missing:
        if call.wanted:
            raise
        return None
