"""What Stripe keeps of a payment.

Sources: the pricing page (2.9 % + 30 ¢ for cards, 0.8 % up to $5 for ACH debits, 0.8 % + 30 ¢ up to
6 for SEPA debits, $15 for a dispute) and the support page on fixed fees by currency. An account's
real terms are its own: these stand for them, and only their being subtracted is relied on.
"""

from decimal import Decimal

from sandbox.stripe.billing.money import rounded

_CARD_SHARE, _BANK_SHARE = Decimal("0.029"), Decimal("0.008")
_FIXED = {
    "aud": 30, "cad": 30, "chf": 30, "czk": 700, "dkk": 180, "eur": 25, "gbp": 20, "hkd": 235,
    "huf": 8500, "jpy": 30, "mxn": 300, "nok": 200, "nzd": 30, "pln": 100, "sek": 180, "sgd": 50,
    "usd": 30,
}  # fmt: skip
_MOST = {"us_bank_account": 500, "sepa_debit": 600}
DISPUTE_FEE = 1500
"""Kept when a payment is disputed, whoever wins; in the smallest unit of any currency."""


def fixed_fee(currency: str) -> int:
    return _FIXED.get(currency, 30)


def payment_fee(kind: str, amount: int, currency: str) -> int:
    """Of a payment by this type of payment method, in the currency's smallest unit."""
    if kind == "us_bank_account":
        return min(rounded(amount * _BANK_SHARE), _MOST[kind])
    if kind == "sepa_debit":
        return min(rounded(amount * _BANK_SHARE) + 30, _MOST[kind])
    return min(rounded(amount * _CARD_SHARE) + fixed_fee(currency), amount)
