"""Pages of billing: paying, changing, owing, money back and on, and Stripe's ways in and out."""

from webapp.billing.views import (
    changing,
    client,
    link,
    owing,
    paid,
    paying,
    payouts,
    portal,
    returning,
    webhook,
)
from webapp.billing.views.room import blueprint

__all__ = [
    "blueprint",
    "changing",
    "client",
    "link",
    "owing",
    "paid",
    "paying",
    "payouts",
    "portal",
    "returning",
    "webhook",
]
