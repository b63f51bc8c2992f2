"""How payouts are spoken of: what an account lacks, for what a share waits."""

from __future__ import annotations

from webapp.billing.models import ConnectedAccount, Transfer

# Beginnings of Stripe's names for what it wants to know, the more particular first:
# https://docs.stripe.com/connect/custom-accounts/future-requirements
WANTED = (
    ("individual.verification", "A picture of your identity document"),
    ("company.verification", "A document of your company"),
    ("individual.dob", "Your date of birth"),
    ("individual.first_name", "Your name"),
    ("individual.last_name", "Your name"),
    ("individual.address", "Your address"),
    ("individual.phone", "Your phone number"),
    ("individual.email", "Your e-mail address"),
    ("individual.id_number", "Your tax or identity number"),
    ("individual.ssn", "Your tax or identity number"),
    ("individual", "More about you"),
    ("person", "More about the people behind your company"),
    ("representative", "Who speaks for your company"),
    ("owners", "Who owns your company"),
    ("company", "Details of your company"),
    ("business_type", "Whether you work by yourself or through a company"),
    ("business_profile", "What your work is"),
    ("external_account", "The bank account to pay into"),
    ("tos_acceptance", "Your agreement to Stripe’s terms"),
)

WAITS = {
    "account": "until the account can receive money",
    "booking": "until Stripe has booked the payment",
    "outside": "paid outside Stripe: the firm pays it itself",
    "currency": "Stripe booked the payment in another currency: the firm decides",
    "dispute": "the client’s bank contests the payment",
    "refund": "a refund of the payment is on its way",
    "": "",
}
STATES = {
    "waiting": ("Waiting", "warn"),
    "held": ("Held", "warn"),
    "intended": ("On its way", "info"),
    "sent": ("Sent", "good"),
    "reversed": ("Called back", "bad"),
    "dropped": ("Nothing to send", "neutral"),
}


def wanted(account: ConnectedAccount) -> list[str]:
    """What Stripe still wants to know, in plain words, each once."""
    words = (_word(name) for name in account.requirements)
    return list(dict.fromkeys(words))


def _word(name: str) -> str:
    known = (word for beginning, word in WANTED if name.startswith(beginning))
    return next(known, "Further details")


def account_state(account: ConnectedAccount | None) -> tuple[str, str]:
    """(words, tone) for a badge."""
    if account is None or account.stripe_id is None or account.deleted:
        return "not set up", "warn"
    if account.enabled:
        return "ready", "good"
    return ("held up by Stripe", "bad") if account.details_submitted else ("begun", "warn")


def state_of(transfer: Transfer) -> tuple[str, str, str]:
    """(words, tone, for what it waits or what became of it)."""
    words, tone = STATES[transfer.state]
    if transfer.outside and transfer.state == "sent":
        words = "Paid by the firm"
    if transfer.set_off and transfer.state == "dropped":
        words = "Set off"
    return words, tone, WAITS[transfer.reason] or _set_off(transfer)


def _set_off(transfer: Transfer) -> str:
    """Of a share that paid debts of before, whole or in part."""
    if not transfer.set_off:
        return ""
    return f"{transfer.set_off.format()} set off against what was owed to the firm"
