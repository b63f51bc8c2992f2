"""A trial given to a running subscription, which moves the day it renews on.

Source: ``trial_end`` of ``subscriptions.update``: the anchor of the billing cycle becomes the
trial's end. The running period is cut and nothing is credited, so only ``proration_behavior: none``
is played.
"""

from datetime import UTC, datetime
from typing import Any

from sandbox.stripe.billing.finalizing import finalize
from sandbox.stripe.billing.subscriptions import draft_invoice
from sandbox.stripe.core.account import Account
from sandbox.stripe.core.documents import Document, duplicate, private
from sandbox.stripe.core.errors import invalid, not_imitated
from sandbox.stripe.core.events import change


def give(account: Account, subscription: Document, until: int | str, behavior: str) -> None:
    """Let the present period run from now to ``until``, free, and count later ones from there."""
    now = account.time_of(subscription)
    if isinstance(until, str) or behavior != "none":
        raise not_imitated("trial_end")
    if until <= now:
        text = "Invalid timestamp: must be an integer Unix timestamp in the future."
        raise invalid(text, "trial_end")
    rows = duplicate(subscription["items"])
    for row in rows["data"]:
        row.update(current_period_start=now, current_period_end=until)
    private(subscription)["anchor_day"] = datetime.fromtimestamp(until, UTC).day
    values: dict[str, Any] = {"trial_start": now, "trial_end": until, "billing_cycle_anchor": until}
    change(
        account,
        "customer.subscription.updated",
        subscription,
        items=rows,
        status="trialing",
        billing_cycle_anchor_config=None,
        **values,
    )
    finalize(account, draft_invoice(account, subscription, "subscription_update"))
