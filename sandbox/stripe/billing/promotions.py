"""The promotion code a buyer types on the Checkout page.

Source: https://docs.stripe.com/payments/checkout/discounts: one code at a time, and only where the
session allows it; it is redeemed when the session is paid.
"""

from sandbox.stripe.billing import coupons
from sandbox.stripe.billing.money import in_words
from sandbox.stripe.billing.sessions import reckon
from sandbox.stripe.core.account import Account
from sandbox.stripe.core.documents import Document, private
from sandbox.stripe.core.errors import ApiError


def take(account: Account, session: Document, typed: str) -> str | None:
    """Use this code, or none if nothing is typed; returns why it cannot be used."""
    code = coupons.find_code(account, typed) if typed else None
    if typed and code is None:
        return "This code is invalid."
    if code is not None:
        refusal = _refusal(account, session, code)
        if refusal:
            return refusal
    named = {"promotion_code": code["id"]} if code else {}
    private(session)["discounts"] = [named] if code else []
    session["discounts"] = [{"coupon": code["promotion"]["coupon"]} | named] if code else None
    reckon(account, session)
    return None


def _refusal(account: Account, session: Document, code: Document) -> str | None:
    owner = account.store.load(session["customer"] or "")
    try:
        coupons.check_code(account, code, owner, account.time_of(session), "code")
    except ApiError as refused:
        return str(refused)
    return _too_little(session, code)


def _too_little(session: Document, code: Document) -> str | None:
    limits = code["restrictions"]
    least, currency = limits["minimum_amount"], limits["minimum_amount_currency"]
    if not least or (currency == session["currency"] and session["amount_subtotal"] >= least):
        return None
    return f"This code is for orders of {in_words(least, currency or 'usd')} or more."


def taken(account: Account, session: Document) -> str | None:
    """The code in use."""
    for given in private(session).get("discounts", []):
        if "promotion_code" in given:
            return str(account.get("promotion_code", given["promotion_code"])["code"])
    return None
