"""The clients' engagements, walked through as a client would: hold, details, agreement, payment."""

import uuid
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select

from sandbox.demo import firm, hosted_page
from sandbox.demo.clients import Client
from webapp import access, clock
from webapp.accounts.models import Person
from webapp.billing import mirroring
from webapp.billing.buying.account import buy_on_account
from webapp.billing.buying.opening import open_checkout
from webapp.billing.models import Checkout, Coupon
from webapp.booking.models import Hold
from webapp.booking.models.seat import Team
from webapp.booking.queries import kickoffs
from webapp.catalog.models import Consultant, Offering
from webapp.db import session, transaction
from webapp.engagements.models import Engagement

OFFICE_HOURS = range(9, 16)


def load(client: Client, password: str | None = None) -> None:
    """Book what the client books; a walk that was broken off goes on where it stopped.

    password: for the sponsor; without one they sign in by link.
    """
    with transaction():
        engagement = signed(client) or sign(client, password)
        waiting = client.pays and engagement.stage == "signed"
        # A debit that is under way need not be begun again.
        waiting = waiting and not engagement.settles_by
        engagement_id, hold_id = engagement.id, engagement.hold_id
    if waiting and client.pays == "invoice":
        with transaction():
            buy_on_account(engagement_id)
    elif waiting:
        pay(client, engagement_id, hold_id)


def pay(client: Client, engagement_id: uuid.UUID, hold_id: uuid.UUID) -> None:
    """At Stripe's page, by card or from a bank account."""
    address = open_checkout(engagement_id, access.sign("start", str(hold_id)))
    if address:
        hosted_page.WAYS[client.pays](address, client)
    with transaction():
        settle(client, engagement_id)


def signed(client: Client) -> Engagement | None:
    found: Engagement | None = session.scalar(
        select(Engagement)
        .join(Engagement.sponsor)
        .where(Person.email == client.draft.contact_email)
        .order_by(Engagement.created_at)
        .limit(1)
    )
    return found


def sign(client: Client, password: str | None) -> Engagement:
    offering = firm.known(Offering, client.offering)
    found = (firm.known(Consultant, slug) for slug in client.consultant.split("+"))
    team = [consultant for consultant in found if consultant]
    assert offering is not None
    draft = client.draft
    hold = Hold.take(offering, team, first_start(client, offering, team), draft.time_zone)
    engagement = Engagement.of_hold(hold)
    engagement.note_details(draft, None)
    engagement.sign(draft.contact_name, draft.contact_email, "127.0.0.1", "demo data")
    assert engagement.sponsor is not None and engagement.company is not None
    if client.pays == "invoice":
        engagement.company.net_days = client.net_days
    if coupon := Coupon.with_code(client.code):
        coupon.apply(engagement)
    if password:
        engagement.sponsor.password = firm.hashed(password)
    for other in client.colleagues:
        firm.colleague(engagement.company, other.role, other.name, other.email)
    return engagement


def first_start(client: Client, offering: Offering, team: Team) -> datetime:
    """The open time the client wants, within their office hours where there is one."""
    zone, first = ZoneInfo(client.draft.time_zone), clock.now() + timedelta(days=client.days_ahead)
    found = kickoffs(offering, team)
    if client.kick_off:
        return [at for at in found if at.astimezone(zone).date() <= client.kick_off][-1]
    found = [at for at in found if at >= first]
    same_day = [at for at in found if at.date() == found[0].date()]
    return next((at for at in found if at.astimezone(zone).hour in OFFICE_HOURS), same_day[-1])


def settle(client: Client, engagement_id: uuid.UUID) -> None:
    """What the page after Checkout does, then the steps that the client has done since."""
    engagement = mirroring.locked(engagement_id)
    assert engagement is not None and engagement.sponsor is not None
    checkout = Checkout.latest(engagement)
    assert checkout is not None and checkout.stripe_id is not None
    mirroring.sync_checkout(engagement, checkout.stripe_id)
    for step in engagement.steps:
        if step.key in client.steps:
            step.complete(engagement.sponsor)
