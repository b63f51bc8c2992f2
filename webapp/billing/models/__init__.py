"""Our mirror of what Stripe holds, the attempts to pay, and the inbox of its events."""

from webapp.billing.models.account_purchase import AccountPurchase
from webapp.billing.models.alert import Alert
from webapp.billing.models.arrears import ArrearsDecision
from webapp.billing.models.balance_entry import BalanceEntry
from webapp.billing.models.bill import Bill
from webapp.billing.models.checkout import Checkout
from webapp.billing.models.connected_account import ConnectedAccount
from webapp.billing.models.coupon import Coupon
from webapp.billing.models.credit import Credit
from webapp.billing.models.credit_note import CreditNote
from webapp.billing.models.customer import Customer
from webapp.billing.models.dispute import Dispute
from webapp.billing.models.drift import Drift, Reconciliation
from webapp.billing.models.event import StripeEvent
from webapp.billing.models.invoice import Invoice
from webapp.billing.models.invoice_item import InvoiceItem
from webapp.billing.models.key_attempt import KeyAttempt
from webapp.billing.models.payment import Payment
from webapp.billing.models.product import Product
from webapp.billing.models.quote import Quote
from webapp.billing.models.refund import Refund
from webapp.billing.models.subscription import Subscription
from webapp.billing.models.transfer import Transfer
from webapp.billing.models.transfer_reversal import TransferReversal
from webapp.billing.models.upcoming import Upcoming

__all__ = [
    "AccountPurchase",
    "Alert",
    "ArrearsDecision",
    "BalanceEntry",
    "Bill",
    "Checkout",
    "ConnectedAccount",
    "Coupon",
    "Credit",
    "CreditNote",
    "Customer",
    "Dispute",
    "Drift",
    "Invoice",
    "InvoiceItem",
    "KeyAttempt",
    "Payment",
    "Product",
    "Quote",
    "Reconciliation",
    "Refund",
    "StripeEvent",
    "Subscription",
    "Transfer",
    "TransferReversal",
    "Upcoming",
]
