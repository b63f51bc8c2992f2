"""A subscription's status as payments come in, fail, or stop being asked for."""

from typing import Any

from sandbox.stripe.core.account import Account
from sandbox.stripe.core.documents import Document, private
from sandbox.stripe.core.events import change, emit
from sandbox.stripe.core.schedule import schedule, unschedule

ENDED = frozenset({"canceled", "incomplete_expired"})
_UPDATED = "customer.subscription.updated"
_FORTHCOMING = (
    "renew",
    "upcoming",
    "trial_will_end",
    "cancel",
    "resume",
    "resumption",
    "expire",
)
"""Everything a subscription may be due for."""


def invoices_of(account: Account, subscription: str) -> list[Document]:
    """Newest first."""
    return account.find("invoice", parent__subscription_details__subscription=subscription)


def paid(account: Account, subscription: Document) -> None:
    """An invoice was paid: what was incomplete starts, what was late is in order again."""
    if subscription["status"] == "incomplete":
        accepted(account, subscription)
    elif subscription["status"] == "paused":
        _resume_if_settled(account, subscription)
    elif subscription["status"] in ("past_due", "unpaid") and not _owed(account, subscription):
        change(account, _UPDATED, subscription, status="active")


def accepted(account: Account, subscription: Document) -> None:
    """The first payment was made or, by bank debit, is on its way."""
    if subscription["status"] != "incomplete":
        return
    unschedule(account, "subscription.expire", subscription["id"])
    trialing = (subscription["trial_end"] or 0) > account.time_of(subscription)
    change(account, _UPDATED, subscription, status="trialing" if trialing else "active")


def give_a_day(account: Account, subscription: Document) -> None:
    """An incomplete subscription's first payment failed: 23 hours are left to make another."""
    if subscription["status"] == "incomplete":
        at = account.time_of(subscription) + 23 * 3600
        timeline = account.timeline_of(subscription)
        schedule(account, "subscription.expire", subscription["id"], at, timeline)


def _owed(account: Account, subscription: Document) -> bool:
    """Whether anything is still open that was tried in vain or is past its due date."""
    now = account.time_of(subscription)
    return any(
        i["status"] == "open" and (i["attempted"] or (i["due_date"] or now) < now)
        for i in invoices_of(account, subscription["id"])
    )


def payment_failed(account: Account, subscription: Document) -> None:
    if subscription["status"] in ("active", "trialing"):
        change(account, _UPDATED, subscription, status="past_due")
    elif subscription["status"] == "paused":
        waiting = private(subscription).get("resuming") or {}
        if waiting.get("behavior") == "resume_on_payment_attempt":
            resumed(account, subscription, "past_due")


def pause(account: Account, subscription: Document, reason: str, **values: Any) -> None:
    """No invoices and no periods from now on."""
    now, why = account.time_of(subscription), {"type": reason}
    details = {"paused": {"subscription": why, "transitioned_at": now, "type": "subscription"}}
    values |= {"status": "paused", "status_details": details}
    change(account, _UPDATED, subscription, **values)
    emit(account, "customer.subscription.paused", subscription)


def _resume_if_settled(account: Account, subscription: Document) -> None:
    """Paused stays paused, unless what was paid or given up is the invoice of its resumption."""
    waiting = private(subscription).get("resuming")
    invoice = account.get("invoice", waiting["invoice"]) if waiting else {}
    if invoice.get("status") in ("paid", "uncollectible"):
        resumed(account, subscription, "active")


def resumed(account: Account, subscription: Document, status: str) -> None:
    """A pause is over."""
    private(subscription).pop("resuming", None)
    unschedule(account, "subscription.resumption", subscription["id"])
    change(account, _UPDATED, subscription, status=status, status_details=None)
    emit(account, "customer.subscription.resumed", subscription)


def retries_are_over(account: Account, subscription: Document) -> None:
    """What the account's rules say for a payment that failed for the last time."""
    rule = account.rules.after_retries
    if subscription["status"] in ENDED:
        return
    if rule == "cancel":
        end(account, subscription, reason="payment_failed")
    elif rule == "unpaid":
        change(account, _UPDATED, subscription, status="unpaid")


def end(account: Account, subscription: Document, *, reason: str, **details: Any) -> Document:
    """Cancel now: nothing more is invoiced and nothing more is tried on what is open."""
    now = account.time_of(subscription)
    subscription.update(
        status="canceled",
        ended_at=now,
        canceled_at=subscription["canceled_at"] or now,
        cancel_at_period_end=False,
        pause_collection=None,
        cancellation_details=_merged(subscription, {"reason": reason} | details),
        status_details=None,
    )
    account.save(subscription)
    for kind in _FORTHCOMING:
        unschedule(account, f"subscription.{kind}", subscription["id"])
    _stop_collecting(account, subscription)
    emit(account, "customer.subscription.deleted", subscription)
    return subscription


def _merged(subscription: Document, details: dict[str, Any]) -> dict[str, Any]:
    merged: dict[str, Any] = (subscription["cancellation_details"] or {}) | details
    return merged


def _stop_collecting(account: Account, subscription: Document) -> None:
    """Its own drafts, and **every** final invoice of the customer, whatever that is for.

    Source: the SDK's docstring of ``subscriptions.cancel``; that no event tells of it is a guess.
    """
    drafts = [i for i in invoices_of(account, subscription["id"]) if i["status"] == "draft"]
    final = account.find("invoice", customer=subscription["customer"], status="open")
    for invoice in drafts + final:
        unschedule(account, "invoice.finalize", invoice["id"])
        unschedule(account, "invoice.retry", invoice["id"])
        invoice.update(
            auto_advance=False, next_payment_attempt=None, automatically_finalizes_at=None
        )
        account.save(invoice)
