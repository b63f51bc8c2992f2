"""What stands below an invoice's or a credit note's lines: discounts, taxes, balance, what is due.

Each is a pair of words and a formatted amount, in the order of the page.
"""

from collections.abc import Callable
from typing import Any

from sandbox.stripe.billing.money import in_words
from sandbox.stripe.core.documents import Document

Look = Callable[[str], Document | None]
"""Finds a kept object, such as a tax rate, by its id."""
Sums = list[tuple[str, str]]
_REASONS = {
    "reverse_charge": "reverse charge: tax to be paid by the customer",
    "customer_exempt": "customer exempt",
    "not_collecting": "not collected",
    "not_subject_to_tax": "not taxable",
}


def of_invoice(invoice: Document, look: Look) -> Sums:
    rows = [("Subtotal", invoice["subtotal"])] if _is_adjusted(invoice) else []
    rows += [(_discount(t, look), -t["amount"]) for t in invoice["total_discount_amounts"] or ()]
    rows += [(_tax(t, look), t["amount"]) for t in invoice["total_taxes"] or ()]
    rows.append(("Total", invoice["total"]))
    rows += _settled(invoice)
    rows.append(("Amount due", invoice["amount_remaining"]))
    return _written(rows, invoice["currency"])


def _is_adjusted(invoice: Document) -> bool:
    return bool(invoice["total_discount_amounts"] or invoice["total_taxes"])


def _settled(invoice: Document) -> list[tuple[str, int]]:
    """What has come off the total since: balance, credit notes, payments."""
    applied = (invoice["ending_balance"] or 0) - invoice["starting_balance"]
    finalized = invoice["ending_balance"] is not None
    moved = -applied if finalized else 0
    words = "Put to the balance" if invoice["total"] < 0 else "Applied balance"
    found = [
        (words, moved),
        ("Credited before payment", -invoice["pre_payment_credit_notes_amount"]),
        ("Paid", -invoice["amount_paid"]),
        ("Credited after payment", -invoice["post_payment_credit_notes_amount"]),
    ]
    return [(name, amount) for name, amount in found if amount]


def _discount(taken: dict[str, Any], look: Look) -> str:
    discount = look(taken["discount"]) or {}
    coupon = look((discount.get("source") or {}).get("coupon") or "") or {}
    percent = coupon.get("percent_off")
    share = f" ({percent:g}% off)" if percent else ""
    return f"Discount {coupon.get('name') or ''}".rstrip() + share


def _tax(tax: dict[str, Any], look: Look) -> str:
    rate = look((tax["tax_rate_details"] or {}).get("tax_rate", "")) or {}
    reason = _REASONS.get(tax["taxability_reason"])
    name = f"{rate.get('display_name', 'Tax')} {rate.get('country') or ''}".rstrip()
    inside = ", included" if tax["tax_behavior"] == "inclusive" else ""
    return f"{name} ({reason})" if reason else f"{name} {rate.get('percentage', 0):g}%{inside}"


def of_note(note: Document, look: Look) -> Sums:
    rows = [("Credited without tax", note["total_excluding_tax"])] if note["total_taxes"] else []
    rows += [(_tax(t, look), t["amount"]) for t in note["total_taxes"] or ()]
    refunded = sum(entry["amount_refunded"] for entry in note["refunds"])
    outside = note["out_of_band_amount"] or 0
    parts = [
        ("Taken off what was due", note["pre_payment_amount"]),
        ("Refunded", refunded),
        ("Credited to the balance", note["post_payment_amount"] - refunded - outside),
        ("Given back outside Stripe", outside),
    ]
    rows += [("Total credited", note["total"]), *((n, amount) for n, amount in parts if amount)]
    return _written(rows, note["currency"])


def _written(rows: list[tuple[str, int]], currency: str) -> Sums:
    return [(name, in_words(amount, currency)) for name, amount in rows]
