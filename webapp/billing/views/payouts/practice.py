"""The firm's view of payouts: every consultant, what waits and why."""

from __future__ import annotations

import uuid

from flask import abort, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user
from sqlalchemy import Select, select
from sqlalchemy.orm import joinedload, selectinload

from webapp import audit
from webapp.access import FIRM, Role, allow
from webapp.accounts.models import Person
from webapp.billing.models import ConnectedAccount, Invoice, Transfer
from webapp.billing.models.transfer import UNSENT
from webapp.billing.paying_out import wording
from webapp.billing.paying_out.ledger import standings
from webapp.billing.paying_out.planning import locked
from webapp.billing.views.payouts.found import consultant_of, earnings_of
from webapp.billing.views.room import blueprint
from webapp.catalog.models import Consultant
from webapp.db import session
from webapp.engagements.models import Assignment, Engagement
from webapp.paging import paged


@blueprint.get("/practice/payouts")
@allow(FIRM)
def payouts() -> ResponseReturnValue:
    page = paged(select(Consultant).join(Consultant.person).order_by(Person.name), 100)
    ids = [row.id for row in page.rows]
    accounts = select(ConnectedAccount).where(ConnectedAccount.consultant_id.in_(ids))
    return render_template(
        "billing/payouts/practice.html",
        page=page,
        accounts={row.consultant_id: row for row in session.scalars(accounts)},
        account_state=wording.account_state,
        standings=standings(),
        waiting=session.scalars(_waiting().limit(50)).all(),
        state_of=wording.state_of,
        zone=current_user.time_zone,
    )


def _waiting() -> Select[Transfer]:
    """Oldest first."""
    client = joinedload(Transfer.invoice).joinedload(Invoice.engagement)
    rows = select(Transfer).where(Transfer.state.in_(UNSENT)).order_by(Transfer.id)
    return rows.options(
        client.joinedload(Engagement.company),
        joinedload(Transfer.consultant),
        selectinload(Transfer.reversals),
    )


@blueprint.get("/practice/payouts/<uuid:consultant_id>")
@allow(FIRM)
def consultant_payouts(consultant_id: uuid.UUID) -> ResponseReturnValue:
    """One consultant: earnings, statements, and their share of each engagement."""
    found = consultant_of(consultant_id)
    audit.record("earnings.looked_at", found)
    theirs = select(Assignment).where(Assignment.consultant_id == found.id)
    parties = joinedload(Assignment.engagement)
    rows = theirs.options(
        parties.joinedload(Engagement.company),
        parties.joinedload(Engagement.offering),
        parties.selectinload(Engagement.terms_history),
    )
    return render_template(
        "billing/payouts/consultant.html",
        assignments=session.scalars(rows.order_by(Assignment.id.desc()).limit(100)).all(),
        **earnings_of(found),
    )


@blueprint.get("/practice/transfers/<uuid:transfer_id>/paid-outside")
@allow(Role.FINANCE, Role.OWNER)
def pay_outside(transfer_id: uuid.UUID) -> ResponseReturnValue:
    """Asks first: a share of an invoice that was paid outside Stripe has been paid by the firm."""
    transfer = session.get(Transfer, transfer_id) or abort(404)
    page = render_template("billing/payouts/paid_outside.html", transfer=transfer)
    return page, 200 if _outside(transfer) else 409


@blueprint.post("/practice/transfers/<uuid:transfer_id>/paid-outside")
@allow(Role.FINANCE, Role.OWNER)
def paid_outside(transfer_id: uuid.UUID) -> ResponseReturnValue:
    transfer = session.get(Transfer, transfer_id) or abort(404)
    locked(transfer.invoice_id)
    session.refresh(transfer, with_for_update=True)
    if not _outside(transfer):
        return render_template("billing/payouts/paid_outside.html", transfer=transfer), 409
    transfer.paid_outside()
    flash(f"{transfer.amount.format()} is recorded as paid by the firm.", "good")
    return redirect(
        url_for("billing.consultant_payouts", consultant_id=transfer.consultant_id), 303
    )


def _outside(transfer: Transfer) -> bool:
    return transfer.unsent and transfer.reason in {"outside", "currency"}
