"""The one door to Stripe: thin verbs, frozen facts out, four kinds of failure.

Declined and ActionRequired are the payer's; RetryLater (Faulted among them) passes by itself; Bug
is ours. Every POST that makes something takes the caller's idempotency key: Stripe answers a
repeated key with the stored result for at least 24 hours (https://docs.stripe.com/api/idempotent_requests).
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any, cast

import requests
import stripe
import structlog
from flask import current_app

from webapp.billing.patience import time_left
from webapp.billing.stripe_objects import (
    Document,
    SignedEvent,
    StripeCard,
    StripeCustomer,
    StripeInvoice,
    StripeRefund,
    StripeSession,
    StripeSubscription,
)
from webapp.config import Settings
from webapp.outbox import RetryLater

API_VERSION = "2026-10-28.endive"
CONNECT_SECONDS, READ_SECONDS, RETRIES = 3.0, 10.0, 2
LEAST_SECONDS = 0.5
MOST_PAGES = 50

log = structlog.get_logger()


class Declined(Exception):
    """The payer's bank or card said no; the text is fit to show them."""


class ActionRequired(Exception):
    """The payer's bank wants them to confirm (3-D Secure); only they can go on."""


class Bug(Exception):
    """Stripe refuses what we asked: ours to mend, and trying again will not help."""


class Missing(Bug):
    """Stripe knows no such object (any more)."""


class Faulted(RetryLater):
    """Stripe answered with a fault of its own, and will answer this idempotency key so again."""


class BoundedClient(stripe.RequestsClient):
    """Requests with the timeouts cut to what is left of the caller's patience."""

    def __init__(self, trust_env: bool) -> None:
        super().__init__(timeout=(CONNECT_SECONDS, READ_SECONDS))
        self._trust_env = trust_env
        self._sessions = threading.local()

    def request(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str] | None,
        post_data: Any = None,
        **_: Any,
    ) -> tuple[Any, int, Mapping[str, str]]:
        once = stripe.RequestsClient(timeout=self._timeouts(), session=self._own_session())
        return once.request(method, url, headers, post_data)

    def _timeouts(self) -> tuple[float, float]:
        left = time_left()
        if left is None:
            return CONNECT_SECONDS, READ_SECONDS
        if left < LEAST_SECONDS:
            raise stripe.APIConnectionError("no time left to ask Stripe")  # type: ignore[no-untyped-call]
        return min(CONNECT_SECONDS, left / 3), min(READ_SECONDS, left * 2 / 3)

    def _own_session(self) -> requests.Session:
        if not hasattr(self._sessions, "session"):
            self._sessions.session = requests.Session()
            self._sessions.session.trust_env = self._trust_env
        return cast(requests.Session, self._sessions.session)


# -- asking ----------------------------------------------------------------------------------------


def settings() -> Settings:
    return cast(Settings, current_app.config["SETTINGS"])


def live() -> bool:
    """Whether our key moves real money."""
    return "_live_" in settings().stripe_api_key


@cache
def client_for(api_key: str, api_base: str) -> stripe.StripeClient:
    # The environment's proxies are for the internet; a base of our own choice is reached directly.
    return stripe.StripeClient(
        api_key,
        base_addresses={"api": api_base} if api_base else None,
        stripe_version=API_VERSION,
        max_network_retries=RETRIES,
        http_client=BoundedClient(trust_env=not api_base),
    )


def ask(call: Callable[[Any], Any]) -> Document:
    """Make one call on Stripe's v1 services; the answer as its JSON, decimals as text."""
    client = client_for(settings().stripe_api_key, settings().stripe_api_base)
    try:
        return cast(Document, call(client.v1).to_dict(for_json=True))
    except stripe.StripeError as error:
        raise translated(error) from error


def translated(error: stripe.StripeError) -> Exception:
    """Stripe's error as one of ours (https://docs.stripe.com/api/errors)."""
    text = error.user_message or type(error).__name__
    if isinstance(error, stripe.CardError):
        needs_payer = error.code in {"authentication_required", "payment_intent_action_required"}
        return ActionRequired(text) if needs_payer else Declined(text)
    if isinstance(error, stripe.APIConnectionError):
        return RetryLater(f"Stripe cannot be reached: {text}", 30)
    if isinstance(error, stripe.RateLimitError) or error.http_status == 429:
        return RetryLater("Stripe asks us to slow down", _told_pause(error))
    if error.http_status == 409:
        return RetryLater("the same request is still under way at Stripe", 5)
    if (error.http_status or 0) >= 500:
        return Faulted(f"Stripe faulted: {text}", 60)
    if isinstance(error, stripe.IdempotencyError):
        log.critical("stripe.key_reused", error=text, request=error.request_id)
    missing = error.code == "resource_missing"
    return Missing(text) if missing else Bug(f"{type(error).__name__}: {text}")


def _told_pause(error: stripe.StripeError) -> int:
    told = (error.headers or {}).get("retry-after", "")
    return int(told) if told.isdigit() else 20


def keyed(key: str) -> dict[str, Any]:
    """The options of a call that makes something."""
    return {"idempotency_key": key}


# -- customers -------------------------------------------------------------------------------------


def read_customer(customer: str) -> StripeCustomer:
    return StripeCustomer.read(ask(lambda v1: v1.customers.retrieve(customer)))


def read_payment_method(method: str) -> StripeCard:
    return StripeCard.read(ask(lambda v1: v1.payment_methods.retrieve(method)))


