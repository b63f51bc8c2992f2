"""Paying: the order summary, the way to Checkout and back, Stripe's webhook, the portal."""

from __future__ import annotations

import uuid

import structlog
from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user
from sqlalchemy import select

from webapp import audit, db
from webapp.access import Open, Role, allow, unsign
from webapp.billing import mirroring, stripe_events
from webapp.billing import stripe_gateway as gateway
from webapp.billing.models import Checkout, Customer, Invoice
from webapp.billing.next_steps import next_steps
from webapp.billing.opening import open_checkout
from webapp.billing.order import Order
from webapp.billing.patience import patience
from webapp.billing.webhooks import BadEvent, verify_event
from webapp.booking.models import SlotTaken
from webapp.db import session
from webapp.engagements.models import Engagement
from webapp.engagements.views import start
from webapp.outbox import RetryLater
from webapp.web import absolute_url, csrf

blueprint = Blueprint("billing", __name__, template_folder="templates")
log = structlog.get_logger()

UNSIGNED = frozenset({"enquiry", "intro_call", "proposal", "parked"})
LOOK_SECONDS = 8.0
SLOWEST_LOOK = 20


# -- to Checkout -----------------------------------------------------------------------------------


@blueprint.get("/start/<token>/pay")
@allow(Open.LINK)
def pay(token: str) -> ResponseReturnValue:
    """The order summary with its one button."""
    engagement = behind(token)
    return elsewhere(engagement, token) or summary("pay", engagement, token)


@blueprint.post("/start/<token>/pay")
@allow(Open.LINK)
def go_to_checkout(token: str) -> ResponseReturnValue:
    engagement = behind(token)
    moved = elsewhere(engagement, token)
    if moved:
        return moved
    held, wanted = Invoice.currency_of(engagement.company_id), engagement.terms.currency
    if held and held != wanted:
        return summary("other_currency", engagement, token, held=held), 409
    try:
        url = open_checkout(engagement.id, token)
    except RetryLater as reason:
        log.warning("checkout.unavailable", reason=str(reason))
        return summary("unavailable", engagement, token), 503, {"Retry-After": "30"}
    except SlotTaken as lost:
        more = start.alternatives(lost, engagement.time_zone)
        return summary("slot_gone", engagement, token, **more), 409
    return redirect(url or url_for("billing.done", token=token), 303)


@blueprint.get("/start/<token>/left")
@allow(Open.LINK)
def left(token: str) -> ResponseReturnValue:
    """Where Checkout's way back leads: nothing is lost, and nothing was charged."""
    engagement = behind(token)
    return elsewhere(engagement, token) or summary("left", engagement, token)


def behind(token: str) -> Engagement:
    """The engagement that a signed link is about; 404 for any other link."""
    hold_id = uuid.UUID(unsign("start", token))
    engagement = session.scalar(select(Engagement).where(Engagement.hold_id == hold_id))
    return engagement or abort(404)


def elsewhere(engagement: Engagement, token: str) -> ResponseReturnValue | None:
    """Where to go when this engagement is not waiting to be paid; None when it is."""
    if engagement.stage == "signed":
        return None
    if engagement.stage in UNSIGNED:
        return redirect(url_for("engagements.agreement", token=token), 303)
    return redirect(url_for("billing.done", token=token), 303)


def summary(page: str, engagement: Engagement, token: str, **values: object) -> str:
    """A page of paying, beside what is bought; `values` are the page's own."""
    context = start.page_context(engagement.hold, token, "Payment", engagement.time_zone, True)
    order = Order.of(engagement)
    return render_template(
        f"billing/{page}.html", engagement=engagement, order=order, **context | values
    )


# -- back from Checkout ----------------------------------------------------------------------------


@blueprint.get("/start/<token>/done")
@allow(Open.LINK)
def done(token: str) -> ResponseReturnValue:
    """Thank you: right whether the webhook or the browser comes first, since both sync alike."""
    engagement = behind(token)
    paying = engagement.stage == "signed" and look(engagement)
    if engagement.stage in UNSIGNED or (engagement.stage == "signed" and not paying):
        return redirect(url_for("billing.pay", token=token), 303)
    return PAGES[outcome(engagement)](engagement, token)


