"""What arrives at the webhook: believed only when Stripe signed it, just now."""

from __future__ import annotations

import json
import math
import re
import time
from typing import Any

import structlog

from webapp import clock
from webapp.billing import stripe_gateway as gateway
from webapp.billing.models.alert import Alert
from webapp.billing.objects.event import SignedEvent

TOLERANCE_SECONDS = 300
# Stripe expands four levels deep; PostgreSQL and json take far more, but not without end.
DEEPEST = 100
# What JSON can spell and PostgreSQL's jsonb cannot keep:
# https://www.postgresql.org/docs/18/datatype-json.html
UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
log = structlog.get_logger()


class BadEvent(Exception):
    """Not signed by Stripe, stale, or no event at all: answer 400 and keep nothing."""


def verify_event(body: bytes, header: str | None) -> SignedEvent:
    """The event in a webhook's raw body, if one of our secrets signed it within five minutes.

    The SDK refuses old signatures only; one dated ahead would stay good for as long as it is ahead.
    """
    secrets = gateway.settings().stripe_webhook_secrets
    if not any(gateway.signed(body, header, secret, TOLERANCE_SECONDS) for secret in secrets):
        raise BadEvent("no valid signature")
    if _signed_at(header or "") > time.time() + TOLERANCE_SECONDS:
        raise BadEvent("signed in the future")
    try:
        return SignedEvent.read(_document(body))
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise BadEvent("signed, but no event") from error


def _document(body: bytes) -> Any:
    """The JSON of a body, if it can be kept as it is; else ValueError or RecursionError."""
    found = json.loads(body.decode())
    if not _storable(found):
        raise ValueError("cannot be stored")
    return found


def _storable(part: Any, depth: int = 0) -> bool:
    if isinstance(part, str):
        return not UNSTORABLE.search(part)
    if isinstance(part, float):
        return math.isfinite(part)
    if isinstance(part, dict | list):
        inside = [*part, *part.values()] if isinstance(part, dict) else part
        return depth < DEEPEST and all(_storable(one, depth + 1) for one in inside)
    return True


def _signed_at(header: str) -> int:
    stamps = (part.partition("=")[2] for part in header.split(",") if part.startswith("t="))
    return int(next(stamps))


def believable(event: SignedEvent) -> bool:
    """Whether an event belongs to the mode our key is for; another version is noted, since the
    object is read anew in ours. The firm hears of both: the endpoint at Stripe is set up wrongly.
    """
    if event.api_version != gateway.API_VERSION:
        log.warning("stripe.other_api_version", event_id=event.id, version=event.api_version)
        Alert.sound("other_version", event.api_version, f"{event.type} ({event.id})")
    if event.livemode != gateway.live():
        log.error("stripe.other_mode", event_id=event.id, livemode=event.livemode)
        mode = "live" if event.livemode else "test"
        Alert.sound("other_mode", f"{mode} {clock.now():%Y-%m-%d}", f"{event.type} ({event.id})")
    return event.livemode == gateway.live()
