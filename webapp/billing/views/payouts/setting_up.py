"""Setting up the account that a consultant's shares are sent to, on Stripe's pages."""

from __future__ import annotations

import uuid

import structlog
from flask import abort, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from webapp import audit
from webapp.access import Role, allow
from webapp.billing import stripe_gateway as gateway
from webapp.billing.patience import patience
from webapp.billing.paying_out import accounts
from webapp.billing.views.payouts.found import own_consultant
from webapp.billing.views.room import blueprint
from webapp.outbox import RetryLater
from webapp.web import absolute_url

log = structlog.get_logger()


@blueprint.post("/earnings/<uuid:consultant_id>/account")
@allow(Role.CONSULTANT)
def set_up_account(consultant_id: uuid.UUID) -> ResponseReturnValue:
    """To Stripe, which asks for what it has to know; begun or not. Their own account alone."""
    consultant = own_consultant()
    if consultant.id != consultant_id:
        abort(404)
    audit.record("connected_account.setting_up", consultant)
    back, again = absolute_url("billing.account_back"), absolute_url("billing.account_again")
    try:
        with patience():
            url = accounts.onboarding_url(consultant, back, again)
    except (RetryLater, gateway.Bug) as reason:
        log.warning("connected_account.unavailable", reason=str(reason))
        return render_template("billing/payouts/unavailable.html"), 503
    return redirect(url, 303)


@blueprint.get("/earnings/account/back")
@allow(Role.CONSULTANT)
def account_back() -> ResponseReturnValue:
    """Back from Stripe, done or not: read anew by the same code as the webhook."""
    consultant = own_consultant()
    try:
        with patience(8):
            account = accounts.sync(consultant.id)
    except RetryLater as reason:
        log.warning("connected_account.not_synced", reason=str(reason))
        flash("Stripe cannot be reached just now; how far it is, is told here soon.", "info")
        return redirect(url_for("billing.earnings"), 303)
    if account and account.enabled:
        flash("Your account is ready: shares that waited are on their way.", "good")
    return redirect(url_for("billing.earnings"), 303)


@blueprint.get("/earnings/account/again")
@allow(Role.CONSULTANT)
def account_again() -> ResponseReturnValue:
    """Stripe's links are good once, for a few minutes; the page has the button for another."""
    flash("That link to Stripe was used or is too old. Go on from here.", "info")
    return redirect(url_for("billing.earnings"), 303)
