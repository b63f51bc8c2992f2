"""Checkout sessions."""

from typing import Any

from sandbox.stripe.billing import banks, buyers, coupons
from sandbox.stripe.billing.catalog import price_of
from sandbox.stripe.billing.sessions import expire, line_items, reckon, sold
from sandbox.stripe.core.account import Account
from sandbox.stripe.core.documents import Document, private, shape
from sandbox.stripe.core.endpoints import Params, endpoint
from sandbox.stripe.core.errors import invalid
from sandbox.stripe.core.ids import new_id, random_text
from sandbox.stripe.core.paging import matching, page
from sandbox.stripe.core.plain import retrieves, updates
from sandbox.stripe.core.schedule import schedule
from sandbox.stripe.resources.customers import alive

SHORTEST, LONGEST = 30 * 60, 24 * 3600
TRIAL_AHEAD = 48 * 3600
_DATA = (
    "payment_intent_data.description payment_intent_data.metadata "
    "payment_intent_data.receipt_email "
    "payment_intent_data.setup_future_usage subscription_data.metadata "
    "subscription_data.description "
    "subscription_data.trial_end subscription_data.trial_period_days "
    "subscription_data.trial_settings "
    "subscription_data.billing_cycle_anchor subscription_data.billing_cycle_anchor_config "
    "subscription_data.billing_mode subscription_data.proration_behavior "
    "setup_intent_data.metadata "
    "setup_intent_data.description"
)
_LINES = "line_items.price line_items.price_data line_items.quantity line_items.metadata"


@endpoint(
    "checkout.session.create",
    "allow_promotion_codes automatic_tax.enabled billing_address_collection cancel_url "
    "client_reference_id currency discounts.coupon discounts.promotion_code "
    "tax_id_collection.enabled tax_id_collection.required "
    "custom_text customer excluded_payment_method_types "
    "customer_creation customer_email customer_update expires_at invoice_creation locale "
    "metadata mode "
    f"payment_method_collection submit_type success_url ui_mode {_DATA} {_LINES}",
)
def create(account: Account, params: Params) -> Document:
    mode = params.get("mode", "payment")
    _check(params, mode)
    if "customer" in params:
        alive(account, params["customer"], "customer")
    timeline = account.timeline_of(params)
    now = account.now(timeline)
    expires = _expiry(params, now)
    _check_trial(params.get("subscription_data", {}), now)
    lines = [
        _line(account, x, f"line_items[{i}]") for i, x in enumerate(params.get("line_items", []))
    ]
    session = shape("checkout.session", **_fields(account, params, mode, now, expires))
    hidden = ("payment_intent_data", "subscription_data", "setup_intent_data", "customer_update")
    private(session).update({k: params[k] for k in hidden if k in params}, lines=lines)
    _check_prices(account, session, params)
    _offer(account, session, params.get("excluded_payment_method_types", []))
    buyers.check(account, session)
    _discount(account, session, params.get("discounts", []))
    reckon(account, session)
    schedule(account, "session.expire", session["id"], expires, timeline)
    return session


def _check(params: Params, mode: str) -> None:
    if "success_url" not in params:
        raise invalid("Missing required param: success_url.", "success_url", "parameter_missing")
    if mode != "setup" and not params.get("line_items"):
        raise invalid("Missing required param: line_items.", "line_items", "parameter_missing")
    if params.get("ui_mode", "hosted_page") != "hosted_page":
        raise invalid("The stand-in has hosted pages only.", "ui_mode", "not_imitated")
    if "customer" in params and "customer_email" in params:
        text = "You may only specify one of these parameters: customer, customer_email."
        raise invalid(text, "customer", "parameters_exclusive")
    if params.get("allow_promotion_codes") and params.get("discounts"):
        text = "You may only specify one of these parameters: allow_promotion_codes, discounts."
        raise invalid(text, "discounts", "parameters_exclusive")
    only = {
        "subscription_data": "subscription",
        "payment_intent_data": "payment",
        "invoice_creation": "payment",
        "setup_intent_data": "setup",
    }
    for name, needed in only.items():
        if name in params and mode != needed:
            raise invalid(f"You can not pass `{name}` in `{mode}` mode.", name)


def _discount(account: Account, session: Document, given: list[dict[str, str]]) -> None:
    """Take a coupon or code along, which is redeemed when the session is paid."""
    if len(given) > 1:
        raise invalid("At most one discount may be given.", "discounts")
    owner = account.store.load(session["customer"] or "")
    for one in given:
        coupon, code = coupons.usable(account, one, owner, "discounts[0]")
        named = {"coupon": coupon["id"], "promotion_code": code["id"] if code else None}
        session["discounts"] = [named]
    private(session)["discounts"] = given


def _offer(account: Account, session: Document, excluded: list[str]) -> None:
    """The ways to pay that the account has switched on for this currency, less those excluded."""
    kinds = banks.offered(account, session["currency"] or "")
    kinds = [kind for kind in kinds if kind not in excluded]
    options: dict[str, Any] = {kind: {} for kind in kinds}
    options["card"] = {"request_three_d_secure": "automatic"}
    session.update(payment_method_types=kinds, payment_method_options=options)


def _expiry(params: Params, now: int) -> int:
    expires = int(params.get("expires_at", now + LONGEST))
    if not SHORTEST <= expires - now <= LONGEST:
        text = (
            "The `expires_at` timestamp must be at least 30 minutes and at most 24 hours from now."
        )
        raise invalid(text, "expires_at")
    return expires


