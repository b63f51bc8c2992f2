"""The order summary, a code for a reduction, and the ways on: Checkout, or an invoice."""

from __future__ import annotations

from datetime import timedelta

import structlog
from flask import abort, redirect, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import func, select

from webapp import audit, clock
from webapp.access import Open, allow
from webapp.audit import AuditEvent
from webapp.billing import mirroring
from webapp.billing.buying.account import buy_on_account
from webapp.billing.buying.opening import open_checkout
from webapp.billing.forms.buying import CodeForm
from webapp.billing.models import Coupon, Invoice
from webapp.billing.models.coupon import CouponRefused, drop_coupon
from webapp.billing.views.link import behind, elsewhere, summary
from webapp.billing.views.room import blueprint
from webapp.booking.models import SlotTaken
from webapp.db import session
from webapp.engagements.models import Engagement
from webapp.engagements.views import start
from webapp.outbox import RetryLater

MOST_WRONG_CODES = 10
COUNTED_WITHIN = timedelta(minutes=15)
log = structlog.get_logger()


@blueprint.get("/start/<token>/pay")
@allow(Open.LINK)
def pay(token: str) -> ResponseReturnValue:
    """The order summary with its one button."""
    engagement = behind(token)
    return elsewhere(engagement, token) or pay_page(engagement, token)


def pay_page(engagement: Engagement, token: str, form: CodeForm | None = None) -> str:
    return summary("pay", engagement, token, form=form or CodeForm(formdata=None))


@blueprint.post("/start/<token>/pay")
@allow(Open.LINK)
def go_to_checkout(token: str) -> ResponseReturnValue:
    engagement = behind(token)
    refused = elsewhere(engagement, token) or _other_currency(engagement, token)
    if refused:
        return refused
    try:
        url = open_checkout(engagement.id, token)
    except RetryLater as reason:
        return _unavailable(engagement, token, reason)
    except SlotTaken as lost:
        return _slot_gone(engagement, token, lost)
    return redirect(url or url_for("billing.done", token=token), 303)


@blueprint.post("/start/<token>/pay/invoice")
@allow(Open.LINK)
def ask_for_invoice(token: str) -> ResponseReturnValue:
    """For a company with net days: no card, the invoice is sent, and it begins at once."""
    engagement = behind(token)
    if engagement.company is None or engagement.company.net_days is None:
        abort(404)
    refused = elsewhere(engagement, token) or _other_currency(engagement, token)
    if refused:
        return refused
    try:
        buy_on_account(engagement.id)
    except RetryLater as reason:
        return _unavailable(engagement, token, reason)
    except SlotTaken as lost:
        return _slot_gone(engagement, token, lost)
    return redirect(url_for("billing.done", token=token), 303)


def _other_currency(engagement: Engagement, token: str) -> ResponseReturnValue | None:
    held, wanted = Invoice.currency_of(engagement.company_id), engagement.terms.currency
    if held and held != wanted:
        return summary("other_currency", engagement, token, held=held), 409
    return None


def _unavailable(engagement: Engagement, token: str, reason: RetryLater) -> ResponseReturnValue:
    log.warning("checkout.unavailable", reason=str(reason))
    return summary("unavailable", engagement, token), 503, {"Retry-After": "30"}


def _slot_gone(engagement: Engagement, token: str, lost: SlotTaken) -> ResponseReturnValue:
    more = start.alternatives(lost, engagement.time_zone)
    return summary("slot_gone", engagement, token, **more), 409


@blueprint.post("/start/<token>/code")
@allow(Open.LINK)
def use_code(token: str) -> ResponseReturnValue:
    """Take a code's reduction, or with an empty field none; the sums change on the pay page."""
    engagement = behind(token)
    moved = elsewhere(engagement, token)
    if moved:
        return moved
    form, back = CodeForm(), redirect(url_for("billing.pay", token=token), 303)
    try:
        if form.validate() and _apply(mirroring.locked(engagement.id) or engagement, form):
            return back
    except RetryLater as reason:
        return _unavailable(engagement, token, reason)
    except CouponRefused as refused:
        form.code.errors = [*form.code.errors, str(refused)]
        audit.record_refusal("coupon.refused", engagement, code=(form.code.data or "")[:40])
    return pay_page(engagement, token, form), 422


def _apply(engagement: Engagement, form: CodeForm) -> bool:
    if not form.code.data:
        drop_coupon(engagement)
        return True
    if _wrong_codes(engagement) >= MOST_WRONG_CODES:
        raise CouponRefused("That was tried too often. Wait a quarter of an hour.")
    coupon = Coupon.with_code(form.code.data)
    if coupon is None:
        raise CouponRefused("We do not know this code. Look for a letter typed wrongly.")
    coupon.apply(engagement)
    return True


def _wrong_codes(engagement: Engagement) -> int:
    """How many were typed lately: codes are not to be found by trying."""
    lately = select(func.count(AuditEvent.id)).where(
        AuditEvent.action == "coupon.refused",
        AuditEvent.subject == f"engagement:{engagement.id}",
        AuditEvent.at > clock.now() - COUNTED_WITHIN,
    )
    return session.scalar(lately) or 0


@blueprint.get("/start/<token>/left")
@allow(Open.LINK)
def left(token: str) -> ResponseReturnValue:
    """Where Checkout's way back leads: nothing is lost, and nothing was charged."""
    engagement = behind(token)
    return elsewhere(engagement, token) or summary("left", engagement, token)
