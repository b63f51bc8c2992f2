"""Amounts in words, for pages, descriptions and errors.

Stripe's smallest units: most currencies have two decimals, some none, some three; ISK and UGX are
written with two although nothing smaller than the whole unit exists.
"""

from decimal import ROUND_HALF_UP, Decimal

from babel.numbers import format_currency

ZERO_DECIMAL = frozenset(
    {"bif", "clp", "djf", "gnf", "jpy", "kmf", "krw", "mga"}
    | {"pyg", "rwf", "vnd", "vuv", "xaf", "xof", "xpf"}
)
THREE_DECIMAL = frozenset(["bhd", "jod", "kwd", "omr", "tnd"])


def decimals(currency: str) -> int:
    return 0 if currency in ZERO_DECIMAL else 3 if currency in THREE_DECIMAL else 2


def in_words(amount: int, currency: str) -> str:
    """``$5,000.00`` for 500000 and usd."""
    value = Decimal(amount).scaleb(-decimals(currency))
    return format_currency(value, currency.upper(), locale="en_US")


def rounded(value: Decimal) -> int:
    return int(value.quantize(Decimal(1), rounding=ROUND_HALF_UP))


def line_amount(unit_amount: Decimal, quantity: Decimal | int) -> int:
    return rounded(unit_amount * quantity)
