"""Coupons, the codes customers type for them, and who may still redeem one.

Source: https://docs.stripe.com/billing/subscriptions/coupons and the API reference's coupons and
promotion codes. A coupon is redeemed when it becomes a discount on something; that a code is not
minded in capitals, and that a deleted or spent coupon keeps the discounts it has become, is from
there too.
"""

from typing import Any

from sandbox.stripe.core.account import Account
from sandbox.stripe.core.documents import Document, private
from sandbox.stripe.core.errors import ApiError, invalid

EXPIRED = "coupon_expired"


def is_valid(coupon: Document, now: int) -> bool:
    """Whether it can be redeemed (once more)."""
    most, until = coupon["max_redemptions"], coupon["redeem_by"]
    spent = most is not None and coupon["times_redeemed"] >= most
    return not private(coupon).get("gone") and not spent and (until is None or now < until)


def products_of(coupon: Document) -> frozenset[str] | None:
    """The products it is for; nothing means all of them."""
    listed = private(coupon).get("products")
    return frozenset(listed) if listed else None


def usable(
    account: Account, given: dict[str, str], owner: Document | None, name: str
) -> tuple[Document, Document | None]:
    """The coupon, and the promotion code if one was named, that are to become a discount.

    ``given`` is ``{"coupon": id}`` or ``{"promotion_code": id}``; ``name`` is for errors.
    """
    now = account.time_of(owner) if owner else account.now()
    if "promotion_code" in given:
        code = account.get("promotion_code", given["promotion_code"], f"{name}[promotion_code]")
        check_code(account, code, owner, now, f"{name}[promotion_code]")
        return account.get("coupon", code["promotion"]["coupon"]), code
    coupon = account.get("coupon", given.get("coupon", ""), f"{name}[coupon]")
    if not is_valid(coupon, now):
        raise invalid(f"Coupon expired: {coupon['id']}", f"{name}[coupon]", EXPIRED)
    return coupon, None


def check_code(
    account: Account, code: Document, owner: Document | None, now: int, name: str
) -> None:
    """Raises why this code cannot be used by this customer now."""
    coupon = account.store.load(code["promotion"]["coupon"])
    if not code["active"] or coupon is None or not is_valid(coupon, now) or _is_over(code, now):
        raise _refused("This promotion code is expired or no longer active.", name)
    if code["customer"] and code["customer"] != (owner or {}).get("id"):
        raise _refused("This promotion code is for another customer.", name)
    first_only = code["restrictions"]["first_time_transaction"]
    if first_only and owner and _has_paid(account, owner["id"]):
        raise _refused("This promotion code is for a customer's first payment only.", name)


def _refused(text: str, name: str) -> ApiError:
    return invalid(text, name, "promotion_code_invalid")


def _is_over(code: Document, now: int) -> bool:
    most, until = code["max_redemptions"], code["expires_at"]
    return (most is not None and code["times_redeemed"] >= most) or (
        until is not None and now >= until
    )


def _has_paid(account: Account, customer: str) -> bool:
    return any(i["amount_paid"] for i in account.find("invoice", customer=customer))


def find_code(account: Account, typed: str) -> Document | None:
    """The active code a customer means by what they typed."""
    wanted = typed.strip().casefold()
    rows = account.find("promotion_code", active=True)
    return next((row for row in rows if row["code"].casefold() == wanted), None)


def count(account: Account, coupon: Document, code: Document | None) -> None:
    """One more redemption of a coupon and of its code."""
    for redeemed in (coupon, code):
        if redeemed is not None:
            redeemed["times_redeemed"] += 1
            account.save(redeemed)
    if not is_valid(coupon, account.now()):
        coupon["valid"] = False
        account.save(coupon)


def shown(account: Account, coupon: Document) -> Document:
    """A coupon as it is now: time alone can make it invalid."""
    coupon["valid"] = is_valid(coupon, account.now())
    return coupon


def amount_off(coupon: Document, currency: str) -> int:
    """The fixed amount it takes off in a currency; nothing where it has none."""
    if coupon["currency"] == currency:
        return int(coupon["amount_off"])
    options: dict[str, Any] = private(coupon).get("currency_options", {})
    return int(options.get(currency, {}).get("amount_off", 0))
