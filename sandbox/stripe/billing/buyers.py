"""Who is buying in a Checkout session: the customer it came with, and what they say of themselves.

Kept in the session's private part as ``buyer``: ``{"country": "DE", "tax_id": {"type", "value"}}``,
with a ``postal_code`` where tax depends on it.
Source: https://docs.stripe.com/tax/checkout and https://docs.stripe.com/tax/checkout/tax-ids: what
is typed becomes the new customer's, or the old one's where ``customer_update`` says so.
"""

from typing import Any

from sandbox.stripe.billing import tax_ids, taxes
from sandbox.stripe.billing.customers import create_customer
from sandbox.stripe.core.account import Account
from sandbox.stripe.core.documents import Document, private
from sandbox.stripe.core.errors import invalid
from sandbox.stripe.core.events import change


def typed(session: Document) -> dict[str, Any]:
    found: dict[str, Any] = private(session).get("buyer", {})
    return found


def asks_address(session: Document) -> bool:
    """Whether the page asks where the buyer is."""
    needed = session["automatic_tax"]["enabled"] or collects_number(session)
    wanted = session["billing_address_collection"] == "required"
    return (needed or wanted) and may_change(session, "address")


def collects_number(session: Document) -> bool:
    return bool((session["tax_id_collection"] or {}).get("enabled"))


def may_change(session: Document, what: str) -> bool:
    """Whether what is typed is to be the customer's."""
    updates = private(session).get("customer_update", {})
    return session["customer"] is None or updates.get(what) == "auto"


def country(account: Account, session: Document) -> str | None:
    """Where the buyer is: as typed, else as known of the customer."""
    owner = account.store.load(session["customer"] or "")
    return typed(session).get("country") or (taxes.country_of(owner) if owner else None)


def postal_code(account: Account, session: Document) -> str:
    """As typed, else as known of the customer."""
    owner = account.store.load(session["customer"] or "") or {}
    known = (owner.get("address") or {}).get("postal_code")
    return str(typed(session).get("postal_code") or known or "")


def is_located(account: Account, session: Document) -> bool:
    """Whether there is all that tax needs."""
    if not session["automatic_tax"]["enabled"]:
        return True
    owner, place = account.store.load(session["customer"] or ""), typed(session)
    if place.get("country"):
        return taxes.located({"address": place})
    return owner is not None and taxes.located(owner)


def rehearsed(account: Account, session: Document) -> Document:
    """The customer as paying would make or change them; only for a rehearsal."""
    if session["customer"]:
        owner = account.get("customer", session["customer"])
    else:
        owner = create_customer(account)
    settle(account, session, owner)
    return owner


def settle(account: Account, session: Document, owner: Document) -> None:
    """Give the customer what was typed: the place where it is another, and the tax number."""
    given = typed(session)
    place = {name: given[name] for name in ("country", "postal_code") if given.get(name)}
    known = owner["address"] or {}
    other = any(known.get(name) != said for name, said in place.items())
    if other and may_change(session, "address"):
        change(account, "customer.updated", owner, address=place)
    number = given.get("tax_id")
    if number and number not in tax_ids.shown(tax_ids.of(account, owner["id"])):
        tax_ids.add(account, owner, number["type"], number["value"])


def check(account: Account, session: Document) -> None:
    """Refuse a session that could never be taxed. Source: the errors of Stripe's own API."""
    owner = account.store.load(session["customer"] or "")
    if owner is None:
        return
    lost = not taxes.located(owner) and not may_change(session, "address")
    if session["automatic_tax"]["enabled"] and lost:
        text = (
            "Automatic tax calculation in Checkout requires a valid address on the customer. "
            "Add one, or set `customer_update[address]` to `auto`."
        )
        raise invalid(text, "automatic_tax", taxes.NO_LOCATION)
    if collects_number(session) and not may_change(session, "name"):
        text = "Tax ID collection for an existing customer needs `customer_update[name]` as `auto`."
        raise invalid(text, "tax_id_collection[enabled]")
