"""Test cards and how each behaves.

Numbers and behaviour follow the testing page of Stripe's documentation. A card that Stripe would
take in live mode is declined with ``test_mode_live_card``, as in its test mode.
"""

from dataclasses import dataclass
from datetime import UTC, datetime


@dataclass(frozen=True)
class Decline:
    """Why a card is refused, in the API's words. ``code`` is the error's, not the issuer's."""

    code: str
    decline_code: str | None
    message: str


DECLINED = "Your card was declined."
DECLINES = {
    "generic_decline": Decline("card_declined", "generic_decline", DECLINED),
    "insufficient_funds": Decline(
        "card_declined", "insufficient_funds", "Your card has insufficient funds."
    ),
    "lost_card": Decline("card_declined", "lost_card", DECLINED),
    "stolen_card": Decline("card_declined", "stolen_card", DECLINED),
    "expired_card": Decline("expired_card", None, "Your card has expired."),
    "incorrect_cvc": Decline("incorrect_cvc", None, "Your card's security code is incorrect."),
    "processing_error": Decline(
        "processing_error", None, "An error occurred while processing your card. Try again soon."
    ),
    "incorrect_number": Decline("incorrect_number", None, "Your card number is incorrect."),
    "test_mode_live_card": Decline(
        "card_declined",
        "test_mode_live_card",
        "Your card was declined. This is a test: use one of the test cards.",
    ),
    "authentication_required": Decline(
        "authentication_required",
        "authentication_required",
        "Your card was declined. This transaction requires authentication.",
    ),
    "authentication_failed": Decline(
        "payment_intent_authentication_failure",
        None,
        "We are unable to authenticate your payment method. Choose another one and try again.",
    ),
}

PASSES, ONCE, ALWAYS, ON_SESSION = (
    "passes",
    "authenticates_once",
    "authenticates_always",
    "fails_later",
)
"""Beside the declines: never asks, asks until set up, asks each time, attaches and fails."""
ASKS_IN_VAIN = "authenticates_then_insufficient_funds"
"""Asks each time, and has no funds either."""
BEHAVIOURS = frozenset({PASSES, ONCE, ALWAYS, ON_SESSION, ASKS_IN_VAIN, *DECLINES})


BYPASSES_PENDING, DISPUTED = "bypasses_pending", "disputed"
"""What becomes of a payment afterwards: its money is available at once; it is disputed."""


@dataclass(frozen=True)
class TestCard:
    behaviour: str = PASSES
    brand: str = "visa"
    funding: str = "credit"
    after: str = ""

    __test__ = False


CARDS = {
    "4242424242424242": TestCard(),
    "4000056655665556": TestCard(funding="debit"),
    "5555555555554444": TestCard(brand="mastercard"),
    "5200828282828210": TestCard(brand="mastercard", funding="debit"),
    "378282246310005": TestCard(brand="amex"),
    "4000000000000002": TestCard("generic_decline"),
    "4000000000009995": TestCard("insufficient_funds"),
    "4000000000009987": TestCard("lost_card"),
    "4000000000009979": TestCard("stolen_card"),
    "4000000000000069": TestCard("expired_card"),
    "4000000000000127": TestCard("incorrect_cvc"),
    "4000000000000119": TestCard("processing_error"),
    "4000000000000341": TestCard(ON_SESSION),
    "4000002500003155": TestCard(ONCE),
    "4000002760003184": TestCard(ALWAYS),
    "4000000000003220": TestCard(ALWAYS),
    "4000008260003178": TestCard(ASKS_IN_VAIN),
    "4000000000000077": TestCard(after=BYPASSES_PENDING),
    "4000000000000259": TestCard(after=DISPUTED),
}

# Ready-made payment methods the API takes in test mode, by the card behind each.
TOKENS = {
    "pm_card_visa": "4242424242424242",
    "pm_card_mastercard": "5555555555554444",
    "pm_card_amex": "378282246310005",
    "pm_card_visa_chargeDeclined": "4000000000000002",
    "pm_card_chargeDeclined": "4000000000000002",
    "pm_card_chargeDeclinedInsufficientFunds": "4000000000009995",
    "pm_card_chargeCustomerFail": "4000000000000341",
    "pm_card_authenticationRequired": "4000002760003184",
    "pm_card_authenticationRequiredOnSetup": "4000002500003155",
    "pm_card_threeDSecure2Required": "4000000000003220",
    "pm_card_bypassPending": "4000000000000077",
    "pm_card_createDispute": "4000000000000259",
}


def passes_luhn(number: str) -> bool:
    digits = [int(d) for d in reversed(number)]
    doubled = [sum(divmod(2 * d, 10)) for d in digits[1::2]]
    return (sum(digits[::2]) + sum(doubled)) % 10 == 0


def card_for(number: str) -> TestCard:
    """The test card of this number; any other number is declined."""
    if number in CARDS:
        return CARDS[number]
    return TestCard("test_mode_live_card" if passes_luhn(number) else "incorrect_number")


def decline_of(behaviour: str, *, charging: bool) -> Decline | None:
    """Why a card of this behaviour is refused, when it is set up or when it is charged."""
    if behaviour == ON_SESSION:
        return DECLINES["generic_decline"] if charging else None
    if behaviour == ASKS_IN_VAIN:
        return DECLINES["insufficient_funds"] if charging else None
    return DECLINES.get(behaviour)


def asks_for_authentication(behaviour: str, *, set_up: bool) -> bool:
    """``set_up``: the holder has authenticated for this card before."""
    return behaviour in (ALWAYS, ASKS_IN_VAIN) or (behaviour == ONCE and not set_up)


def has_expired(exp_month: int, exp_year: int, at: int) -> bool:
    """A card is good to the last day of its month."""
    present = datetime.fromtimestamp(at, UTC)
    return (exp_year, exp_month) < (present.year, present.month)
