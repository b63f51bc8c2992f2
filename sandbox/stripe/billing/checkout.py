"""Paying on the hosted Checkout page.

Source: Stripe's pages on Checkout. Only when the money is there do the customer, the subscription
and its first invoice come to be, in the same transaction, so that a second press of the button or a
second tab finds the session complete. A failed attempt leaves the PaymentIntent, which the next
attempt goes on with, and nothing else.
"""

from typing import Any

from sandbox.stripe.billing import buyers, coupons, payment_methods, payments, setups, tax_ids
from sandbox.stripe.billing.banks import BankEntry
from sandbox.stripe.billing.collection import await_debit, settle
from sandbox.stripe.billing.customers import create_customer
from sandbox.stripe.billing.finalizing import finalize
from sandbox.stripe.billing.invoice_items import bind
from sandbox.stripe.billing.payment_methods import CardEntry
from sandbox.stripe.billing.sessions import (
    draft_sale,
    due_today,
    open_subscription,
)
from sandbox.stripe.core.account import Account
from sandbox.stripe.core.documents import Document, private
from sandbox.stripe.core.errors import CardDeclined
from sandbox.stripe.core.events import change, emit
from sandbox.stripe.core.schedule import unschedule

COMPLETE, AUTHENTICATE = "complete", "authenticate"


def pay(account: Account, session: Document, entry: CardEntry | BankEntry) -> str:
    """Try a card or begin a bank debit: the session is then complete, or asks for a challenge.

    A session that is no longer open answers with its status and does nothing. Raises
    ``CardDeclined``.
    """
    if session["status"] != "open":
        return str(session["status"])
    private(session).pop("attempt", None)
    method = payment_methods.create(account, entry, session["customer"])
    return _try(account, session, method, proven=False)


def authenticate(account: Account, session: Document, passed: bool) -> str:
    """What the holder did on the challenge page. Raises ``CardDeclined`` when they did not pass."""
    waiting = private(session).pop("attempt", None)
    if session["status"] != "open" or waiting is None:
        return str(session["status"])
    account.save(session)
    method = account.get("payment_method", waiting)
    if passed:
        return _try(account, session, method, proven=True)
    raise _unauthenticated(account, session, method)


def _unauthenticated(account: Account, session: Document, method: Document) -> CardDeclined:
    begun = private(session).get("intent")
    if not begun:
        return setups.refusal("authentication_failed")
    intent = account.get("payment_intent", begun)
    payments.fail_authentication(account, intent, method)
    return payments.card_error(intent)


def _try(account: Account, session: Document, method: Document, *, proven: bool) -> str:
    amount = due_today(account, session)
    if payments.will_pass(method, proven=proven, charging=amount > 0):
        _bring_customer(account, session, method)
    intent = _intent(account, session, amount) if amount else None
    status = _confirm(account, intent, method, proven)
    if status == "requires_action":
        private(session)["attempt"] = method["id"]
        account.save(session)
        return AUTHENTICATE
    _complete(account, session, method, intent)
    return COMPLETE


def _confirm(account: Account, intent: Document | None, method: Document, proven: bool) -> str:
    if intent is None:
        return setups.check(method, proven=proven)
    status = payments.confirm(account, intent, method, present=True, proven=proven)
    if status == "requires_payment_method":
        raise payments.card_error(intent)
    return status


def _intent(account: Account, session: Document, amount: int) -> Document:
    """The session's PaymentIntent, made at the first attempt."""
    begun = private(session).get("intent")
    if begun:
        intent = account.get("payment_intent", begun)
        intent.update(customer=session["customer"], amount=amount)
        return account.save(intent)
    data = dict(private(session).get("payment_intent_data", {}))
    if session["mode"] == "subscription":
        data = {"description": "Subscription creation", "setup_future_usage": "off_session"}
    intent = payments.open_intent(
        account, amount=amount, currency=session["currency"], customer=session["customer"], **data
    )
    private(session)["intent"] = intent["id"]
    account.save(session)
    private(intent)["session"] = session["id"]
    account.save(intent)
    return intent


