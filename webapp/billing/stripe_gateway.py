"""The one door to Stripe: one way to ask, four kinds of failure.

Declined and ActionRequired are the payer's; RetryLater (Faulted among them) passes by itself; Bug
is ours. Every POST that makes something takes the caller's idempotency key: Stripe answers a
repeated key with the stored result for at least 24 hours (https://docs.stripe.com/api/idempotent_requests).
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, cast

import requests
import stripe
import structlog
from flask import current_app

from webapp.billing.models.alert import Alert
from webapp.billing.models.key_attempt import KeyAttempt
from webapp.billing.objects.document import Document
from webapp.billing.patience import time_left
from webapp.config import Settings
from webapp.outbox import RetryLater

API_VERSION = "2026-10-28.endive"
CONNECT_SECONDS, READ_SECONDS, RETRIES = 3.0, 10.0, 2
LEAST_SECONDS = 0.5

log = structlog.get_logger()


class Declined(Exception):
    """The payer's bank or card said no; the text is fit to show them."""


class ActionRequired(Exception):
    """The payer's bank wants them to confirm (3-D Secure); only they can go on."""


class Bug(Exception):
    """Stripe refuses what we asked: ours to mend, and trying again will not help."""


class KeyReused(Bug):
    """A key of ours was sent before with other parameters: nothing was done this time."""


class Missing(Bug):
    """Stripe knows no such object (any more)."""


class Exists(Bug):
    """What we wanted to make, under an id or a code of our own, is there already."""


class Insufficient(Bug):
    """The account that the money was to be taken from does not hold so much."""


class NotEnabled(Bug):
    """The account that the money was to be sent to may not receive any (yet, or any more)."""


class Faulted(RetryLater):
    """Stripe answered with a fault of its own, and will answer this idempotency key so again."""


# https://docs.stripe.com/error-codes
REFUSALS: dict[str, type[Bug]] = {
    "resource_missing": Missing,
    "resource_already_exists": Exists,
    "balance_insufficient": Insufficient,
    "insufficient_capabilities_for_transfer": NotEnabled,
}


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


def ask_changed(subject: str, key: str, call: Callable[[Any, dict[str, Any]], Any]) -> Document:
    """Change one of Stripe's objects under a key of its own for each time that it answers.

    An answer that is lost is asked for again under the same key; one that came (a fault of
    Stripe's, too) never is. call: of the services and the options. The caller has looked at what
    Stripe has, so that a change that was made is not made again.
    """
    options = keyed(f"{key}:{KeyAttempt.number(subject)}")
    try:
        answer = ask(lambda v1: call(v1, options))
    except KeyReused:
        raise
    except (Faulted, Bug):
        KeyAttempt.answered(subject)
        raise
    KeyAttempt.answered(subject)
    return answer


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
        return _key_reused(error)
    kind = REFUSALS.get(error.code or "", Bug)
    return kind(text if kind is not Bug else f"{type(error).__name__}: {text}")


def _key_reused(error: stripe.IdempotencyError) -> KeyReused:
    """Ours to find: two pieces of work share a key, or one changed between two tries."""
    told = str(error.user_message or error)
    log.critical("stripe.key_reused", error=told, request=error.request_id)
    Alert.sound_aside("key_reused", told[:500], f"request {error.request_id or 'unknown'}")
    return KeyReused(told)


def _told_pause(error: stripe.StripeError) -> int:
    told = (error.headers or {}).get("retry-after", "")
    return int(told) if told.isdigit() else 20


def keyed(key: str) -> dict[str, Any]:
    """The options of a call that makes something."""
    return {"idempotency_key": key}


def signed(body: bytes, header: str | None, secret: str, tolerance: int) -> bool:
    """Whether this secret signed the body, not more than `tolerance` seconds ago."""
    try:
        stripe.WebhookSignature.verify_header(body, header, secret, tolerance)
    except (stripe.SignatureVerificationError, ValueError):
        return False
    return True
