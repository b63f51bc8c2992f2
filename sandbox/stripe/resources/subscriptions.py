"""Subscriptions."""

from typing import Any

from sandbox.stripe.billing import discounts, pausing, plan_changes, standing, taxes, trials
from sandbox.stripe.billing.agenda import period_of, reschedule
from sandbox.stripe.core.account import Account
from sandbox.stripe.core.documents import Document
from sandbox.stripe.core.endpoints import Params, endpoint
from sandbox.stripe.core.errors import invalid, not_imitated
from sandbox.stripe.core.events import change
from sandbox.stripe.core.paging import listed
from sandbox.stripe.core.plain import retrieves
from sandbox.stripe.core.search import search
from sandbox.stripe.core.updating import changes
from sandbox.stripe.resources.customers import alive
from sandbox.stripe.resources.starting import begin

_DISCOUNTS = "discounts.coupon discounts.promotion_code"
_ITEMS = "items.price items.price_data items.quantity items.metadata"


@endpoint(
    "subscription.create",
    "add_invoice_items.price add_invoice_items.price_data add_invoice_items.quantity "
    "automatic_tax.enabled "
    "billing_cycle_anchor billing_cycle_anchor_config billing_mode cancel_at "
    "collection_method currency "
    "customer days_until_due default_payment_method description metadata off_session "
    "payment_behavior "
    f"proration_behavior trial_end trial_period_days trial_settings {_DISCOUNTS} {_ITEMS}",
)
def create(account: Account, params: Params) -> Document:
    alive(account, params["customer"], "customer")
    return begin(account, params)


retrieves("subscription")


@endpoint(
    "subscription.update",
    "automatic_tax.enabled cancel_at cancel_at_period_end cancellation_details "
    "collection_method days_until_due default_payment_method "
    "description metadata off_session pause_collection payment_behavior proration_behavior "
    "proration_date "
    f"trial_end {_DISCOUNTS} discounts.discount {_ITEMS} items.id items.deleted",
)
def update(account: Account, params: Params, identifier: str) -> Document:
    subscription = account.get("subscription", identifier)
    if subscription["status"] in standing.ENDED:
        _check_ended(params)
    apply_update(account, subscription, params)
    return subscription


def _check_ended(params: Params) -> None:
    if params.keys() - {"metadata", "cancellation_details"}:
        text = "A canceled subscription can only update its cancellation_details and metadata."
        raise invalid(text, code="invalid_canceled_subscription_fields")


def apply_update(account: Account, subscription: Document, params: Params) -> Document | None:
    """Do what the parameters say; returns the invoice if one was made for it."""
    params = dict(params)
    items = params.pop("items", None)
    at = params.pop("proration_date", account.time_of(subscription))
    behavior = params.pop("proration_behavior", "create_prorations")
    for name in ("off_session", "payment_behavior"):
        params.pop(name, None)
    trial_end = params.pop("trial_end", None)
    coupons = params.pop("discounts", None)
    if coupons or coupons == "":
        discounts.replace(account, subscription, coupons or [])
    _check_method(account, subscription, params)
    if params.get("automatic_tax", {}).get("enabled"):
        taxes.require_location(account.get("customer", subscription["customer"]))
    if trial_end is not None:
        trials.give(account, subscription, trial_end, behavior)
    _check_end(subscription, params, behavior)
    if params:
        values = _values(subscription, params, account.time_of(subscription))
        change(account, "customer.subscription.updated", subscription, **values)
    if items:
        plan_changes.apply(account, subscription, items, plan_changes.Change(behavior, at))
    if subscription["status"] not in standing.ENDED:
        reschedule(account, subscription)
    settled = subscription["status"] not in ("trialing", "paused")
    if items and behavior == "always_invoice" and settled:
        return plan_changes.invoice_now(account, subscription)
    return None


def _check_end(subscription: Document, params: Params, behavior: str) -> None:
    """What is unused of the present period is not credited here: it is to be left alone."""
    asked, (start, end) = params.get("cancel_at"), period_of(subscription)
    inside = isinstance(asked, int) and start < asked < end
    if inside and behavior != "none" and subscription["status"] != "trialing":
        raise not_imitated("cancel_at")


