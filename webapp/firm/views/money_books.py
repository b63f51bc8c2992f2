"""Whether our books and Stripe's agree: the last comparison, what differed, and a new one."""

from __future__ import annotations

import uuid

from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user
from sqlalchemy import func, select
from sqlalchemy.orm import joinedload

from webapp import audit
from webapp.access import FIRM, allow
from webapp.billing.books import comparison_run
from webapp.billing.books.comparing import COMPARED
from webapp.billing.models import Drift, Reconciliation
from webapp.db import session
from webapp.engagements.models import Engagement
from webapp.firm.views.room import KEEPERS, blueprint
from webapp.paging import paged


@blueprint.get("/money/reconciliation")
@allow(FIRM)
def reconciliation() -> ResponseReturnValue:
    shown = request.args.get("state", "open")
    rows = select(Drift).options(joinedload(Drift.engagement).joinedload(Engagement.company))
    if shown == "open":
        rows = rows.where(Drift.mended_at.is_(None))
    page = paged(rows.order_by(Drift.found_at.desc(), Drift.id))
    return render_template(
        "firm/reconciliation.html",
        page=page,
        shown=shown,
        run=Reconciliation.latest(),
        labels=[one.label for one in COMPARED],
        nouns={one.noun: one.label.lower() for one in COMPARED},
        counts=_counts(),
    )


@blueprint.post("/money/reconciliation/run")
@allow(*KEEPERS)
def run_reconciliation() -> ResponseReturnValue:
    from_here = comparison_run.begin(current_user)
    flash(f"Our books are being compared with Stripe's, {from_here.noun.lower()} first.", "good")
    return redirect(url_for("firm.reconciliation"), 303)


@blueprint.post("/money/reconciliation/<uuid:drift_id>/settle")
@allow(*KEEPERS)
def settle_drift(drift_id: uuid.UUID) -> ResponseReturnValue:
    """A person has seen to it, or it is meant to differ: it is found again if it does tomorrow."""
    found = session.get(Drift, drift_id, with_for_update=True) or abort(404)
    if found.mended_at is None:
        found.mend("by_hand")
        audit.record("drift.settled", found, noun=found.noun, object=found.stripe_id)
    return redirect(url_for("firm.reconciliation"), 303)


def _counts() -> tuple[int, int]:
    """(open, mended)."""
    left = func.count().filter(Drift.mended_at.is_(None))
    mended = func.count().filter(Drift.mended_at.is_not(None))
    open_now, mended_so_far = session.execute(select(left, mended)).one()
    return open_now, mended_so_far
