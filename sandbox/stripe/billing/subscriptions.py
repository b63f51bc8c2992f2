"""Subscriptions: started, renewed at the end of each period, ended.

Source: Stripe's pages on how subscriptions work, on trials and on the billing cycle.
"""

from dataclasses import dataclass, field
from typing import Any

from sandbox.stripe.billing import standing
from sandbox.stripe.billing.agenda import anchor_of, items_of, period_of, reschedule
from sandbox.stripe.billing.catalog import plan_of
from sandbox.stripe.billing.discounts import attach
from sandbox.stripe.billing.drafting import Draft, draft, pending_lines
from sandbox.stripe.billing.finalizing import finalize_later
from sandbox.stripe.billing.invoice_items import bind
from sandbox.stripe.billing.lines import Line, recurring_line, trial_line
from sandbox.stripe.billing.months import Anchor, first_anchor, period_around
from sandbox.stripe.billing.payment_methods import default_for
from sandbox.stripe.billing.proration import stub_line
from sandbox.stripe.core.account import Account
from sandbox.stripe.core.documents import Document, duplicate, listing, private, public, shape
from sandbox.stripe.core.events import change, emit
from sandbox.stripe.core.schedule import when_due

_UPDATED = "customer.subscription.updated"


@dataclass(frozen=True)
class Item:
    """One recurring price on a subscription."""

    price: Document
    quantity: int = 1
    metadata: dict[str, str] = field(default_factory=dict)


@dataclass
class Plan:
    """What a subscription is to be started with; instants are Unix seconds."""

    customer: str
    items: list[Item]
    trial_end: int | None = None
    anchor: int | None = None
    anchor_config: dict[str, Any] | None = None
    prorate: bool = True
    status: str = "incomplete"
    discounts: list[dict[str, str]] = field(default_factory=list)
    """Coupons and promotion codes it begins with, as the API's ``discounts``."""
    details: dict[str, Any] = field(default_factory=dict)
    """Further fields of the subscription object."""


def start(account: Account, plan: Plan) -> Document:
    """Create the subscription and report it. Its first invoice is the caller's to draft."""
    owner = account.get("customer", plan.customer, "customer")
    now = account.time_of(owner)
    recurring = plan.items[0].price["recurring"]
    anchor = _first_anchor(plan, recurring, now)
    subscription = shape("subscription", **_fields(plan, owner, now, anchor))
    day = Anchor.of(anchor, plan.anchor_config).day
    private(subscription).update(anchor_day=day, prorate=plan.prorate)
    period = (now, plan.trial_end) if plan.trial_end else _stub(Anchor(anchor, day), recurring, now)
    rows = [_item(subscription, item, now, period) for item in plan.items]
    subscription["items"]["data"] = rows
    account.save(subscription)
    named = {"subscription": subscription["id"]}
    subscription["discounts"] = attach(account, plan.discounts, owner, "discounts", **named)
    account.save(subscription)
    owner["currency"] = subscription["currency"]
    account.save(owner)
    emit(account, "customer.subscription.created", subscription)
    reschedule(account, subscription)
    return subscription


def _first_anchor(plan: Plan, recurring: dict[str, Any], now: int) -> int:
    begins = plan.trial_end or now
    if plan.anchor_config:
        return first_anchor(plan.anchor_config, recurring, begins)
    return plan.anchor or begins


def _stub(anchor: Anchor, recurring: dict[str, Any], at: int) -> tuple[int, int]:
    """The first period: whole when it starts on the anchor, else up to it."""
    return at, period_around(anchor, recurring, at)[1]


def _fields(plan: Plan, owner: Document, now: int, anchor: int) -> dict[str, Any]:
    values: dict[str, Any] = {
        "automatic_tax": {"enabled": False},
        "billing_cycle_anchor": anchor,
        "billing_cycle_anchor_config": plan.anchor_config,
        "billing_mode": {"type": "flexible", "flexible": {"proration_discounts": "included"}},
        "billing_schedules": [],
        "cancel_at_period_end": False,
        "cancellation_details": {},
        "collection_method": "charge_automatically",
        "created": now,
        "currency": plan.items[0].price["currency"],
        "customer": owner["id"],
        "default_tax_rates": [],
        "discounts": [],
        "invoice_settings": {"issuer": {"type": "self"}},
        "items": listing([], "/v1/subscription_items"),
        "livemode": False,
        "metadata": {},
        "payment_settings": {"save_default_payment_method": "off"},
        "start_date": now,
        "status": plan.status,
        "test_clock": owner["test_clock"],
        "trial_end": plan.trial_end,
        "trial_settings": {"end_behavior": {"missing_payment_method": "create_invoice"}},
        "trial_start": now if plan.trial_end else None,
    }
    return values | plan.details


