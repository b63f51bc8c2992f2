"""A line that a person adds to what a client owes: typed, previewed, confirmed; undone while it
waits."""

from __future__ import annotations

import uuid

import structlog
from flask import abort, flash, render_template, request
from flask.typing import ResponseReturnValue

from webapp.access import Role, allow
from webapp.billing.forms.owing import OneOffForm
from webapp.billing.models import InvoiceItem, Subscription
from webapp.billing.models.invoice_item import ItemDiffers
from webapp.billing.owing import bills, placing
from webapp.billing.views.owing.found import engagement_of, its_page, viewer
from webapp.billing.views.room import blueprint
from webapp.db import session
from webapp.engagements.models import Engagement
from webapp.outbox import RetryLater

log = structlog.get_logger()
BILLABLE = frozenset({"onboarding", "active", "paused", "ending", "ended"})


@blueprint.get("/practice/engagements/<uuid:engagement_id>/items/new")
@allow(Role.FINANCE, Role.OWNER)
def new_item(engagement_id: uuid.UUID) -> ResponseReturnValue:
    engagement = engagement_of(engagement_id)
    if engagement.stage not in BILLABLE:
        abort(404)
    return _page(engagement, OneOffForm(engagement.terms.currency, formdata=None))


@blueprint.post("/practice/engagements/<uuid:engagement_id>/items/new")
@allow(Role.FINANCE, Role.OWNER)
def add_item(engagement_id: uuid.UUID) -> ResponseReturnValue:
    """The first time it shows what will be billed; with `confirmed`, it is. Its id is in the form,
    so that pressing twice adds one."""
    engagement = engagement_of(engagement_id)
    form = OneOffForm(engagement.terms.currency)
    if engagement.stage not in BILLABLE:
        abort(404)
    if not form.validate():
        return _page(engagement, form), 422
    if not form.confirmed.data:
        return _page(engagement, form, preview=True)
    return _add(engagement, form)


def _add(engagement: Engagement, form: OneOffForm) -> ResponseReturnValue:
    amount = form.money
    assert amount is not None
    try:
        key, label = f"one_off:{_once()}", form.label.data or ""
        item = InvoiceItem.add(engagement, "one_off", key, label, amount)
    except ItemDiffers:
        abort(409)
    if form.when.data == "next" or item.bill_id or item.state != "intended":
        flash(f"“{item.label}” goes on the next invoice.", "good")
        return its_page(engagement)
    return _bill_at_once(engagement, item)


def _once() -> uuid.UUID:
    """What the form was given when it was first shown; 400 for what nobody was given."""
    try:
        return uuid.UUID(request.form.get("once", ""))
    except ValueError:
        abort(400)


def _bill_at_once(engagement: Engagement, item: InvoiceItem) -> ResponseReturnValue:
    bill = bills.bill_now(engagement, f"one-off: {item.label}", [item])
    assert bill is not None
    engagement_id = engagement.id
    try:
        bills.make_soon(bill)
        flash(f"The invoice for “{item.label}” is made.", "good")
    except RetryLater as reason:
        log.warning("bill.later", reason=str(reason))
        flash("Stripe does not answer just now; the invoice is made as soon as it does.", "info")
    return its_page(session.get_one(Engagement, engagement_id))


@blueprint.post("/practice/items/<uuid:item_id>/take-back")
@allow(Role.FINANCE, Role.OWNER)
def take_back_item(item_id: uuid.UUID) -> ResponseReturnValue:
    """Only what a person added, and only while it waits."""
    item = session.get(InvoiceItem, item_id) or abort(404)
    item.engagement.lock()
    session.refresh(item)
    if item.kind != "one_off" or not item.undoable:
        abort(409)
    placing.take_back(item)
    flash(f"“{item.label}” is taken back.", "good")
    return its_page(item.engagement)


def _page(engagement: Engagement, form: OneOffForm, preview: bool = False) -> str:
    mirror = Subscription.of(engagement)
    return render_template(
        "billing/owing/one_off.html",
        engagement=engagement,
        form=form,
        preview=preview,
        once=request.form.get("once") or uuid.uuid4(),
        next_on=mirror.renews_at if mirror and mirror.renews else None,
        viewer_name=viewer().name,
    )
