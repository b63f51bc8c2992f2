"""Identifiers in Stripe's form: a prefix that names the kind and a random tail."""

import secrets
import string

_ALPHABET = string.ascii_letters + string.digits

PREFIXES = {
    "customer": "cus",
    "product": "prod",
    "price": "price",
    "checkout.session": "cs_test",
    "subscription": "sub",
    "subscription_item": "si",
    "invoice": "in",
    "line_item": "il",
    "item": "li",
    "invoiceitem": "ii",
    "invoice_payment": "inpay",
    "payment_intent": "pi",
    "setup_intent": "seti",
    "payment_method": "pm",
    "charge": "ch",
    "refund": "re",
    "balance_transaction": "txn",
    "account": "acct",
    "transfer": "tr",
    "transfer_reversal": "trr",
    "payout": "po",
    "bank_account": "ba",
    "dispute": "du",
    "promotion_code": "promo",
    "discount": "di",
    "tax_id": "txi",
    "credit_note": "cn",
    "credit_note_line_item": "cnli",
    "customer_balance_transaction": "cbtxn",
    "billing_portal.session": "bps",
    "billing_portal.configuration": "bpc",
    "event": "evt",
    "test_helpers.test_clock": "clock",
}


def new_id(kind: str) -> str:
    return f"{PREFIXES[kind]}_{random_text(24)}"


def random_text(length: int) -> str:
    return "".join(secrets.choice(_ALPHABET) for _ in range(length))


def invoice_prefix() -> str:
    """Eight capitals and digits, as Stripe gives each customer for numbering invoices."""
    return "".join(secrets.choice(string.ascii_uppercase + string.digits) for _ in range(8))
