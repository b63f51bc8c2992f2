"""A retainer under way, and time that passes with every planner at work."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from tests import make
from tests.billing.conftest import Client, rows
from tests.elsewhere import elsewhere
from webapp import clock
from webapp.access import Role
from webapp.accounts.models import Person
from webapp.billing.buying.order import midnight
from webapp.billing.changing import quoting
from webapp.billing.models import Credit, Invoice, InvoiceItem, Quote
from webapp.catalog.models import Offering
from webapp.db import session, transaction
from webapp.engagements.models import Engagement, Pause
from webapp.engagements.planning import BEFORE_MIDNIGHT
from workers import plan

PLANNERS = ("billing.", "engagements.", "reviews.")


def under_way(payer: Client, days: int = 1) -> Engagement:
    """Paid (unless it is already), kicked off, and so many days into its first month."""
    if payer.engagement.stage == "signed":
        payer.start()
    payer.steps.take(("under way", payer.booking.token, days), lambda: _kick_off(payer, days))
    return payer.engagement


def _kick_off(payer: Client, days: int) -> None:
    kickoff = payer.engagement.kickoff
    assert kickoff is not None
    pass_time(payer, kickoff.starts_at + timedelta(hours=2))
    engagement = payer.engagement
    engagement.hold_kickoff(firm(), waive=True)
    session.commit()
    pass_time(payer, midnight(engagement.kick_off_on + timedelta(days=days), engagement.time_zone)
              + timedelta(hours=9))  # fmt: skip


def pass_time(payer: Client, until: datetime, by: timedelta = timedelta(days=12)) -> None:
    """Here and at Stripe, in steps that stop where a pause or an end is due."""
    at = clock.now()
    while at < until:
        at = min(at + by, until, _next_due(at))
        payer.set_clock(at)
        payer.stripe.advance(at)
        payer.stripe.deliver()
        elsewhere(lambda: run_planners(payer))
        payer.hear()
    session.rollback()


def _next_due(at: datetime) -> datetime:
    """When a pause or the engagement begins or ends next: there the order of things counts."""
    [engagement] = rows(Engagement)
    days = [day for pause in rows(Pause) if pause.live for day in (pause.starts, pause.ends)]
    instants = [midnight(day, engagement.time_zone) for day in [*days, engagement.ends_on] if day]
    instants += [instant - BEFORE_MIDNIGHT for instant in instants]
    return min((one for one in instants if one > at), default=at + timedelta(days=400))


def run_planners(payer: Client) -> None:
    with payer.app.app_context():
        for name, planner in plan.PLANNERS.items():
            if name.startswith(PLANNERS) and name not in payer.left_out:
                with transaction():
                    planner()


def firm(role: Role = Role.COORDINATOR, **values: Any) -> Person:
    person = make.person(role, **values)
    session.commit()
    return person


def bigger(engagement: Engagement, **values: Any) -> Offering:
    """Six days a month for 7,000 instead of four for 5,000."""
    plan = {"name": "COO, six days a month", "days_per_month": 6, "price_minor": 700000}
    return _offered(engagement, plan | values)


def smaller(engagement: Engagement, **values: Any) -> Offering:
    plan = {"name": "COO, two days a month", "days_per_month": 2, "price_minor": 300000}
    return _offered(engagement, plan | values)


def _offered(engagement: Engagement, values: dict[str, Any]) -> Offering:
    offered = make.offering(**({"currency": engagement.terms.currency} | values))
    session.commit()
    return offered


def quoted(engagement: Engagement, offered: Offering, start: date, by: Person) -> Quote:
    return quoting.ask(engagement, offered, start, by)


def confirmed(engagement: Engagement, offered: Offering, start: date, by: Person) -> Quote:
    quote = quoted(engagement, offered, start, by)
    quoting.confirm(quote, by, "Agreed on the phone")
    session.commit()
    return quote


def items() -> list[InvoiceItem]:
    return sorted(rows(InvoiceItem), key=lambda row: row.id)


def added() -> int:
    """What items and credits come to beside the months, before tax, in minor units."""
    return sum(one.amount_minor for one in items()) - sum(one.amount_minor for one in credits())


def credits() -> list[Credit]:
    return sorted(rows(Credit), key=lambda row: row.id)


def charged_days(invoices: list[Invoice]) -> list[tuple[str, int]]:
    return [(line["kind"], line["minor"]) for one in invoices for line in one.lines]
