"""What an invoice comes to: lines, less discounts, plus tax.

Source: https://docs.stripe.com/api/invoices/object: ``subtotal`` is before discounts and
exclusive tax, ``total_excluding_tax`` before tax, ``total`` after both.
"""

from decimal import Decimal
from typing import Any

from sandbox.stripe.billing import discounts, tax_ids, taxes
from sandbox.stripe.billing.money import rounded
from sandbox.stripe.core.account import Account
from sandbox.stripe.core.documents import Document, private
from sandbox.stripe.core.errors import invalid


def reckon(account: Account, invoice: Document) -> Document:
    """Bring a draft's lines and totals up to date."""
    discounts.spread(account, invoice)
    _tax(account, invoice)
    rows = invoice["lines"]["data"]
    subtotal = sum(row["amount"] for row in rows)
    taken = _by_discount(invoice)
    discounted = subtotal - sum(entry["amount"] for entry in taken)
    owed = taxes.summed(entry for row in rows for entry in row["taxes"])
    added, contained = (_sum(owed, behavior) for behavior in ("exclusive", "inclusive"))
    due = max(discounted + added, 0)
    invoice.update(
        subtotal=subtotal,
        subtotal_excluding_tax=subtotal - _contained_before_discounts(rows),
        total=discounted + added,
        total_discount_amounts=taken,
        total_excluding_tax=discounted - contained,
        total_pretax_credit_amounts=[
            entry | {"type": "discount", "credit_balance_transaction": None} for entry in taken
        ],
        total_taxes=owed,
        amount_due=due,
        amount_remaining=due,
    )
    return account.save(invoice)


def _sum(owed: list[dict[str, Any]], behavior: str) -> int:
    return sum(entry["amount"] for entry in owed if entry["tax_behavior"] == behavior)


def _contained_before_discounts(rows: list[Document]) -> int:
    """The tax that is part of the lines' undiscounted amounts."""
    found = Decimal(0)
    for row in rows:
        left = discounts.left(row)
        inside = sum(t["amount"] for t in row["taxes"] if t["tax_behavior"] == "inclusive")
        found += Decimal(inside) * row["amount"] / left if left else 0
    return rounded(found)


def _tax(account: Account, invoice: Document) -> None:
    """Work out every line's tax, or say that nobody knows where the customer is."""
    for row in invoice["lines"]["data"]:
        row["taxes"] = []
    if not invoice["automatic_tax"]["enabled"]:
        return
    customer = account.get("customer", invoice["customer"])
    numbers = tax_ids.of(account, customer["id"])
    invoice["customer_tax_ids"] = tax_ids.shown(numbers)
    known = taxes.located(customer)
    invoice["automatic_tax"]["status"] = "complete" if known else "requires_location_inputs"
    if known:
        how = taxes.treatment(account, customer, numbers)
        for row in invoice["lines"]["data"]:
            row["taxes"] = [_line_tax(account, row, how)]


def _line_tax(account: Account, row: Document, how: taxes.Treatment) -> dict[str, Any]:
    amount = discounts.left(row)
    if amount < 0 and not account.rules.negative_taxed:
        text = "Items of negative amounts can't be on an invoice that is taxed automatically."
        raise invalid(text, "automatic_tax[enabled]")
    priced = ((row["pricing"] or {}).get("price_details") or {}).get("price", "")
    price = account.store.load(priced)
    behavior = taxes.behavior_of(private(row).get("tax_behavior"), price)
    if _code_of(account, row, price) == taxes.UNTAXED:
        how = taxes.Treatment(how.country, "product_exempt")
    return taxes.tax_on(account, amount, how, behavior)


def _code_of(account: Account, row: Document, price: Document | None) -> str | None:
    """The tax code that an item was given, else its product's."""
    parent = (row["parent"] or {}).get("invoice_item_details") or {}
    item = account.store.load(parent.get("invoice_item") or "")
    product = account.store.load((price or {}).get("product") or "")
    return (private(item).get("tax_code") if item else None) or (product or {}).get("tax_code")


def _by_discount(invoice: Document) -> list[dict[str, Any]]:
    """How much each discount took off, in the order they were taken."""
    rows = invoice["lines"]["data"]
    sums: dict[str, int] = {}
    for taken in (entry for row in rows for entry in row["discount_amounts"]):
        sums[taken["discount"]] = sums.get(taken["discount"], 0) + taken["amount"]
    for identifier in invoice["discounts"]:
        sums.setdefault(identifier, 0)
    return [{"amount": amount, "discount": identifier} for identifier, amount in sums.items()]
