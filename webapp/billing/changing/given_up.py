"""Stripe's last try to be paid failed, and it charges nothing more: a person decides what comes.

Dunning ends no engagement. What Stripe does after its last try is a setting there (docs/stripe.md):
where it cancels the subscription, or calls it unpaid, the months begin again by a new one, once
what is open is paid, or as soon as a coordinator lets it go on on account.
"""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import select

from webapp import audit, clock, outbox
from webapp.accounts.models import Person
from webapp.billing import mirroring
from webapp.billing.calls import subscriptions
from webapp.billing.changing import taking_up
from webapp.billing.models import ArrearsDecision, Invoice, Subscription
from webapp.billing.models.invoice import OVER
from webapp.db import session
from webapp.engagements.models import Engagement, FollowUp
from webapp.engagements.stages import RUNNING
from webapp.notifications.sending import send_email
from webapp.web import absolute_url

GIVEN_UP = ("Stripe tried for the last time to be paid, and charges nothing more. The engagement "
            "goes on as it is: decide whether it pauses, goes on or ends.")  # fmt: skip
UNCOLLECTIBLE = ("Invoice {number} is marked uncollectible at Stripe, and the engagement goes on "
                 "as it is: decide whether it pauses, goes on or ends.")  # fmt: skip
TAKE_UP = "billing.take_up"


def notice(engagement: Engagement, mirror: Subscription) -> None:
    """A coordinator is told, once for a subscription; one that is called unpaid is ended, since it
    would go on making drafts that nobody is asked to pay."""
    if mirror.status == "unpaid":
        outbox.enqueue("billing.end_unpaid", engagement.id, key=f"end_unpaid:{mirror.stripe_id}")
    if not settled_on(engagement):
        FollowUp.ask(engagement.id, f"given_up:{mirror.stripe_id}", GIVEN_UP)
    outbox.enqueue("billing.tell_given_up", mirror.id, mirror.stripe_id)


def settled_on(engagement: Engagement) -> bool:
    """Whether it is over, or was decided on for what is unpaid: nobody is asked again."""
    decided = ArrearsDecision.latest_of(Invoice.unpaid_of(engagement)) is not None
    return decided or engagement.stage in OVER


def decided(engagement: Engagement) -> None:
    """A coordinator has decided: nobody has to look into it, and where it goes on, it may now."""
    seen_to(engagement)
    outbox.enqueue_again(TAKE_UP, engagement.id)


def seen_to(engagement: Engagement) -> None:
    """It was decided on: nobody has to look into it any more."""
    mirror = Subscription.of(engagement)
    if mirror:
        for stripe_id in (mirror.stripe_id, *mirror.former):
            FollowUp.settle(engagement.id, f"given_up:{stripe_id}")
    for invoice in Invoice.unpaid_of(engagement):
        FollowUp.settle(engagement.id, f"uncollectible:{invoice.stripe_id}")


def end_unpaid(engagement_id: uuid.UUID) -> None:
    """Unless it was paid meanwhile, which makes it active again."""
    engagement = mirroring.locked(engagement_id)
    mirror = Subscription.of(engagement) if engagement else None
    if mirror is None or mirror.over:
        return
    found = subscriptions.read(mirror.stripe_id)
    mirror.take(subscriptions.cancel(found.id) if found.status == "unpaid" else found)


def tell(mirror_id: uuid.UUID, stripe_id: str) -> None:
    """To the coordinators, with the page on which they decide; where that was done before, that the
    months stand still, unless it ends for it anyway."""
    mirror = session.get_one(Subscription, mirror_id)
    owed = Invoice.unpaid_of(mirror.engagement)
    if mirror.stripe_id != stripe_id or not mirror.given_up or not owed:
        return
    decision = ArrearsDecision.latest_of(owed)
    if mirror.engagement.stage in OVER or (decision and decision.decision == "end"):
        return
    url = absolute_url("billing.arrears", invoice_id=owed[0].id)
    for person in Person.coordinators():
        send_email("billing_notice_given_up", person, mirror, stripe_id,
                   engagement=mirror.engagement, invoice=owed[0], decision=decision,
                   url=url)  # fmt: skip


def ask_about(invoice_id: uuid.UUID) -> None:
    """Stripe, or somebody there, counts on an invoice no more while the months go on: a person
    decides. Where the months have stopped, one has been asked already."""
    invoice = session.get_one(Invoice, invoice_id)
    mirror = Subscription.of(invoice.engagement)
    asked = (mirror and mirror.given_up) or settled_on(invoice.engagement)
    if invoice.given_up and invoice.asks_decision and not asked:
        text = UNCOLLECTIBLE.format(number=invoice.number)
        FollowUp.ask(invoice.engagement_id, f"uncollectible:{invoice.stripe_id}", text)


# -- beginning again -------------------------------------------------------------------------------


def plan_taking_up() -> None:
    """What Stripe gave up on and may go on is looked at, hourly at most."""
    rows = select(Subscription.engagement_id).join(Engagement).where(
        Subscription.given_up, Engagement.stage.in_(RUNNING)
    )  # fmt: skip
    hour = f"{clock.now():%Y%m%d%H}"
    outbox.enqueue_all(
        (TAKE_UP, [str(key)], f"{TAKE_UP}:{key}:{hour}", None) for key in session.scalars(rows)
    )


def take_up(engagement_id: uuid.UUID) -> None:
    """The job: the months are charged again, once nothing stands in the way of it."""
    engagement = mirroring.locked(engagement_id)
    mirror = Subscription.of(engagement) if engagement else None
    if engagement is None or mirror is None or not _may_go_on(engagement, mirror):
        return
    before = mirror.stripe_id
    mirroring.hear_invoices(engagement, before)
    if _may_go_on(engagement, mirror) and taking_up.begin_again(engagement, mirror):
        audit.record("subscription.taken_up", engagement, before=before, now=mirror.stripe_id)


def charge_meanwhile(engagement_id: uuid.UUID, before: str, again: datetime) -> None:
    """The job: another subscription has taken the place of what Stripe gave up, and charges from
    `again` on; whoever made it, and whoever heard of it first."""
    engagement = mirroring.locked(engagement_id)
    if engagement is None:
        return
    taking_up.charge_meanwhile(engagement, before, again)
    FollowUp.settle(engagement.id, f"given_up:{before}")


def _may_go_on(engagement: Engagement, mirror: Subscription) -> bool:
    """Not in a pause, which ends by itself; nor while something is open, unless a coordinator lets
    it go on and the company pays by invoice."""
    runs = engagement.stage in {"onboarding", "active", "ending"}
    if not (mirror.given_up and mirror.over and runs):
        return False
    owed = Invoice.unpaid_of(engagement)
    return not owed or (_on_account(engagement) and _let_go_on(owed))


def _on_account(engagement: Engagement) -> bool:
    return engagement.company is not None and engagement.company.net_days is not None


def _let_go_on(owed: list[Invoice]) -> bool:
    """Whether the latest decision on what is open was to go on."""
    ids = [invoice.id for invoice in owed]
    rows = select(ArrearsDecision.decision).where(ArrearsDecision.invoice_id.in_(ids))
    return session.scalar(rows.order_by(ArrearsDecision.at.desc()).limit(1)) == "go_on"
