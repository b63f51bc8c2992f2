"""Money: a whole number of minor units and a currency. A float never gets in."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from babel.numbers import format_currency

# Stripe's own table, not ISO 4217: ISK and UGX are charged as if they had two decimals.
# https://docs.stripe.com/currencies#special-cases
ZERO_DECIMAL = frozenset("BIF CLP DJF GNF JPY KMF KRW MGA PYG RWF VND VUV XAF XOF XPF".split())
THREE_DECIMAL = frozenset("BHD JOD KWD OMR TND".split())


def decimals(currency: str) -> int:
    """How many digits of a Stripe amount in this currency stand behind the point."""
    if currency in ZERO_DECIMAL:
        return 0
    return 3 if currency in THREE_DECIMAL else 2


@dataclass(frozen=True, order=False)
class Money:
    """minor: signed whole minor units, as Stripe counts them; currency: ISO 4217 in capitals."""

    minor: int
    currency: str

    def __post_init__(self) -> None:
        if type(self.minor) is not int:
            raise TypeError(f"money counts whole minor units, not {self.minor!r}")
        if len(self.currency) != 3 or not self.currency.isupper():
            raise ValueError(f"not a currency code: {self.currency!r}")

    @classmethod
    def of(cls, major: str | int | Decimal, currency: str) -> Money:
        """An amount in major units, as people write it; ValueError where a minor unit splits."""
        if isinstance(major, float):
            raise TypeError("a float is no amount of money")
        minor = Decimal(major).scaleb(decimals(currency))
        if minor != minor.to_integral_value():
            raise ValueError(f"{major} {currency} is finer than its smallest unit")
        return cls(int(minor), currency)

    @property
    def major(self) -> Decimal:
        return Decimal(self.minor).scaleb(-decimals(self.currency))

    def __add__(self, other: Money) -> Money:
        self._same(other)
        return Money(self.minor + other.minor, self.currency)

    def __sub__(self, other: Money) -> Money:
        self._same(other)
        return Money(self.minor - other.minor, self.currency)

    def __neg__(self) -> Money:
        return Money(-self.minor, self.currency)

    def __bool__(self) -> bool:
        return self.minor != 0

    def percent(self, share: int) -> Money:
        """A whole-number percentage, rounded half up to the minor unit."""
        if type(share) is not int:
            raise TypeError("a percentage is a whole number here")
        return Money((self.minor * share * 2 + 100) // 200, self.currency)

    def format(self, locale: str = "en_US") -> str:
        """As a reader of that locale writes it; whole amounts keep their decimals."""
        return format_currency(self.major, self.currency, locale=locale)

    def _same(self, other: Money) -> None:
        if self.currency != other.currency:
            raise ValueError(f"{self.currency} and {other.currency} do not add up")
