"""The inbox of Stripe's events: what each was about, what it did, and a way to act on it again."""

from __future__ import annotations

from typing import Any

from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import ColumnElement, Select, func, or_, select, true

from webapp import audit
from webapp.access import FIRM, allow
from webapp.billing.books import tracing
from webapp.billing.models import StripeEvent
from webapp.billing.models.event import STATES
from webapp.db import session
from webapp.firm.forms import SearchForm
from webapp.firm.views.room import KEEPERS, blueprint
from webapp.paging import counted, paged

MOST_AT_ONCE = 200
EVERY = "every"
IGNORED = "ignored"


@blueprint.get("/stripe-events")
@allow(FIRM)
def stripe_events() -> ResponseReturnValue:
    """Those that matter, unless others are asked for: most of what Stripe tells is ignored."""
    state = request.args.get("state", "")
    rows = _found(select(StripeEvent))
    shown = rows.where(_in(state)).order_by(StripeEvent.received_at.desc(), StripeEvent.id)
    return render_template(
        "firm/stripe_events.html",
        page=paged(shown),
        form=_form(),
        hidden=0 if state in (EVERY, *STATES) else _count(rows.where(_in(IGNORED))),
        failed=_failed_count(),
    )


@blueprint.get("/stripe-events/failed/replay")
@allow(*KEEPERS)
def replay_failed_page() -> ResponseReturnValue:
    return render_template("firm/stripe_events_replay.html", failed=_failed_count())


@blueprint.post("/stripe-events/failed/replay")
@allow(*KEEPERS)
def replay_failed() -> ResponseReturnValue:
    """The oldest first, a bounded number at once."""
    failed = select(StripeEvent).where(StripeEvent.state == "failed").with_for_update()
    rows = session.scalars(failed.order_by(StripeEvent.received_at).limit(MOST_AT_ONCE)).all()
    for event in rows:
        event.replay()
    flash(f"{len(rows)} {'event is' if len(rows) == 1 else 'events are'} in line again.", "good")
    return redirect(url_for("firm.stripe_events"), 303)


@blueprint.get("/stripe-events/<event_id>")
@allow(FIRM)
def stripe_event(event_id: str) -> ResponseReturnValue:
    found = session.get(StripeEvent, event_id) or abort(404)
    audit.record("stripe_event.looked_at", found, type=found.type)
    return render_template(
        "firm/stripe_event.html",
        event=found,
        jobs=tracing.jobs_of(found),
        objects=tracing.objects_of([found.about, *(change[1] for change in found.did)]),
        dashboard=tracing.dashboard_url(f"events/{found.id}", found.livemode),
    )


@blueprint.post("/stripe-events/<event_id>/replay")
@allow(*KEEPERS)
def replay_stripe_event(event_id: str) -> ResponseReturnValue:
    found = session.get(StripeEvent, event_id, with_for_update=True) or abort(404)
    if not found.replayable:
        abort(409)
    found.replay()
    flash("The event is in line again.", "good")
    return redirect(url_for("firm.stripe_event", event_id=event_id), 303)


def _failed_count() -> int:
    failed = select(func.count()).where(StripeEvent.state == "failed")
    return session.scalar(failed) or 0


def _count(rows: Select[Any]) -> int:
    return session.scalar(select(func.count()).select_from(rows.subquery())) or 0


def _form() -> SearchForm:
    counts = counted(StripeEvent.state)
    form = SearchForm.over(STATES, counts)
    every = sum(counts.values())
    unasked = ("", f"all but ignored ({every - counts.get(IGNORED, 0)})")
    form.state.choices = [unasked, (EVERY, f"all ({every})"), *form.state.choices[1:]]
    return form


def _in(state: str) -> ColumnElement[bool]:
    if state == EVERY:
        return true()
    return StripeEvent.state == state if state in STATES else StripeEvent.state != IGNORED


def _found(rows: Select[Any]) -> Select[Any]:
    wanted = request.args.get("q", "").strip()
    if wanted:
        fields = (StripeEvent.type, StripeEvent.id, StripeEvent.about, StripeEvent.error)
        rows = rows.where(or_(*(field.icontains(wanted, autoescape=True) for field in fields)))
    return rows
