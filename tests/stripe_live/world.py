"""A corner of a Stripe test account for one scenario: customers on a test clock of their own.

What the app does goes through its own calls (``webapp/billing/calls``); only what Stripe offers for
testing, and what a payer does on Stripe's pages, is asked of the SDK directly.
https://docs.stripe.com/billing/testing/test-clocks
"""

import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import stripe

from webapp.billing.calls import invoices, products, subscriptions
from webapp.billing.objects.invoice import StripeInvoice
from webapp.billing.objects.product import ProductFacts
from webapp.billing.objects.subscription import StripeSubscription
from webapp.billing.stripe_gateway import client_for

DAY = timedelta(days=1)
MONTH = 500_000
PATIENCE = 180.0
"""Seconds to wait for what Stripe does in its own time."""


class World:
    """``now`` is the test clock's; every key is fresh, so that the suite can run again at once."""

    def __init__(self, key: str, base: str) -> None:
        self.v1: Any = client_for(key, base).v1
        self.run = uuid.uuid4().hex[:12]
        self._keys = 0
        began = int(time.time())
        self.clock = self.v1.test_helpers.test_clocks.create(
            {"frozen_time": began, "name": f"righthand {self.run}"}
        ).id
        self.now = datetime.fromtimestamp(began, UTC)

    def key(self) -> str:
        self._keys += 1
        return f"live:{self.run}:{self._keys}"

    def close(self) -> None:
        """Deleting a clock deletes its customers and what is theirs."""
        self.v1.test_helpers.test_clocks.delete(self.clock)

    def advance_to(self, at: datetime) -> None:
        clocks = self.v1.test_helpers.test_clocks
        clocks.advance(self.clock, {"frozen_time": int(at.timestamp())})
        wait_until(lambda: clocks.retrieve(self.clock).status == "ready")
        self.now = at

    def customer(self, token: str = "pm_card_visa") -> str:
        """A customer on the clock, with the card behind a test token as their default."""
        made = self.v1.customers.create(
            {
                "test_clock": self.clock,
                "name": "Acme",
                "email": "payer@example.com",
                "metadata": {"company": self.run},
            }
        ).id
        self.give_card(made, token)
        return str(made)

    def give_card(self, customer: str, token: str) -> str:
        method = self.v1.payment_methods.attach(token, {"customer": customer}).id
        settings = {"default_payment_method": method}
        self.v1.customers.update(customer, {"invoice_settings": settings})
        return str(method)

    def product(self, kind: str) -> str:
        facts = ProductFacts.of(kind)
        products.make(facts)
        return facts.stripe_id

    def priced(self, kind: str, minor: int, *, monthly: bool = False) -> dict[str, Any]:
        """A price_data of one of our products."""
        every = {"recurring": {"interval": "month"}} if monthly else {}
        data = {"product": self.product(kind), "currency": "usd", "unit_amount": minor}
        return data | every

    def retainer(self, customer: str, **more: Any) -> StripeSubscription:
        """As the app sells one: the first month and a deposit now, renewals after a trial."""
        params = {
            "customer": customer,
            "items": [{"price_data": self.priced("retainer", MONTH, monthly=True)}],
            "add_invoice_items": [
                {"price_data": self.priced("first_month", MONTH)},
                {"price_data": self.priced("deposit", 100_000)},
            ],
            "trial_end": int((self.now + 31 * DAY).timestamp()),
            "metadata": {"engagement": self.run},
        }
        return subscriptions.start(params | more, self.key())

    def renew(self, subscription: StripeSubscription) -> StripeInvoice:
        """Go past the end of the period, where the renewal is finalised; its invoice."""
        self.advance_to(subscriptions.read(subscription.id).renews_at + timedelta(hours=2))
        return self.latest(subscription)

    def latest(self, subscription: StripeSubscription) -> StripeInvoice:
        newest = max(invoices.list_of(subscription.id), key=lambda one: one.issued_at)
        return invoices.read(newest.id)


def wait_until(come: Callable[[], Any]) -> Any:
    """What ``come`` answers once that is something; fails after some minutes."""
    deadline, pause = time.monotonic() + PATIENCE, 0.2
    while not (found := come()):
        assert time.monotonic() < deadline, "Stripe took longer than the suite's patience"
        time.sleep(pause)
        pause = min(pause * 1.5, 5)
    return found


def refused(act: Callable[[], Any]) -> stripe.StripeError:
    """The SDK's own error of a call that must not go through."""
    try:
        act()
    except stripe.StripeError as error:
        return error
    raise AssertionError("the call went through")
