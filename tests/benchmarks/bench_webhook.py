"""Taking in a webhook against a bare Flask app that inserts a row, in one run.

`python -m sandbox run -- python -m tests.benchmarks.bench_webhook [EVENTS] [ROUNDS]`: bodies alike
go through both apps' WSGI callables in turn, in this process, on the same PostgreSQL. Ours verifies
the signature, stores the event once and puts its job in line; the bare one reads the JSON and
inserts the same row with psycopg. Prints events a second, the processor's time for each, and the
ratios; exit status 1 where the aim is missed.
"""

from __future__ import annotations

import json
import statistics
import sys
import time
import uuid
from typing import Any

import psycopg
import stripe
from flask import Flask, request
from sqlalchemy import func, select
from werkzeug.test import EnvironBuilder, run_wsgi_app

from tests import databases
from webapp import clock, db
from webapp.app import create_app
from webapp.billing.models import StripeEvent
from webapp.config import Settings
from webapp.db import session

AIM = 0.85
INSERT = (
    "INSERT INTO stripe_event (id, type, api_version, livemode, payload, state, error, received_at)"
    " VALUES (%s, %s, %s, %s, %s, 'received', '', %s) ON CONFLICT DO NOTHING"
)


def body_of(number: int) -> bytes:
    """An event of the size that an invoice's has."""
    line = {"id": "il_1", "amount": 500000, "currency": "usd", "description": "COO, one month",
            "metadata": {}, "period": {"start": 1, "end": 2}, "parent": {"type": "x"}}  # fmt: skip
    owner = {"engagement": str(uuid.uuid4())}
    about = {"id": f"in_{number}", "object": "invoice", "metadata": owner, "parent": None,
             "lines": {"data": [line] * 12}, "status": "paid"}  # fmt: skip
    event = {"id": f"evt_{uuid.uuid4().hex}", "object": "event", "type": "invoice.paid",
             "api_version": "2026-10-28.endive", "livemode": False, "created": int(time.time()),
             "data": {"object": about}}  # fmt: skip
    return json.dumps(event).encode()


def environ(body: bytes, secret: str) -> dict[str, Any]:
    signed = stripe.WebhookSignature.generate_signature_header(
        body.decode(), secret, int(time.time())
    )
    headers = {"Stripe-Signature": signed, "Content-Type": "application/json"}
    made = EnvironBuilder("/stripe/webhook", method="POST", data=body, headers=headers)
    return made.get_environ()


def bare(url: str) -> Flask:
    """What the least that keeps an event costs."""
    app = Flask("bare")
    connection = psycopg.connect(url.replace("postgresql+psycopg", "postgresql"))

    @app.post("/stripe/webhook")
    def keep() -> str:
        event = json.loads(request.get_data())
        values = (event["id"], event["type"], event["api_version"], event["livemode"],
                  json.dumps(event), clock.now())  # fmt: skip
        connection.execute(INSERT, values)
        connection.commit()
        return ""

    return app


def rate(app: Flask, environs: list[dict[str, Any]]) -> tuple[float, float]:
    """(events a second, processor's microseconds for each)."""
    begun, worked = time.perf_counter(), time.process_time()
    for one in environs:
        _, status, _ = run_wsgi_app(app.wsgi_app, one)
        assert status.startswith("200"), status
    took, work = time.perf_counter() - begun, time.process_time() - worked
    return len(environs) / took, work / len(environs) * 1e6


def measure(count: int, rounds: int, ours: Flask, least: Flask, secret: str) -> list[float]:
    ratios = []
    for number in range(rounds + 1):
        made = [[environ(body_of(n), secret) for n in range(count)] for _ in range(2)]
        (fast, little), (speed, work) = rate(least, made[0]), rate(ours, made[1])
        if number:  # the first round warms both up
            ratios.append(speed / fast)
            say(f"bare {fast:6.0f}/s {little:4.0f} µs   ours {speed:6.0f}/s {work:4.0f} µs"
                  f"   {speed / fast:.2f}")  # fmt: skip
    return ratios


def say(line: str) -> None:
    sys.stdout.write(line + "\n")


def main(arguments: list[str]) -> int:
    count, rounds = map(int, (*arguments, *("500", "5")[len(arguments) :]))
    settings = Settings.from_environ()
    with databases.kept() as database:
        ours = create_app(settings)
        url = database.emptied()
        db.connect(url)
        ratios = measure(count, rounds, ours, bare(url), settings.stripe_webhook_secrets[0])
        kept = session.scalar(select(func.count()).select_from(StripeEvent))
    middle = statistics.median(ratios)
    say(f"{kept} events kept; ratio {middle:.2f}, aim {AIM}")
    return 0 if middle >= AIM else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
