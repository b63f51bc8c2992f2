"""Tax worked out by itself: where the customer is, whether they answer for it themselves.

Source: https://docs.stripe.com/tax/zero-tax (the reasons), https://docs.stripe.com/tax/invoicing
and https://docs.stripe.com/billing/customer/tax-ids: tax is collected only where the account is
registered; a business in the EU with a VAT number, in another country than the account's, answers
for the tax itself (``reverse_charge``); a customer may be set to ``exempt`` or ``reverse``.

Assumed: tax is rounded line by line, half up; a line below nothing is taxed below nothing, as
Stripe credits prorations, although the reference says of ``automatic_tax`` that items of negative
amounts cannot be added to such invoices (the rule ``negative_taxed`` set to true allows them);
a price of ``unspecified`` tax behaviour is refused, as in an account whose tax settings name no
default; a number that looks like one (``tax_ids.py``) counts at once.
"""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any, NamedTuple

from sandbox.stripe.billing.money import rounded
from sandbox.stripe.billing.tax_rates import EU, RATES, collects_in, rate_for
from sandbox.stripe.core.account import Account
from sandbox.stripe.core.documents import Document
from sandbox.stripe.core.errors import ApiError, invalid

# https://docs.stripe.com/tax/tax-codes: nontaxable.
UNTAXED = "txcd_00000000"
BY_PLACE = frozenset({"CA", "US"})
NO_LOCATION = "customer_tax_location_invalid"


class Treatment(NamedTuple):
    """How a customer is taxed: where, and by which of Stripe's reasons."""

    country: str
    reason: str


def country_of(customer: Document) -> str | None:
    """Where a customer is for tax: the billing address, else the shipping address."""
    shipping = (customer.get("shipping") or {}).get("address")
    places = (address.get("country") for address in (customer["address"], shipping) if address)
    return next((place for place in places if place), None)


def located(customer: Document) -> bool:
    """Whether tax can be reckoned there: in some countries not by the country alone.

    Source: https://docs.stripe.com/tax/customer-locations#supported-formats
    """
    place = country_of(customer)
    address = customer["address"] or (customer.get("shipping") or {}).get("address") or {}
    return place is not None and (place not in BY_PLACE or bool(address.get("postal_code")))


def require_location(customer: Document) -> None:
    """Raises what Stripe answers when tax is asked for and nobody knows where the customer is."""
    if not located(customer):
        raise no_location()


def no_location() -> ApiError:
    text = "The customer's location isn't recognized. Set a valid customer address to go on."
    return invalid(text, "automatic_tax[enabled]", NO_LOCATION)


def treatment(account: Account, customer: Document, numbers: Iterable[Document]) -> Treatment:
    """Which reason decides for this customer; ``numbers`` are their tax ids."""
    country = country_of(customer) or ""
    home = account.rules.country
    if customer["tax_exempt"] == "exempt":
        return Treatment(country, "customer_exempt")
    if not collects_in(account, country):
        return Treatment(country, "not_collecting")
    if customer["tax_exempt"] == "reverse" or _answers_itself(home, country, numbers):
        return Treatment(country, "reverse_charge")
    return Treatment(country, "standard_rated" if country in RATES else "not_subject_to_tax")


def _answers_itself(home: str, country: str, numbers: Iterable[Document]) -> bool:
    abroad = country in EU and country != home
    return abroad and any(number["type"] == "eu_vat" for number in numbers)


def behavior_of(line_behavior: str | None, price: Document | None) -> str:
    """``exclusive`` or ``inclusive``; raises where neither item nor price says."""
    found = line_behavior or (price or {}).get("tax_behavior")
    if found not in ("exclusive", "inclusive"):
        text = (
            "Every price and item needs a `tax_behavior` of exclusive or inclusive when tax is "
            "worked out automatically."
        )
        raise invalid(text, "automatic_tax[enabled]")
    return str(found)


def tax_on(account: Account, amount: int, how: Treatment, behavior: str) -> dict[str, Any]:
    """The tax of one line, as lines and totals list it."""
    taxed = how.reason == "standard_rated"
    inclusive = behavior == "inclusive"
    rate = rate_for(account, how.country, inclusive=inclusive, nothing=not taxed)
    share = Decimal(str(rate["percentage"])) / 100
    tax = rounded(amount * share / (1 + share) if inclusive else amount * share)
    return {
        "amount": tax,
        "tax_behavior": behavior,
        "tax_rate_details": {"tax_rate": rate["id"]},
        "taxability_reason": how.reason,
        "taxable_amount": (amount - tax if inclusive else amount) if taxed else 0,
        "type": "tax_rate_details",
    }


def summed(entries: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """An invoice's taxes: the lines', added up by rate, behaviour and reason."""
    found: dict[tuple[str, str, str], dict[str, Any]] = {}
    for entry in entries:
        rate = entry["tax_rate_details"]["tax_rate"]
        key = (rate, entry["tax_behavior"], entry["taxability_reason"])
        total = found.setdefault(key, entry | {"amount": 0, "taxable_amount": 0})
        total["amount"] += entry["amount"]
        total["taxable_amount"] += entry["taxable_amount"]
    return list(found.values())