def _item(subscription: Document, item: Item, now: int, period: tuple[int, int]) -> Document:
    return shape(
        "subscription_item",
        created=now,
        current_period_start=period[0],
        current_period_end=period[1],
        discounts=[],
        metadata=dict(item.metadata),
        plan=plan_of(item.price),
        price=duplicate(public(item.price)),
        quantity=item.quantity,
        subscription=subscription["id"],
        tax_rates=[],
    )


def period_lines(account: Account, subscription: Document) -> list[Line]:
    """What the present period costs: nothing on trial, a part of it up to the anchor, or all.

    An end that was set inside it while it was a future one cuts it, however prorations were asked
    for (the SDK's docstring of ``cancel_at``).
    """
    period = start, end = period_of(subscription)
    rows, identifier = items_of(subscription), subscription["id"]
    if (subscription["trial_end"] or 0) >= end:
        return [trial_line(account, row, identifier, period) for row in rows]
    ends = subscription["cancel_at"]
    if ends and start < ends < end:
        cut = start, ends
        return [stub_line(account, row, identifier, cut, period, prorate=True) for row in rows]
    full = period_around(anchor_of(subscription), rows[0]["price"]["recurring"], start)
    if full == period:
        return [recurring_line(account, row, identifier, period) for row in rows]
    prorate = private(subscription).get("prorate", True)
    return [stub_line(account, row, identifier, period, full, prorate) for row in rows]


def draft_invoice(
    account: Account, subscription: Document, reason: str, *, whole_period: bool = True
) -> Document:
    """A draft of what was waiting for the next invoice and, unless told not to, this period."""
    start, _ = period_of(subscription)
    since = private(subscription).get("previous_start", start)
    items, waiting = pending_lines(
        account, subscription["customer"], subscription["id"], subscription["currency"]
    )
    plan = Draft(
        customer=subscription["customer"],
        currency=subscription["currency"],
        reason=reason,
        lines=waiting + (period_lines(account, subscription) if whole_period else []),
        subscription=subscription,
        period=(since, start),
    )
    invoice = draft(account, plan)
    bind(account, items, invoice["id"])
    subscription["latest_invoice"] = invoice["id"]
    account.save(subscription)
    return invoice


@when_due("subscription.renew")
def renew(account: Account, identifier: str) -> None:
    """A period is over: end, or go on with the next and draft its invoice."""
    subscription = account.get("subscription", identifier)
    if subscription["status"] in (*standing.ENDED, "incomplete", "paused"):
        return
    if subscription["cancel_at_period_end"]:
        standing.end(account, subscription, reason="cancellation_requested")
        return
    if subscription["status"] == "trialing" and _ends_with_trial(account, subscription):
        return
    next_period(account, subscription)
    invoice = draft_invoice(account, subscription, "subscription_cycle")
    if _keeps_drafts(subscription):
        invoice["auto_advance"] = False
        account.save(invoice)
    else:
        finalize_later(account, invoice)
    reschedule(account, subscription)


def _ends_with_trial(account: Account, subscription: Document) -> bool:
    """Whether a trial nobody can be charged after ends it or pauses it, as it was told to.

    Source: https://docs.stripe.com/billing/subscriptions/trials/free-trials.
    """
    wanted = subscription["trial_settings"]["end_behavior"]["missing_payment_method"]
    nameless = {"customer": subscription["customer"], "default_payment_method": None}
    if wanted == "create_invoice" or default_for(account, nameless, subscription):
        return False
    if wanted == "cancel":
        standing.end(account, subscription, reason="payment_failed")
    else:
        standing.pause(account, subscription, "trial_end_without_payment_method")
    return True


def _keeps_drafts(subscription: Document) -> bool:
    pause = subscription["pause_collection"] or {}
    return subscription["status"] == "unpaid" or pause.get("behavior") == "keep_as_draft"


def next_period(account: Account, subscription: Document) -> None:
    previous_start, start = period_of(subscription)
    private(subscription)["previous_start"] = previous_start
    rows = duplicate(subscription["items"])
    recurring = items_of(subscription)[0]["price"]["recurring"]
    _, end = period_around(anchor_of(subscription), recurring, start)
    for row in rows["data"]:
        row.update(current_period_start=start, current_period_end=end)
    status = "active" if subscription["status"] == "trialing" else subscription["status"]
    change(account, _UPDATED, subscription, items=rows, status=status)