def _bring_customer(account: Account, session: Document, method: Document) -> None:
    """The customer the session came with or one made now, with the card on file if it will be
    needed again."""
    if session["customer"] is None and _wants_customer(session):
        billing = method["billing_details"]
        customer = create_customer(account, email=billing["email"], name=billing["name"])
        buyers.settle(account, session, customer)
        session["customer"] = customer["id"]
        account.save(session)
    elif session["customer"]:
        _update_customer(account, session, method["billing_details"])
    if session["customer"] and _wants_card(session):
        payment_methods.attach(account, method, session["customer"])


def _update_customer(account: Account, session: Document, typed: dict[str, Any]) -> None:
    """Take over what was typed, where ``customer_update`` says so."""
    owner = account.get("customer", session["customer"])
    same = (owner["address"] or {}).get("country") == typed["address"]["country"]
    kept = {"address"} if same else set()
    names = {k for k in ("name", "address") if buyers.may_change(session, k)} - kept
    change(account, "customer.updated", owner, **{k: typed[k] for k in names})
    buyers.settle(account, session, owner)


def _wants_customer(session: Document) -> bool:
    invoiced = bool((session["invoice_creation"] or {}).get("enabled"))
    return session["mode"] == "subscription" or invoiced or session["customer_creation"] == "always"


def _wants_card(session: Document) -> bool:
    reuse = private(session).get("payment_intent_data", {}).get("setup_future_usage")
    return session["mode"] != "payment" or bool(reuse)


def _complete(
    account: Account, session: Document, method: Document, intent: Document | None
) -> None:
    unschedule(account, "session.expire", session["id"])
    results = _OUTCOMES[session["mode"]](account, session, method, intent)
    session.update(
        status="complete",
        url=None,
        payment_status=_payment_status(intent),
        customer_details=_customer_details(account, session, method["billing_details"]),
        **results,
    )
    account.save(session)
    emit(account, "checkout.session.completed", session)


def _customer_details(account: Account, session: Document, billing: Document) -> dict[str, Any]:
    owner = account.store.load(session["customer"] or "") or {}
    numbers = tax_ids.of(account, owner["id"]) if owner else []
    return {
        "address": billing["address"],
        "email": billing["email"],
        "name": billing["name"],
        "tax_exempt": owner.get("tax_exempt", "none"),
        "tax_ids": tax_ids.shown(numbers),
    }


def _payment_status(intent: Document | None) -> str:
    """A bank debit that is under way leaves the session complete and unpaid."""
    if intent is None:
        return "no_payment_required"
    return "paid" if intent["status"] == "succeeded" else "unpaid"


def _take(account: Account, invoice: Document, intent: Document | None) -> None:
    """The money for an invoice is there, or is on its way from a bank."""
    if intent is None:
        return
    if intent["status"] == "succeeded":
        settle(account, invoice)
    else:
        await_debit(account, invoice)


def _subscribe(
    account: Account, session: Document, method: Document, intent: Document | None
) -> dict[str, Any]:
    free = {} if intent else {"status": "trialing"}
    subscription = open_subscription(
        account, session, session["customer"], default_payment_method=method["id"], **free
    )
    invoice = account.get("invoice", subscription["latest_invoice"])
    finalize(account, invoice, intent)
    _take(account, invoice, intent)
    return {"subscription": subscription["id"], "invoice": invoice["id"]}


def _sell(
    account: Account, session: Document, method: Document, intent: Document | None
) -> dict[str, Any]:
    creation = session["invoice_creation"] or {}
    result: dict[str, Any] = {"payment_intent": intent["id"] if intent else None}
    if not creation.get("enabled"):
        _redeem(account, session)
        return result
    invoice, items = draft_sale(account, session, session["customer"])
    bind(account, items, invoice["id"])
    finalize(account, invoice, intent)
    _take(account, invoice, intent)
    return result | {"invoice": invoice["id"]}


def _redeem(account: Account, session: Document) -> None:
    """Count the coupon of a payment that makes no invoice to carry its discount."""
    owner = account.store.load(session["customer"] or "")
    for given in private(session).get("discounts", []):
        coupons.count(account, *coupons.usable(account, given, owner, "discounts[0]"))


def _set_up(
    account: Account, session: Document, method: Document, intent: Document | None
) -> dict[str, Any]:
    data = private(session).get("setup_intent_data", {})
    made = setups.succeed(account, method, session["customer"], **data)
    return {"setup_intent": made["id"]}


_OUTCOMES = {"subscription": _subscribe, "payment": _sell, "setup": _set_up}
