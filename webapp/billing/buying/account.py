"""Buying on account: the engagement begins at once, and its invoices are sent to be paid in time.

Nothing of Stripe's is waited for. The sale is written down with the beginning; a job makes it there
with keys and metadata of ours, so that wherever it breaks off, it goes on with the same one.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator

from webapp import outbox
from webapp.billing import mirroring, settlement
from webapp.billing import stripe_gateway as gateway
from webapp.billing.buying.order import Order
from webapp.billing.buying.preparing import Preparation
from webapp.billing.calls import customers, invoices, products, subscriptions
from webapp.billing.models import AccountPurchase, Checkout, Customer, InvoiceItem
from webapp.billing.models.customer import details_of
from webapp.billing.objects.subscription import StripeSubscription
from webapp.billing.owing import bills
from webapp.billing.patience import patience
from webapp.db import session
from webapp.engagements.models import Engagement
from webapp.money import Money


def buy_on_account(engagement_id: uuid.UUID) -> None:
    """Begin, and have it invoiced; nothing when it is begun already. Raises SlotTaken, RetryLater.

    The company's net days are the caller's to have looked at.
    """
    with patience():
        engagement = mirroring.locked(engagement_id)
    assert engagement and engagement.company and engagement.company.net_days is not None
    if engagement.stage != "signed" or engagement.settles_by:
        return
    days = engagement.company.net_days
    engagement.begin_onboarding(f"To be paid by invoice, within {days} days")
    AccountPurchase.intend(engagement, days)


def sell(engagement_id: uuid.UUID) -> None:
    """The job: under the engagement's lock, so that no payment by Checkout comes between."""
    engagement = mirroring.locked(engagement_id)
    assert engagement is not None
    purchase = AccountPurchase.of(engagement)
    if purchase is None or purchase.state != "intended":
        return
    if engagement.called_off_at:
        _undo(engagement, purchase)
        return
    if _paid_meanwhile(engagement):
        purchase.state = "void"
        return
    try:
        _make(engagement, purchase, _customer(engagement))
    except gateway.Faulted:
        purchase.try_again()


def _paid_meanwhile(engagement: Engagement) -> bool:
    """Whether Checkout, open in another tab, was paid before it could be closed."""
    settlement.expire_checkouts(engagement.id)
    latest = Checkout.latest(engagement)
    if latest is None or latest.stripe_id is None or latest.state == "expired":
        return False
    return mirroring.sync_checkout(engagement, latest.stripe_id).status == "complete"


def _undo(engagement: Engagement, purchase: AccountPurchase) -> None:
    """Cancelled before Stripe's answer was kept: what it made nevertheless ends, unpaid."""
    purchase.state = "void"
    found = subscriptions.find(_customer(engagement), str(engagement.id))
    if found:
        mirroring.mirror_subscription(engagement, found)
        outbox.enqueue("billing.cancel_subscription", found.id)
        for first in invoices.list_of(found.id):
            invoices.finalize(first.id)
            mirroring.sync_invoice(engagement, first.id)


def _customer(engagement: Engagement) -> str:
    assert engagement.company
    known = Customer.of(engagement.company.id)
    found = customers.ensure(details_of(engagement.company), known.stripe_id if known else None)
    Customer.note(engagement.company.id, found, gateway.live(), replace=True)
    return found


def _make(engagement: Engagement, purchase: AccountPurchase, customer: str) -> None:
    order = Order.of(engagement)
    needed = Preparation.of(order)
    needed.make()
    products.note(needed.products)
    if order.renewal is None:
        _bill_once(engagement, order)
        purchase.state = "made"
        return
    purchase.follow_the_catalog()
    found = _subscription(purchase, customer)
    purchase.made(found.id)
    mirroring.mirror_subscription(engagement, found)
    _send_first(engagement, found)


def _subscription(purchase: AccountPurchase, customer: str) -> StripeSubscription:
    owner = str(purchase.engagement_id)
    before = subscriptions.find(customer, owner) if purchase.stale else None
    params = purchase.params | {"customer": customer}
    return before or subscriptions.start(params, purchase.call_key)


def _send_first(engagement: Engagement, found: StripeSubscription) -> None:
    """Stripe leaves the first invoice a draft for an hour; final now, it goes out at once."""
    for first in invoices.list_of(found.id):
        invoices.finalize(first.id)
        mirroring.sync_invoice(engagement, first.id)


def _bill_once(engagement: Engagement, order: Order) -> None:
    """A diagnostic renews nothing: its lines are items on one invoice, of the kinds they have in
    Checkout, so that a deposit is one."""
    items = [
        InvoiceItem.add(engagement, kind, f"booking:{engagement.id}:{number}", label, amount)
        for number, (kind, label, amount) in enumerate(_reduced(order))
        if amount
    ]
    session.flush()
    bills.bill_now(engagement, "booking", items)


def _reduced(order: Order) -> Iterator[tuple[str, str, Money]]:
    """(kind, label, amount) of each line; what a code takes off is off the first."""
    off = order.discount
    for number, line in enumerate(order.lines):
        if off and number == 0:
            label = f"{line.label}, less code {off.coupon.code}"
            yield line.product.kind, label, line.amount - off.monthly
        else:
            yield line.product.kind, line.label, line.amount
