"""The API, one module per resource. Importing this package registers every endpoint."""

from sandbox.stripe.resources import (
    catalog,
    checkout_sessions,
    credit_notes,
    customers,
    events,
    invoice_items,
    invoices,
    payment_methods,
    payments,
    portal,
    previews,
    subscription_items,
    subscriptions,
    test_clocks,
)

__all__ = [
    "catalog",
    "checkout_sessions",
    "credit_notes",
    "customers",
    "events",
    "invoice_items",
    "invoices",
    "payment_methods",
    "payments",
    "portal",
    "previews",
    "subscription_items",
    "subscriptions",
    "test_clocks",
]
