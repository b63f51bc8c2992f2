"""Another plan: chosen, shown to the cent, then confirmed by the firm or asked for by a sponsor."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import date

import structlog
from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from webapp.access import Role, allow
from webapp.billing.changing import quoting
from webapp.billing.changing.quoting import QuoteStale
from webapp.billing.forms.changing import AskForm, ConfirmPlanForm, PlanForm, UndoForm
from webapp.billing.models import Bill, Invoice, Quote
from webapp.billing.owing import deposit
from webapp.billing.owing.bills import make_soon
from webapp.billing.views.changing.offered import offered
from webapp.billing.views.room import blueprint
from webapp.booking.models.seat import can_fill
from webapp.catalog.models import Offering
from webapp.db import session
from webapp.engagements import requests
from webapp.engagements.models import ChangeRefused, ChangeRequest, Engagement
from webapp.engagements.models.changing import same_plan
from webapp.engagements.stages import Actor
from webapp.engagements.views.whose import its_page, must_be, theirs, who
from webapp.outbox import RetryLater
from webapp.web import format_day, format_money

log = structlog.get_logger()
MAY_ASK = (Actor.SPONSOR, Actor.COORDINATOR, Actor.OWNER)
SLOW = "The figures cannot be worked out just now. Please try again in a minute."


def decides(engagement: Engagement) -> bool:
    """Whether the viewer changes the plan themselves; a sponsor asks for it."""
    return bool(engagement.is_to(who()) & {Actor.COORDINATOR, Actor.OWNER})


def plans_for(engagement: Engagement) -> Sequence[Offering]:
    """What is sold in its currency and its team can fill, apart from what it has."""
    sold = select(Offering).where(Offering.sold, Offering.kind == "retainer",
                                  Offering.currency == engagement.terms.currency)  # fmt: skip
    found = session.scalars(sold.order_by(Offering.price_minor, Offering.name))
    return [
        plan
        for plan in found
        if can_fill(plan, engagement.consultants) and not same_plan(engagement.terms, plan)
    ]


# -- choosing --------------------------------------------------------------------------------------


@blueprint.route("/engagements/<uuid:engagement_id>/plan", methods=["GET", "POST"])
@allow(Role.SPONSOR, Role.COORDINATOR, Role.OWNER)
def change_plan(engagement_id: uuid.UUID) -> ResponseReturnValue:
    """GET shows the plans; POST works out what the one chosen costs, and changes nothing."""
    engagement = theirs(engagement_id)
    must_be(engagement, *MAY_ASK)
    form = PlanForm(offering=request.args.get("offering"), start=request.args.get("start", "next"))
    form.offer(engagement, plans_for(engagement))
    if request.method == "GET":
        return _choose_page(engagement, form)
    if not form.validate():
        return _choose_page(engagement, form), 422
    wanted = session.get_one(Offering, uuid.UUID(form.offering.data))
    return _quoted(engagement, form, wanted)


def _quoted(engagement: Engagement, form: PlanForm, wanted: Offering) -> ResponseReturnValue:
    try:
        quote = quoting.ask(engagement, wanted, form.starts_on(engagement), who())
    except ChangeRefused as refused:
        return _choose_page(engagement, form, refused), 409
    except RetryLater as reason:
        log.warning("quote.unavailable", reason=str(reason))
        return _choose_page(engagement, form, ChangeRefused(SLOW)), 503
    return redirect(_address(quote), 303)


def _address(quote: Quote) -> str:
    return url_for("billing.quote", engagement_id=quote.engagement_id, quote_id=quote.id)


def _choose_page(
    engagement: Engagement, form: PlanForm, refused: ChangeRefused | None = None
) -> str:
    """What would be refused is not offered."""
    possible = offered(engagement, plans_for(engagement))
    form.offer(engagement, possible.plans, at_once=possible.at_once)
    return render_template(
        "billing/changing/plan.html",
        engagement=engagement,
        form=form,
        offered=possible,
        refused=refused or possible.blocked,
        decides=decides(engagement),
    )


# -- what it costs ---------------------------------------------------------------------------------


@blueprint.get("/engagements/<uuid:engagement_id>/plan/<uuid:quote_id>")
@allow(Role.SPONSOR, Role.COORDINATOR, Role.OWNER)
def quote(engagement_id: uuid.UUID, quote_id: uuid.UUID) -> ResponseReturnValue:
    """What would be charged, and when: frozen; worked out anew once it no longer holds."""
    engagement = theirs(engagement_id)
    must_be(engagement, *MAY_ASK)
    shown = Quote.of(engagement, quote_id) or abort(404)
    if shown.change_id:
        return its_page(engagement)
    if shown.stale:
        return _again(engagement, shown)
    return _quote_page(shown)


@blueprint.post("/engagements/<uuid:engagement_id>/plan/<uuid:quote_id>")
@allow(Role.SPONSOR, Role.COORDINATOR, Role.OWNER)
def confirm_quote(engagement_id: uuid.UUID, quote_id: uuid.UUID) -> ResponseReturnValue:
    engagement = theirs(engagement_id)
    must_be(engagement, *MAY_ASK)
    shown = Quote.of(engagement, quote_id) or abort(404)
    if shown.change_id:
        return its_page(engagement)
    form = _form(engagement)
    if not form.validate():
        return _quote_page(shown, form), 422
    if not decides(engagement):
        return _asked(engagement, shown, form.reason.data or "")
    return _confirmed(engagement, shown, form)


def _form(engagement: Engagement) -> ConfirmPlanForm | AskForm:
    return ConfirmPlanForm() if decides(engagement) else AskForm()


def _confirmed(
    engagement: Engagement, shown: Quote, form: ConfirmPlanForm | AskForm
) -> ResponseReturnValue:
    try:
        bill = quoting.confirm(shown, who(), form.reason.data or "")
    except QuoteStale:
        return _again(engagement, shown)
    except ChangeRefused as refused:
        session.rollback()
        return _quote_page(shown, form, str(refused)), 409
    requests.answer(engagement.open_request("plan"), "accepted", who())
    flash(_done(shown), "good")
    answer = its_page(engagement)
    if bill:
        _invoice(bill)
    return answer


def _invoice(bill: Bill) -> None:
    """While the person waits; when Stripe is slow, a job does it."""
    try:
        make_soon(bill)
    except RetryLater as reason:
        log.warning("bill.later", reason=str(reason))


def _done(quote: Quote) -> str:
    told = f"The plan changes to {quote.offering.name} on {format_day(quote.starts)}."
    if quote.amount_minor > 0:
        return f"{told} {format_money(quote.total)} is invoiced now."
    if quote.amount_minor < 0:
        return f"{told} {format_money(-quote.total)} is taken off the next invoice."
    return told


def _again(engagement: Engagement, old: Quote) -> ResponseReturnValue:
    """The figures no longer hold: show today's, and ask again."""
    try:
        fresh = quoting.ask(engagement, old.offering, _same_start(engagement, old), who())
    except (ChangeRefused, RetryLater) as refused:
        session.rollback()
        text = str(refused) if isinstance(refused, ChangeRefused) else SLOW
        return _quote_page(old, refused=text), 409
    return _quote_page(fresh, anew=True), 409


