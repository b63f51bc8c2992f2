"""Pages of billing: paying, the way back from Stripe, its webhook and its portal."""

from webapp.billing.views import changing, client, link, owing, paid, paying, portal, webhook
from webapp.billing.views.room import blueprint

__all__ = ["blueprint", "changing", "client", "link", "owing", "paid", "paying", "portal", "webhook"]
