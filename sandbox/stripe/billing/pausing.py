"""Pausing a subscription and taking it up again.

Source: https://docs.stripe.com/billing/subscriptions/pause and the SDK's docstrings of ``pause``
and ``resume``. A paused subscription makes no invoices and enters no period; its present period
ends where the pause begins. **Stripe refuses to pause a subscription that is on trial**, that is
collected by ``send_invoice``, that is of the classic billing mode, or that is paused, incomplete or
ended; a coupon's time goes on running. ``resume`` is for ``charge_automatically`` only: with the
anchor unchanged and no prorations it makes no invoice and the subscription is active at once;
otherwise its invoice is finalised at once and the subscription stays paused until that is paid or
marked uncollectible; voided, or unpaid for 23 hours, it stays paused.

Assumed, because no page says: prorations for ``create_prorations`` wait for the next invoice
and the subscription is active at once; notice that was given before goes on while it is paused;
the resumption invoice's reason is ``subscription_update``.
"""

from typing import Any

from sandbox.stripe.billing import plan_changes, standing
from sandbox.stripe.billing.agenda import anchor_of, items_of, period_of, reschedule
from sandbox.stripe.billing.collection import collect, void
from sandbox.stripe.billing.finalizing import finalize
from sandbox.stripe.billing.months import Anchor, period_around
from sandbox.stripe.billing.subscriptions import draft_invoice
from sandbox.stripe.core.account import Account
from sandbox.stripe.core.documents import Document, duplicate, private
from sandbox.stripe.core.errors import ApiError, invalid
from sandbox.stripe.core.schedule import schedule, when_due

PATIENCE = 23 * 3600
"""Seconds for which a resumption invoice waits for its payment."""


def pause(account: Account, subscription: Document, params: dict[str, Any]) -> None:
    """Stop here, with a credit for what is left of the period unless told otherwise."""
    _check_may_pause(account, subscription)
    now = account.time_of(subscription)
    since = _credited_since(subscription, params, now)
    if since is not None:
        plan_changes.credit_rest(account, subscription, since)
    _cut_period(account, subscription, now)
    reschedule(account, subscription)
    if params.get("invoicing_behavior") == "invoice" and since is not None:
        plan_changes.invoice_now(account, subscription)


def _check_may_pause(account: Account, subscription: Document) -> None:
    if subscription["collection_method"] != "charge_automatically":
        raise _cannot("pause", "its collection method is send_invoice")
    if subscription["billing_mode"]["type"] != "flexible":
        raise _cannot("pause", "its billing mode is classic")
    if subscription["status"] == "trialing":
        raise _cannot("pause", "it is in a trial period")
    if subscription["status"] not in ("active", "past_due", "unpaid"):
        raise _cannot("pause", f"its status is {subscription['status']}")


def _cannot(what: str, why: str) -> ApiError:
    return invalid(f"You cannot {what} this subscription because {why}.")


def _credited_since(subscription: Document, params: dict[str, Any], now: int) -> int | None:
    chosen = params.get("bill_for", {}).get("unused_time_from", {}).get("type", "now")
    start = period_of(subscription)[0]
    named: dict[str, int | None] = {"now": now, "none": None, "item_current_period_start": start}
    return named[chosen]


def _cut_period(account: Account, subscription: Document, now: int) -> None:
    rows = duplicate(subscription["items"])
    for row in rows["data"]:
        row["current_period_end"] = now
    standing.pause(account, subscription, "pause_requested", items=rows)


def resume(account: Account, subscription: Document, params: dict[str, Any]) -> None:
    _check_may_resume(subscription)
    before = duplicate(subscription["items"])["data"]
    anew = params.get("billing_cycle_anchor", {}).get("type", "now") == "now"
    _enter_period(account, subscription, anew)
    invoice = _resumption_invoice(account, subscription, params, anew)
    if invoice is None or invoice["status"] == "paid":
        standing.resumed(account, subscription, "active")
    else:
        _wait_for_payment(account, subscription, invoice, params, before)
    reschedule(account, subscription)


def _check_may_resume(subscription: Document) -> None:
    if subscription["status"] != "paused":
        raise _cannot("resume", f"its status is {subscription['status']}, not paused")
    if subscription["collection_method"] != "charge_automatically":
        raise _cannot("resume", "its collection method is send_invoice")


def _enter_period(account: Account, subscription: Document, anew: bool) -> None:
    """From now: a whole period with a new anchor, or what is left of the one that runs."""
    now = account.time_of(subscription)
    if anew:
        subscription["billing_cycle_anchor"] = now
        private(subscription)["anchor_day"] = Anchor.of(now).day
    rows = items_of(subscription)
    start, end = period_around(anchor_of(subscription), rows[0]["price"]["recurring"], now)
    for row in rows:
        row.update(current_period_start=start, current_period_end=end)
    account.save(subscription)


def _resumption_invoice(
    account: Account, subscription: Document, params: dict[str, Any], anew: bool
) -> Document | None:
    behavior = params.get("proration_behavior", "create_prorations")
    if anew:
        return _finalized(account, subscription, whole_period=True)
    if behavior == "none":
        return None
    now = account.time_of(subscription)
    plan_changes.charge_rest(account, subscription, params.get("proration_date", now))
    return _finalized(account, subscription, False) if behavior == "always_invoice" else None


def _finalized(account: Account, subscription: Document, whole_period: bool) -> Document:
    invoice = draft_invoice(account, subscription, "subscription_update", whole_period=whole_period)
    return finalize(account, invoice)


def _wait_for_payment(
    account: Account,
    subscription: Document,
    invoice: Document,
    params: dict[str, Any],
    before: list[Document],
) -> None:
    behavior = params.get("payment_behavior", "resume_on_payment_attempt")
    kept = {"invoice": invoice["id"], "behavior": behavior, "items": before}
    private(subscription)["resuming"] = kept
    account.save(subscription)
    at = account.time_of(subscription) + PATIENCE
    timeline = account.timeline_of(subscription)
    schedule(account, "subscription.resumption", subscription["id"], at, timeline)
    if behavior == "resume_on_payment_success":
        collect(account, invoice)


@when_due("subscription.resumption")
def give_up(account: Account, identifier: str) -> None:
    """Nobody paid for taking it up again: the invoice is voided, the subscription stays paused."""
    subscription = account.get("subscription", identifier)
    waiting = private(subscription).pop("resuming", None)
    if subscription["status"] != "paused" or waiting is None:
        return
    subscription["items"]["data"] = waiting["items"]
    account.save(subscription)
    invoice = account.get("invoice", waiting["invoice"])
    if invoice["status"] == "open":
        void(account, invoice)
