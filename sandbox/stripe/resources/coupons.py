"""Coupons and promotion codes."""

from sandbox.stripe.billing import coupons
from sandbox.stripe.core.account import Account
from sandbox.stripe.core.documents import Document, private, shape
from sandbox.stripe.core.endpoints import Params, endpoint
from sandbox.stripe.core.errors import invalid, missing
from sandbox.stripe.core.events import change, emit
from sandbox.stripe.core.expand import includes
from sandbox.stripe.core.ids import random_text
from sandbox.stripe.core.paging import matching, page
from sandbox.stripe.core.plain import retrieves, updates
from sandbox.stripe.core.updating import changes
from sandbox.stripe.resources.customers import alive

_PAGE = "created limit starting_after ending_before"


@endpoint(
    "coupon.create",
    "amount_off applies_to currency currency_options duration duration_in_months id "
    "max_redemptions metadata name percent_off redeem_by",
)
def create(account: Account, params: Params) -> Document:
    _check(account, params)
    hidden = {"products": params.pop("applies_to", {}).get("products", [])}
    hidden["currency_options"] = params.pop("currency_options", {})
    coupon = shape(
        "coupon",
        **{
            "id": random_text(8),
            "created": account.now(),
            "duration": "once",
            "livemode": False,
            "metadata": {},
            "times_redeemed": 0,
            "valid": True,
        }
        | params,
    )
    private(coupon).update(hidden)
    account.save(coupon)
    emit(account, "coupon.created", coupon)
    return coupon


def _check(account: Account, params: Params) -> None:
    if ("percent_off" in params) == ("amount_off" in params):
        raise invalid("You must pass either percent_off or amount_off.", "percent_off")
    if not 0 < params.get("percent_off", 1) <= 100:
        raise invalid("percent_off must be greater than 0 and at most 100.", "percent_off")
    if "amount_off" in params and "currency" not in params:
        raise invalid("You must pass currency when passing amount_off.", "currency")
    if (params.get("duration") == "repeating") != ("duration_in_months" in params):
        text = "duration_in_months goes with the duration repeating, and only with it."
        raise invalid(text, "duration_in_months")
    if account.store.load(params.get("id", "")):
        raise invalid(f"Coupon already exists: {params['id']}", "id", "resource_already_exists")
    for index, product in enumerate(params.get("applies_to", {}).get("products", [])):
        account.get("product", product, f"applies_to[products][{index}]")


@endpoint("coupon.retrieve")
def retrieve(account: Account, params: Params, coupon: str) -> Document:
    return coupons.shown(account, _kept(account, coupon))


def _kept(account: Account, coupon: str) -> Document:
    """A coupon that has not been deleted."""
    found = account.get("coupon", coupon)
    if private(found).get("gone"):
        raise missing("coupon", coupon, "id")
    return found


@endpoint("coupon.update", "metadata name")
def update(account: Account, params: Params, coupon: str) -> Document:
    found = _kept(account, coupon)
    return change(account, "coupon.updated", found, **changes(found, params))


@endpoint("coupon.delete")
def delete(account: Account, params: Params, coupon: str) -> Document:
    """No more redemptions; the discounts it has become stay, and need it for their amounts."""
    found = _kept(account, coupon)
    emit(account, "coupon.deleted", found)
    private(found)["gone"] = True
    change(account, None, found, valid=False)
    return {"id": coupon, "object": "coupon", "deleted": True}


@endpoint("coupon.list", _PAGE)
def list_all(account: Account, params: Params) -> Document:
    rows = [c for c in account.find("coupon") if not private(c).get("gone")]
    return page(matching([coupons.shown(account, c) for c in rows], params), params, "/v1/coupons")


@includes("coupon", "applies_to")
def applies_to(account: Account, coupon: Document) -> Document | None:
    products = coupons.products_of(account.get("coupon", coupon["id"]))
    return {"products": sorted(products)} if products else None


@endpoint(
    "promotion_code.create",
    "active code customer expires_at max_redemptions metadata promotion "
    "restrictions.first_time_transaction restrictions.minimum_amount "
    "restrictions.minimum_amount_currency",
)
def create_code(account: Account, params: Params) -> Document:
    coupon = params["promotion"].get("coupon", "")
    account.get("coupon", coupon, "promotion[coupon]")
    code = params.get("code") or random_text(8).upper()
    if coupons.find_code(account, code):
        raise invalid(
            f"An active promotion code with `code: {code}` already exists.",
            "code",
            "resource_already_exists",
        )
    if "customer" in params:
        alive(account, params["customer"], "customer")
    given: Params = {"active": True, "created": account.now(), "livemode": False, "metadata": {}}
    given |= params | {"code": code, "times_redeemed": 0}
    given["restrictions"] = {"first_time_transaction": False} | params.get("restrictions", {})
    made = shape("promotion_code", **given)
    account.save(made)
    emit(account, "promotion_code.created", made)
    return made


retrieves("promotion_code")
updates("promotion_code", "active metadata")


@endpoint("promotion_code.list", f"{_PAGE} active code coupon customer")
def list_codes(account: Account, params: Params) -> Document:
    rows = matching(account.find("promotion_code"), params, "active", "customer")
    wanted = params.get("code", "").casefold()
    rows = [c for c in rows if not wanted or c["code"].casefold() == wanted]
    coupon = params.get("coupon")
    rows = [c for c in rows if coupon in (None, c["promotion"]["coupon"])]
    return page(rows, params, "/v1/promotion_codes")
