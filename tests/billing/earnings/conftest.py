"""A consultant with shares of what was paid."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests import make
from webapp import clock
from webapp.access import Role
from webapp.accounts.models import Person
from webapp.billing.models import Invoice, Payment
from webapp.billing.paying_out import planning
from webapp.catalog.models import Consultant
from webapp.db import session
from webapp.engagements.models import Engagement

SignIn = Callable[[Person], FlaskClient]
NOVEMBER = datetime(2026, 11, 10, 12, tzinfo=UTC)


def invoice_of(engagement: Engagement, minor: int = 500000, **values: object) -> Invoice:
    """Paid, and its payment booked."""
    name, at = uuid.uuid4().hex, values.pop("at", None) or clock.now()
    fee = values.pop("fee_minor", 0)
    defaults = {"tax_minor": 0, "out_of_band": False, "number": f"RH-{name[:4]}", "lines": []}
    invoice: Invoice = make.saved(
        Invoice(engagement=engagement, stripe_id=f"in_{name}", status="paid", currency="USD",
                total_minor=minor, paid_minor=minor, due_minor=0, issued_at=at,
                paid_at=at, livemode=False, synced_at=at, **(defaults | values))
    )  # fmt: skip
    if not invoice.out_of_band:
        make.saved(
            Payment(invoice=invoice, stripe_id=f"ch_{name}", payment_intent="pi", method="card",
                    amount_minor=minor, currency="USD", fee_minor=fee, net_minor=minor,
                    settled_currency="USD", paid_at=at, livemode=False, synced_at=at)
        )  # fmt: skip
    planning.share_out(invoice.id)
    session.flush()
    return invoice


def engaged(consultant: Consultant, percent: int = 40, **values: object) -> Engagement:
    made = make.engagement("active", consultant=consultant, **values)
    made.assignments[0].share_percent = percent
    session.flush()
    return made


@pytest.fixture
def consultant(app: Flask) -> Consultant:
    return make.consultant(time_zone="America/New_York")


@pytest.fixture
def owner(app: Flask) -> Person:
    return make.person(Role.OWNER)