def _check_trial(data: Params, now: int) -> None:
    if "trial_end" in data and data["trial_end"] < now + TRIAL_AHEAD:
        text = "The `trial_end` date has to be at least 2 days in the future."
        raise invalid(text, "subscription_data[trial_end]")
    if {"trial_end", "trial_period_days"} & data.keys() and "billing_cycle_anchor" in data:
        text = "You cannot combine a trial with `billing_cycle_anchor`."
        raise invalid(text, "subscription_data[billing_cycle_anchor]")


def _line(account: Account, given: Params, name: str) -> dict[str, Any]:
    price = price_of(account, given, name)
    if "quantity" not in given:
        raise invalid(f"Quantity is required. Add `quantity` to `{name}`", f"{name}[quantity]")
    return {
        "id": new_id("item"),
        "price": price["id"],
        "quantity": given["quantity"],
        "metadata": given.get("metadata", {}),
    }


def _check_prices(account: Account, session: Document, params: Params) -> None:
    prices = [account.get("price", line["price"]) for line in sold(session)]
    recurring = [p for p in prices if p["type"] == "recurring"]
    if session["mode"] == "payment" and recurring:
        raise invalid("You specified `payment` mode but passed a recurring price.", "line_items")
    if session["mode"] == "subscription" and not recurring:
        raise invalid(
            "You must provide at least one recurring price in `subscription` mode.", "line_items"
        )
    _check_currency({p["currency"] for p in prices}, account, session)
    session["currency"] = prices[0]["currency"] if prices else params.get("currency")
    rhythms = {(p["recurring"]["interval"], p["recurring"]["interval_count"]) for p in recurring}
    if len(rhythms) > 1:
        raise invalid(
            "Checkout does not support multiple prices with different billing intervals.",
            "line_items",
        )


def _check_currency(found: set[str], account: Account, session: Document) -> None:
    if len(found) > 1:
        raise invalid("All prices must have the same currency.", "line_items")
    owner = account.store.load(session["customer"] or "") or {}
    held = owner.get("currency")
    if session["mode"] == "subscription" and held and found != {held}:
        text = (
            f"You cannot combine currencies on a single customer. This one has had {held} before."
        )
        raise invalid(text, "line_items")


def _fields(account: Account, params: Params, mode: str, now: int, expires: int) -> dict[str, Any]:
    same = (
        "allow_promotion_codes",
        "billing_address_collection",
        "cancel_url",
        "client_reference_id",
        "customer",
        "customer_email",
        "payment_method_collection",
        "submit_type",
        "success_url",
    )
    identifier = f"cs_test_{random_text(58)}"
    tax = params.get("automatic_tax", {}).get("enabled", False)
    creation = {"subscription": None, "payment": "if_required", "setup": "if_required"}[mode]
    return {name: params.get(name) for name in same} | {
        "id": identifier,
        "automatic_tax": {"enabled": tax},
        "created": now,
        "custom_fields": [],
        "custom_text": params.get("custom_text", {}),
        "customer_creation": params.get(
            "customer_creation", None if "customer" in params else creation
        ),
        "expires_at": expires,
        "invoice_creation": _invoice_creation(params) if mode == "payment" else None,
        "livemode": False,
        "metadata": params.get("metadata", {}),
        "mode": mode,
        "payment_method_options": {"card": {"request_three_d_secure": "automatic"}},
        "payment_method_types": ["card"],
        "payment_status": "unpaid" if mode != "setup" else "no_payment_required",
        "phone_number_collection": {"enabled": False},
        "shipping_options": [],
        "status": "open",
        "tax_id_collection": {"required": "never"} | params["tax_id_collection"]
        if "tax_id_collection" in params
        else None,
        "total_details": {"amount_discount": 0, "amount_shipping": 0, "amount_tax": 0},
        "ui_mode": "hosted_page",
        "url": f"{account.origin}/c/pay/{identifier}",
    }


def _invoice_creation(params: Params) -> dict[str, Any]:
    given = params.get("invoice_creation", {"enabled": False})
    return {
        "enabled": given["enabled"],
        "invoice_data": {"metadata": {}} | given.get("invoice_data", {}),
    }


retrieves("checkout.session")
updates("checkout.session", "metadata", told=False)


@endpoint(
    "checkout.session.list",
    "created customer customer_details limit payment_intent starting_after ending_before status "
    "subscription",
)
def list_all(account: Account, params: Params) -> Document:
    rows = account.find("checkout.session")
    rows = matching(rows, params, "customer", "payment_intent", "status", "subscription")
    email = params.get("customer_details", {}).get("email")
    rows = [s for s in rows if not email or (s["customer_details"] or {}).get("email") == email]
    return page(rows, params, "/v1/checkout/sessions")


@endpoint("checkout.session.expire")
def expire_now(account: Account, params: Params, session: str) -> Document:
    found = account.get("checkout.session", session)
    if found["status"] != "open":
        raise invalid(
            "Only Checkout Sessions with a status in ['open'] can be expired. "
            f"This one is {found['status']}."
        )
    return expire(account, found)


@endpoint("checkout.session_line_item.list", "limit starting_after ending_before")
def lines(account: Account, params: Params, session: str) -> Document:
    rows = line_items(account, account.get("checkout.session", session))
    return page(rows, params, f"/v1/checkout/sessions/{session}/line_items")