def open_portal(customer: str, return_url: str) -> str:
    """The address of a portal session, good for a few minutes."""
    params = {"customer": customer, "return_url": return_url}
    return str(ask(lambda v1: v1.billing_portal.sessions.create(params))["url"])


# -- Checkout --------------------------------------------------------------------------------------


def open_checkout(params: Document, key: str) -> StripeSession:
    """A hosted Checkout Session; the same key and params give the same one."""
    return StripeSession.read(ask(lambda v1: v1.checkout.sessions.create(params, keyed(key))))


def read_checkout(session_id: str) -> StripeSession:
    return StripeSession.read(ask(lambda v1: v1.checkout.sessions.retrieve(session_id)))


def find_checkout(customer: str, key: str) -> StripeSession | None:
    """The Session opened under one of our keys, found by its metadata."""
    params = {"customer": customer, "limit": 100}
    found = ask(lambda v1: v1.checkout.sessions.list(params))["data"]
    sessions = map(StripeSession.read, found)
    return next((one for one in sessions if one.metadata.get("checkout") == key), None)


def expire_checkout(session_id: str) -> StripeSession:
    """Close a Session; one that is paid or over already is told as it is."""
    try:
        return StripeSession.read(ask(lambda v1: v1.checkout.sessions.expire(session_id)))
    except Missing:
        raise
    except Bug:
        return read_checkout(session_id)


# -- subscriptions and invoices --------------------------------------------------------------------


def read_subscription(subscription: str) -> StripeSubscription:
    return StripeSubscription.read(ask(lambda v1: v1.subscriptions.retrieve(subscription)))


def cancel_subscription(subscription: str) -> StripeSubscription:
    """End it now, with no last invoice; one that is over already is told as it is."""
    params = {"invoice_now": False, "prorate": False}
    try:
        ended = ask(lambda v1: v1.subscriptions.cancel(subscription, params))
        return StripeSubscription.read(ended)
    except Missing:
        return read_subscription(subscription)


def move_renewal(subscription: str, to: datetime) -> StripeSubscription:
    """Let the present period end at `to`, at no charge; later ones are counted from there.

    Stripe has no other way to move the day than a trial up to it:
    https://docs.stripe.com/billing/subscriptions/billing-cycle
    """
    at = int(to.timestamp())
    params = {"trial_end": at, "proration_behavior": "none"}
    key = keyed(f"renewal:{subscription}:{at}")
    moved = ask(lambda v1: v1.subscriptions.update(subscription, params, key))
    return StripeSubscription.read(moved)


def read_invoice(invoice: str) -> StripeInvoice:
    params = {"expand": ["payments"]}
    return StripeInvoice.read(ask(lambda v1: v1.invoices.retrieve(invoice, params)))


def list_invoices(subscription: str) -> list[StripeInvoice]:
    """The newest hundred."""
    params = {"subscription": subscription, "limit": 100, "expand": ["data.payments"]}
    return [StripeInvoice.read(one) for one in ask(lambda v1: v1.invoices.list(params))["data"]]


def preview_renewal(subscription: str) -> StripeInvoice:
    """The invoice that the present period's end will bring, as things stand."""
    params = {"subscription": subscription}
    return StripeInvoice.read(ask(lambda v1: v1.invoices.create_preview(params)))


# -- refunds ---------------------------------------------------------------------------------------


def refund(payment_intent: str, minor: int, metadata: Mapping[str, str], key: str) -> StripeRefund:
    """Give back `minor` units of a payment."""
    params = {"payment_intent": payment_intent, "amount": minor, "metadata": dict(metadata)}
    return StripeRefund.read(ask(lambda v1: v1.refunds.create(params, keyed(key))))


def read_refund(refund_id: str) -> StripeRefund:
    return StripeRefund.read(ask(lambda v1: v1.refunds.retrieve(refund_id)))


def list_refunds(payment_intent: str) -> list[StripeRefund]:
    params = {"payment_intent": payment_intent, "limit": 100}
    return [StripeRefund.read(one) for one in ask(lambda v1: v1.refunds.list(params))["data"]]


def invoice_of_payment(payment_intent: str) -> str | None:
    """The invoice that a payment intent paid."""
    payment = {"type": "payment_intent", "payment_intent": payment_intent}
    found = ask(lambda v1: v1.invoice_payments.list({"payment": payment, "limit": 1}))["data"]
    return str(found[0]["invoice"]) if found else None


# -- events ----------------------------------------------------------------------------------------


def list_events(since: datetime, types: Sequence[str]) -> Iterator[SignedEvent]:
    """Events of these types (at most 20) made at or after `since`, newest first."""
    wanted = {"created": {"gte": int(since.timestamp())}, "types": list(types), "limit": 100}
    after: Document = {}
    for _ in range(MOST_PAGES):
        page = _events(wanted | after)
        yield from map(SignedEvent.read, page["data"])
        if not page["has_more"]:
            return
        after = {"starting_after": page["data"][-1]["id"]}
    log.error("stripe.events_cut_short", since=since.isoformat())


def _events(params: Document) -> Document:
    return ask(lambda v1: v1.events.list(params))


def signed(body: bytes, header: str | None, secret: str, tolerance: int) -> bool:
    """Whether this secret signed the body, not more than `tolerance` seconds ago."""
    try:
        stripe.WebhookSignature.verify_header(body, header, secret, tolerance)
    except (stripe.SignatureVerificationError, ValueError):
        return False
    return True