def thanks(engagement: Engagement, token: str) -> ResponseReturnValue:
    following = next_steps(engagement, Order.of(engagement))
    paid = Invoice.paid_of(engagement)
    return summary("thanks", engagement, token, invoices=paid, following=following)


def pending(engagement: Engagement, token: str) -> ResponseReturnValue:
    """The page asks again by itself, ever more slowly."""
    looks = request.args.get("looks", 0, type=int) + 1
    pause = max(2, min(2 * looks, SLOWEST_LOOK))
    return summary("pending", engagement, token, looks=looks, pause=pause)


def refunded(engagement: Engagement, token: str) -> ResponseReturnValue:
    return summary("refunded", engagement, token, invoices=Invoice.paid_of(engagement))


def lapsed(engagement: Engagement, token: str) -> ResponseReturnValue:
    return start.past_booking(engagement, token) or abort(404)


PAGES = {"thanks": thanks, "pending": pending, "refunded": refunded, "lapsed": lapsed}


def look(engagement: Engagement) -> bool:
    """Sync the latest attempt; whether it was, or may have been, paid.

    In a savepoint: when Stripe cannot be asked now, nothing is kept by halves.
    """
    checkout = Checkout.latest(engagement)
    if checkout is None or checkout.stripe_id is None:
        return False
    try:
        with patience(LOOK_SECONDS), session.begin_nested():
            mirroring.locked(engagement.id)
            found = mirroring.sync_checkout(engagement, checkout.stripe_id)
    except RetryLater as reason:
        log.warning("checkout.not_synced", reason=str(reason))
        return True
    return found.status == "complete"


def outcome(engagement: Engagement) -> str:
    """Which page tells how it went."""
    if engagement.stage == "signed":
        return "pending"
    if engagement.stage == "lost":
        return "refunded" if Invoice.paid_of(engagement) else "lapsed"
    return "thanks"


# -- Stripe and the portal -------------------------------------------------------------------------


@blueprint.post("/stripe/webhook")
@allow(Open.MACHINE)
@csrf.exempt  # type: ignore[untyped-decorator]
def webhook() -> ResponseReturnValue:
    """Verify, keep, answer: what an event means is worked out by a job."""
    try:
        event = verify_event(request.get_data(), request.headers.get("Stripe-Signature"))
    except BadEvent as reason:
        log.warning("stripe.webhook_refused", reason=str(reason), address=request.remote_addr)
        return "", 400
    stripe_events.receive(event)
    return "", 200


@blueprint.post("/billing/portal")
@allow(Role.SPONSOR, Role.BILLING)
def portal() -> ResponseReturnValue:
    """To Stripe's portal, where the card and the billing details are changed."""
    company_id = own_company(request.form.get("engagement", ""))
    customer = Customer.of(company_id) or abort(404)
    stripe_id, back = customer.stripe_id, absolute_url("desk.client_home")
    audit.record("portal.opened", customer)
    try:
        with patience():
            url = db.attempt(lambda: gateway.open_portal(stripe_id, back), lambda found: found)
    except (RetryLater, gateway.Missing) as reason:
        log.warning("portal.unavailable", reason=str(reason))
        return render_template("billing/portal_unavailable.html"), 503
    return redirect(url, 303)


def own_company(engagement_id: str) -> uuid.UUID | None:
    """The company of an engagement that the viewer pays or decides for; 404 for any other."""
    try:
        wanted = Engagement.id == uuid.UUID(engagement_id)
    except ValueError:
        abort(404)
    engagement = session.scalar(Engagement.visible_to(current_user).where(wanted)) or abort(404)
    held = {(row.company_id, row.role) for row in current_user.memberships}
    if not held & {(engagement.company_id, role) for role in (Role.SPONSOR, Role.BILLING)}:
        abort(404)
    return engagement.company_id
