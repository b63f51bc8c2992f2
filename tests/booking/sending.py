"""Sending a chosen time, as a form does."""

from __future__ import annotations

from datetime import datetime

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

KEY = "0123456789abcdef" * 2


def send(
    client: FlaskClient, url: str, start: datetime | str, key: str = KEY, **headers: str
) -> TestResponse:
    """headers: by name, underscores for hyphens."""
    slot = start if isinstance(start, str) else start.strftime("%Y-%m-%dT%H:%M:%SZ")
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return client.post(url, data={"slot": slot, "request_key": key}, headers=named)
