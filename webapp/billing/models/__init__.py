"""Our mirror of what Stripe holds, the attempts to pay, and the inbox of its events."""

from webapp.billing.models.checkout import Checkout
from webapp.billing.models.customer import Customer
from webapp.billing.models.event import StripeEvent
from webapp.billing.models.invoice import Invoice
from webapp.billing.models.product import Product
from webapp.billing.models.refund import Refund
from webapp.billing.models.subscription import Subscription

__all__ = ["Checkout", "Customer", "Invoice", "Product", "Refund", "StripeEvent", "Subscription"]