def _check_method(account: Account, subscription: Document, params: Params) -> None:
    wanted = params.get("default_payment_method")
    if not wanted:
        return
    method = account.get("payment_method", wanted, "default_payment_method")
    if method["customer"] != subscription["customer"]:
        text = f"The customer does not have a payment method with the ID {wanted}."
        raise invalid(text, "default_payment_method", "resource_missing")


def _values(subscription: Document, params: Params, now: int) -> dict[str, Any]:
    values = changes(subscription, params)
    if "cancellation_details" in values:
        values["cancellation_details"] = subscription["cancellation_details"] | changes(
            {}, params["cancellation_details"]
        )
    if {"cancel_at", "cancel_at_period_end"} & params.keys():
        values |= _cancellation(subscription, values, now)
    return values


def _cancellation(subscription: Document, values: dict[str, Any], now: int) -> dict[str, Any]:
    """Notice given or withdrawn: ``canceled_at`` is when, ``cancel_at`` what for."""
    at_end = values.get("cancel_at_period_end", False)
    end = period_of(subscription)[1]
    named = {"min_period_end": end, "max_period_end": end}
    asked = values.get("cancel_at")
    cancel_at = end if at_end else named.get(asked, asked) if isinstance(asked, str) else asked
    noticed = cancel_at is not None
    return {
        "cancel_at": cancel_at,
        "cancel_at_period_end": at_end,
        "canceled_at": (subscription["canceled_at"] or now) if noticed else None,
        "cancellation_details": (
            values.get("cancellation_details") or subscription["cancellation_details"]
        )
        | {"reason": "cancellation_requested" if noticed else None},
    }


@endpoint("subscription.delete_discount")
def delete_discount(account: Account, params: Params, identifier: str) -> Document:
    subscription = account.get("subscription", identifier)
    if not subscription["discounts"]:
        raise invalid(f"No active discount for subscription: {identifier}")
    gone = [account.get("discount", d) for d in subscription["discounts"]]
    for discount in gone:
        discounts.detach(account, discount)
    return {"id": gone[0]["id"], "object": "discount", "deleted": True}


@endpoint("subscription.cancel", "cancellation_details invoice_now prorate")
def cancel(account: Account, params: Params, identifier: str) -> Document:
    subscription = account.get("subscription", identifier)
    if subscription["status"] in standing.ENDED:
        raise invalid(f"No such subscription: '{identifier}'", "id", "resource_missing")
    for name in ("invoice_now", "prorate"):
        if params.get(name):
            raise not_imitated(name)
    details = changes({}, params.get("cancellation_details", {}))
    return standing.end(account, subscription, reason="cancellation_requested", **details)


@endpoint("subscription.pause", "bill_for invoicing_behavior type")
def pause(account: Account, params: Params, identifier: str) -> Document:
    subscription = account.get("subscription", identifier)
    pausing.pause(account, subscription, params)
    return subscription


@endpoint(
    "subscription.resume",
    "billing_cycle_anchor payment_behavior proration_behavior proration_date",
)
def resume(account: Account, params: Params, identifier: str) -> Document:
    subscription = account.get("subscription", identifier)
    pausing.resume(account, subscription, params)
    return subscription


@endpoint(
    "subscription.list",
    "collection_method created customer limit price starting_after ending_before status test_clock",
)
def list_all(account: Account, params: Params) -> Document:
    named = ("customer", "collection_method", "test_clock")
    equal = {name: params[name] for name in named if name in params}

    def wanted(found: Document) -> bool:
        return _has_status(found, params.get("status")) and _has_price(found, params.get("price"))

    return listed(account, "subscription", params, "/v1/subscriptions", wanted, **equal)


def _has_status(subscription: Document, wanted: str | None) -> bool:
    """Without a status the list leaves out what has been cancelled."""
    if wanted is None:
        return bool(subscription["status"] != "canceled")
    if wanted == "ended":
        return subscription["status"] in standing.ENDED
    return wanted in ("all", subscription["status"])


def _has_price(subscription: Document, wanted: str | None) -> bool:
    return wanted is None or any(
        row["price"]["id"] == wanted for row in subscription["items"]["data"]
    )


@endpoint("subscription.search", "query limit page")
def search_all(account: Account, params: Params) -> Document:
    return search(account.find("subscription"), params, "/v1/subscriptions/search")
