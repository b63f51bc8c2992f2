"""What a subscription is, and what it is due for: its periods, its end, its notices.

The renewal itself is in ``subscriptions.py``.
"""

from sandbox.stripe.billing import standing
from sandbox.stripe.billing.collection import void
from sandbox.stripe.billing.months import Anchor
from sandbox.stripe.core.account import Account
from sandbox.stripe.core.documents import Document, private
from sandbox.stripe.core.events import change, emit
from sandbox.stripe.core.schedule import schedule, unschedule, when_due

DAY = 86400
_UPDATED = "customer.subscription.updated"


def items_of(subscription: Document) -> list[Document]:
    rows: list[Document] = subscription["items"]["data"]
    return rows


def period_of(subscription: Document) -> tuple[int, int]:
    first = items_of(subscription)[0]
    return first["current_period_start"], first["current_period_end"]


def ends_with_period(subscription: Document) -> bool:
    """Whether it is to end by itself before another period begins."""
    ends = subscription["cancel_at"]
    return bool(ends and ends <= period_of(subscription)[1])


def anchor_of(subscription: Document) -> Anchor:
    return Anchor(subscription["billing_cycle_anchor"], private(subscription)["anchor_day"])


def reschedule(account: Account, subscription: Document) -> None:
    """Set down what this subscription is due for next."""
    identifier, timeline = subscription["id"], account.timeline_of(subscription)
    _, end = period_of(subscription)
    now = account.now(timeline)
    goes_on = subscription["status"] != "paused" or "resuming" in private(subscription)
    # In the order in which things due at one instant are to be done: the renewal comes last.
    wanted = {
        "upcoming": end - account.rules.upcoming_days * DAY if goes_on else None,
        "trial_will_end": end - 3 * DAY if subscription["trial_end"] == end else None,
        "cancel": _cancels_at(subscription),
        "resume": (subscription["pause_collection"] or {}).get("resumes_at"),
        "expire": now + 23 * 3600 if subscription["status"] == "incomplete" else None,
        "renew": end if goes_on else None,
    }
    for kind, at in wanted.items():
        unschedule(account, f"subscription.{kind}", identifier)
        if at is not None and at >= now:
            schedule(account, f"subscription.{kind}", identifier, at, timeline)


def _cancels_at(subscription: Document) -> int | None:
    """When it is to end by itself; a running period's end is the renewal's to do."""
    if subscription["cancel_at_period_end"] and subscription["status"] != "paused":
        return None
    found: int | None = subscription["cancel_at"]
    return found


@when_due("subscription.cancel")
def cancel_when_told(account: Account, identifier: str) -> None:
    subscription = account.get("subscription", identifier)
    if subscription["status"] not in standing.ENDED and subscription["cancel_at"]:
        standing.end(account, subscription, reason="cancellation_requested")


@when_due("subscription.resume")
def resume_collection(account: Account, identifier: str) -> None:
    subscription = account.get("subscription", identifier)
    if subscription["status"] not in standing.ENDED:
        change(account, _UPDATED, subscription, pause_collection=None)


@when_due("subscription.expire")
def expire(account: Account, identifier: str) -> None:
    """The first payment was not made within 23 hours: its invoice is voided."""
    subscription = account.get("subscription", identifier)
    if subscription["status"] == "incomplete":
        for kind in ("renew", "upcoming", "trial_will_end"):
            unschedule(account, f"subscription.{kind}", identifier)
        now = account.time_of(subscription)
        change(account, _UPDATED, subscription, status="incomplete_expired", ended_at=now)
        for invoice in standing.invoices_of(account, identifier):
            if invoice["status"] == "open":
                void(account, invoice)


@when_due("subscription.trial_will_end")
def announce_trial_end(account: Account, identifier: str) -> None:
    subscription = account.get("subscription", identifier)
    if subscription["status"] == "trialing":
        emit(account, "customer.subscription.trial_will_end", subscription)
