"""Alerts about the books: what each means, and the one mail to whoever keeps them."""

from __future__ import annotations

import uuid

from sqlalchemy import select

from webapp import clock, outbox
from webapp.access import Role
from webapp.accounts.models import Membership, Person
from webapp.billing.models import Alert
from webapp.db import session
from webapp.notifications.sending import send_email
from webapp.web import absolute_url

# kind: (what it is, what it means and what to do)
WORDS = {
    "other_mode": (
        "Events of the other mode arrive",
        "Stripe sends test events to a live endpoint, or live ones to a test endpoint. They are"
        " kept and not acted on. Check the endpoints in Stripe's dashboard.",
    ),
    "other_version": (
        "Events in another API version arrive",
        "Their objects are read anew in our version, so nothing is lost. Set the endpoint's version"
        " in Stripe's dashboard to the one named in the operations guide.",
    ),
    "other_customer": (
        "An invoice names an engagement of somebody else",
        "It was made at Stripe for another customer, so it is not kept here. Look at its metadata"
        " in Stripe's dashboard, and at who made it.",
    ),
    "key_reused": (
        "An idempotency key was used for something else",
        "Stripe refused, so nothing was charged. Two pieces of work share a key: this is ours to"
        " mend.",
    ),
    "event_failed": (
        "An event could not be handled",
        "It was tried again and again, and now waits for a person. Look at its error, and replay it"
        " when the cause is gone.",
    ),
    "drift": (
        "Our books and Stripe's differ",
        "The nightly comparison found differences. Those it could mend are mended; see what is"
        " left.",
    ),
}


def keepers() -> list[Person]:
    """Who keeps the books: active owners and finance, each once."""
    holding = Person.memberships.any(Membership.role.in_((Role.OWNER, Role.FINANCE)))
    return list(session.scalars(select(Person).where(Person.active, holding).order_by(Person.id)))


def plan_alerts() -> None:
    """Alerts nobody was told of are put in line; one raised while its work failed is found too."""
    untold = select(Alert.id).where(Alert.told_at.is_(None)).order_by(Alert.id)
    outbox.enqueue_each("billing.tell_alert", untold)


def tell_alert(alert_id: uuid.UUID) -> None:
    """To each of the keepers, once."""
    alert = session.get_one(Alert, alert_id, with_for_update=True)
    title, meaning = WORDS[alert.kind]
    for person in keepers():
        send_email("billing_alert", person, alert, alert=alert, title=title, meaning=meaning,
                   url=absolute_url("firm.money"))  # fmt: skip
    alert.told_at = alert.told_at or clock.now()
