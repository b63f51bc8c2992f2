"""Another kick-off time, while nothing is paid."""

from __future__ import annotations

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from webapp.access import Open, allow
from webapp.booking import queries
from webapp.booking.models import Hold, NoCapacity, SlotTaken
from webapp.booking.picker import picking
from webapp.engagements.models import Engagement
from webapp.engagements.stages import IllegalStage
from webapp.engagements.views import start
from webapp.engagements.views.blueprint import blueprint
from webapp.web import chosen_zone, format_when


@blueprint.get("/start/<token>/slot")
@allow(Open.LINK)
def choose_slot(token: str) -> ResponseReturnValue:
    """Before anything was typed, too: looking stores nothing."""
    hold = start.hold_of(token)
    engagement = Engagement.begun_with(hold)
    if engagement and engagement.stage not in {"enquiry", "signed"}:
        return start.past_booking(engagement, token) or redirect("/", 303)
    return _page(hold, engagement.time_zone if engagement else hold.time_zone, token)


@blueprint.post("/start/<token>/slot")
@allow(Open.LINK)
def change_slot(token: str) -> ResponseReturnValue:
    engagement = Engagement.of_hold(start.hold_of(token))
    if engagement.stage not in {"enquiry", "signed"}:
        return start.past_booking(engagement, token) or redirect("/", 303)
    try:
        start.keep_time(engagement)
    except IllegalStage as refused:
        flash(str(refused), "warn")
        return redirect(url_for("billing.done", token=token), 303)
    except SlotTaken as lost:
        return _page(engagement.hold, engagement.time_zone, token, lost), 409
    at = format_when(engagement.hold.starts_at, engagement.time_zone)
    flash(f"Your kick-off is now held for {at}.", "good")
    return redirect(_onwards(engagement, token), 303)


def _onwards(engagement: Engagement, token: str) -> str:
    """Back to where the change was asked for: paying, accepting, or typing."""
    if engagement.stage == "signed":
        return url_for("billing.pay", token=token)
    step = "engagements.agreement" if engagement.details.complete else "engagements.details"
    return url_for(step, token=token)


def _page(hold: Hold, home: str, token: str, lost: SlotTaken | None = None) -> str:
    """Every time of those it is booked with; nearest: those around one that was taken."""
    zone = chosen_zone() or home
    open_times = queries.kickoffs(hold.offering, hold.team, hold)
    nearest = picking.days_of(lost.alternatives, zone) if lost else None
    return render_template(
        "engagements/slot.html",
        month=picking.asked(open_times, zone, hold.starts_at, likely=[home]),
        nearest=nearest,
        full=isinstance(lost, NoCapacity),
        **start.page_context(hold, token, "Time", zone),
    )
