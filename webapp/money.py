"""Money: a whole number of minor units and a currency. A float never gets in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from babel import Locale, UnknownLocaleError
from babel.numbers import format_currency

# Stripe's own table, not ISO 4217: https://docs.stripe.com/currencies#zero-decimal
ZERO_DECIMAL = frozenset("BIF CLP DJF GNF JPY KMF KRW MGA PYG RWF VND VUV XAF XOF XPF".split())
# Sent with three decimals, of which the last has to be 0: https://docs.stripe.com/currencies#three-decimal
THREE_DECIMAL = frozenset("BHD JOD KWD OMR TND".split())
# Without decimals to people, sent with two that have to be 00: https://docs.stripe.com/currencies#special-cases
WHOLE_HUNDREDS = frozenset("ISK UGX".split())

# Pages and mails are in English: as in the United States, where nobody knows the reader's country.
LOCALE = "en_US"


def decimals(currency: str) -> int:
    """How many digits of a Stripe amount in this currency stand behind the point."""
    if currency in ZERO_DECIMAL:
        return 0
    return 3 if currency in THREE_DECIMAL else 2


def step(currency: str) -> int:
    """The least that can be charged apart, in minor units: all amounts are multiples of it."""
    if currency in WHOLE_HUNDREDS:
        return 100
    return 10 if currency in THREE_DECIMAL else 1


def locale_of(country: str) -> str:
    """How English is written in a country (ISO 3166 alpha-2): its marks and order in numbers.

    'en_DE' gives '5.000,00 €'. LOCALE where the country is unknown, or Babel has no English there.
    """
    try:
        return str(Locale("en", country)) if len(country) == 2 else LOCALE
    except UnknownLocaleError:
        return LOCALE


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
        if minor % step(currency):
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

    def __mul__(self, times: int) -> Money:
        if type(times) is not int:
            raise TypeError(f"money is multiplied by whole numbers, not by {times!r}")
        return Money(self.minor * times, self.currency)

    __rmul__ = __mul__

    def __bool__(self) -> bool:
        return self.minor != 0

    def __lt__(self, other: Money) -> bool:
        self._same(other)
        return self.minor < other.minor

    def __le__(self, other: Money) -> bool:
        self._same(other)
        return self.minor <= other.minor

    def __gt__(self, other: Money) -> bool:
        return other < self

    def __ge__(self, other: Money) -> bool:
        return other <= self

    def allocate(self, weights: Sequence[int]) -> list[Money]:
        """Shares in proportion to whole-number weights that add up to the amount, to the unit.

        What rounding down leaves over goes, a unit each, to the largest remainders (the first of
        equals). Shares can be charged where the amount can (see `step`) and have its sign. Raises
        ValueError for no weights, for one below zero, or when all are zero.
        """
        if any(type(weight) is not int for weight in weights):
            raise TypeError("weights are whole numbers: days, minutes, minor units")
        whole = sum(weights)
        if whole <= 0 or min(weights) < 0:
            raise ValueError(f"nothing to share by: {list(weights)}")
        unit = self._unit
        units, sign = abs(self.minor) // unit, -1 if self.minor < 0 else 1
        shares = [units * weight // whole for weight in weights]
        by_remainder = sorted(range(len(weights)), key=lambda i: -(units * weights[i] % whole))
        for i in by_remainder[: units - sum(shares)]:
            shares[i] += 1
        return [Money(sign * share * unit, self.currency) for share in shares]

    def prorate(self, part: int, whole: int) -> Money:
        """The share of `part` of `whole` (days of a month, say); with the rest it is the amount."""
        return self.allocate([part, whole - part])[0]

    def floored(self, part: int, whole: int) -> Money:
        """`part` of `whole`, rounded down: what several are given never passes the whole."""
        unit = self._unit
        return Money(self.minor // unit * part // whole * unit, self.currency)

    def percent(self, share: int) -> Money:
        """A whole-number percentage, rounded half up to what can be charged (see `step`)."""
        if type(share) is not int:
            raise TypeError("a percentage is a whole number here")
        unit = self._unit
        return Money((self.minor // unit * share * 2 + 100) // 200 * unit, self.currency)

    def format(self, locale: str = LOCALE) -> str:
        """As a reader of that locale writes it; whole amounts keep their decimals."""
        return format_currency(self.major, self.currency, locale=locale)

    @property
    def _unit(self) -> int:
        """What shares are counted in: an amount that cannot be charged has shares that cannot."""
        return step(self.currency) if self.minor % step(self.currency) == 0 else 1

    def _same(self, other: Money) -> None:
        if self.currency != other.currency:
            raise ValueError(f"{self.currency} and {other.currency} are different money")
