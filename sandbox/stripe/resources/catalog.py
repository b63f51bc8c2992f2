"""Products and prices."""

from sandbox.stripe.billing.catalog import create_price, create_product
from sandbox.stripe.core.account import Account
from sandbox.stripe.core.documents import Document
from sandbox.stripe.core.endpoints import Params, endpoint
from sandbox.stripe.core.errors import invalid
from sandbox.stripe.core.events import change
from sandbox.stripe.core.paging import matching, page
from sandbox.stripe.core.plain import retrieves
from sandbox.stripe.core.search import search
from sandbox.stripe.core.updating import changes

_PRODUCT = "active description id images metadata name statement_descriptor tax_code unit_label url"
_PAGE = "limit starting_after ending_before created"


@endpoint("product.create", _PRODUCT)
def new_product(account: Account, params: Params) -> Document:
    if account.store.load(params.get("id", "")):
        raise invalid(f"Product already exists: {params['id']}", "id", "resource_already_exists")
    return create_product(account, params)


retrieves("product")


@endpoint("product.update", _PRODUCT.replace(" id ", " "))
def update_product(account: Account, params: Params, identifier: str) -> Document:
    found = account.get("product", identifier)
    values = changes(found, params) | {"updated": account.now()}
    return change(account, "product.updated", found, **values)


@endpoint("product.list", f"{_PAGE} active ids")
def products(account: Account, params: Params) -> Document:
    rows = matching(account.find("product"), params, "active")
    wanted = params.get("ids")
    return page([p for p in rows if not wanted or p["id"] in wanted], params, "/v1/products")


@endpoint("product.search", "query limit page")
def search_products(account: Account, params: Params) -> Document:
    return search(account.find("product"), params, "/v1/products/search")


@endpoint(
    "price.create",
    "active currency lookup_key metadata nickname product product_data recurring tax_behavior "
    "transfer_lookup_key unit_amount unit_amount_decimal",
)
def new_price(account: Account, params: Params) -> Document:
    _free_lookup_key(account, params.get("lookup_key"), params.pop("transfer_lookup_key", False))
    return create_price(account, params)


def _free_lookup_key(account: Account, key: str | None, transfer: bool) -> None:
    """A lookup key belongs to one price; it moves only when asked to."""
    for holder in account.find("price", lookup_key=key) if key else []:
        if not transfer:
            text = f"A price ({holder['id']}) already uses that lookup key."
            raise invalid(text, "lookup_key", "resource_already_exists")
        change(account, "price.updated", holder, lookup_key=None)


retrieves("price")


@endpoint("price.update", "active lookup_key metadata nickname tax_behavior transfer_lookup_key")
def update_price(account: Account, params: Params, identifier: str) -> Document:
    _free_lookup_key(account, params.get("lookup_key"), params.pop("transfer_lookup_key", False))
    found = account.get("price", identifier)
    return change(account, "price.updated", found, **changes(found, params))


@endpoint("price.list", f"{_PAGE} active currency lookup_keys product type")
def prices(account: Account, params: Params) -> Document:
    rows = matching(account.find("price"), params, "active", "currency", "product", "type")
    keys = params.get("lookup_keys")
    return page([p for p in rows if not keys or p["lookup_key"] in keys], params, "/v1/prices")


@endpoint("price.search", "query limit page")
def search_prices(account: Account, params: Params) -> Document:
    return search(account.find("price"), params, "/v1/prices/search")