def _same_start(engagement: Engagement, old: Quote) -> date:
    return engagement.today if old.at_once else engagement.month_after(engagement.today)


def _quote_page(
    shown: Quote,
    form: ConfirmPlanForm | AskForm | None = None,
    refused: str = "",
    anew: bool = False,
) -> str:
    engagement = shown.engagement
    return render_template(
        "billing/changing/quote.html",
        quote=shown,
        engagement=engagement,
        form=form or _form(engagement),
        refused=refused or engagement.why_no_other_plan(shown.offering, shown.starts),
        anew=anew,
        decides=decides(engagement),
        address=_address(shown),
        held=deposit.left_of(engagement),
        unpaid=[one for one in Invoice.open_of(engagement) if one.late],
    )


# -- asking for it, and undoing it -----------------------------------------------------------------


def _asked(engagement: Engagement, quote: Quote, note: str) -> ResponseReturnValue:
    wish = {"offering": str(quote.offering_id), "name": quote.offering.name,
            "start": quote.starts.isoformat(), "at_once": quote.at_once}  # fmt: skip
    if ChangeRequest.ask(engagement, "plan", wish, who(), note):
        flash("Your request is with your coordinator, who answers it by mail.", "good")
    else:
        flash("You have asked for another plan already; your coordinator answers soon.", "info")
    return its_page(engagement)


@blueprint.route("/engagements/<uuid:engagement_id>/plan/withdrawal", methods=["GET", "POST"])
@allow(Role.COORDINATOR, Role.OWNER)
def withdraw_plan(engagement_id: uuid.UUID) -> ResponseReturnValue:
    """A change that is planned, and has not begun, does not take place."""
    engagement, form = theirs(engagement_id), UndoForm()
    must_be(engagement, Actor.COORDINATOR, Actor.OWNER)
    planned = engagement.planned_terms
    if planned is None:
        return its_page(engagement)
    title = f"Keep the present plan instead of {planned.name}"
    text = f"The change planned for {format_day(planned.valid_from)} is dropped; both sides hear."
    context = {"engagement": engagement, "form": form, "title": title, "text": text}
    if not form.validate_on_submit():
        status = 422 if request.method == "POST" else 200
        return render_template("billing/changing/undo.html", **context), status
    try:
        engagement.withdraw_plan(who(), form.reason.data or "")
    except ChangeRefused as refused:
        session.rollback()
        return render_template("billing/changing/undo.html", refused=refused, **context), 409
    flash("The change of plan is withdrawn. Nothing is charged for it.", "good")
    return its_page(engagement)
