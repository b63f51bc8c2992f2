"""Bank accounts to debit: ACH for US dollars, SEPA for euros, with the testing pages' numbers.

Sources: https://docs.stripe.com/payments/ach-direct-debit/accept-a-payment#test-account-numbers and
https://docs.stripe.com/testing#sepa-direct-debit. A debit is under way for days: where the test
mode lets some numbers clear within minutes, here all take the days that the account's rules say.
"""

import hashlib
from dataclasses import dataclass
from typing import Any, Protocol

from sandbox.stripe.billing.cards import DISPUTED
from sandbox.stripe.core.account import Account
from sandbox.stripe.core.documents import Document, private, shape

ACH, SEPA = "us_bank_account", "sepa_debit"
BY_CURRENCY = {"usd": ACH, "eur": SEPA}
CLEARS, NEVER = "clears", "never"
"""Beside the reasons for which a debit is returned."""

ACCOUNTS = {
    "000123456789": CLEARS,
    "000111111113": "account_closed",
    "000111111116": "no_account",
    "000222222227": "insufficient_funds",
    "000333333335": "debit_not_authorized",
    "000555555559": DISPUTED,
    "000000000009": NEVER,
}
IBANS = {
    "AT611904300234573201": CLEARS,
    "AT321904300235473204": CLEARS,
    "AT861904300235473202": "generic_decline",
    "AT051904300235473205": "generic_decline",
    "AT591904300235473203": DISPUTED,
    "AT981904300002222227": "insufficient_funds",
    "DE89370400440532013000": CLEARS,
    "DE62370400440532013001": "generic_decline",
    "DE35370400440532013002": DISPUTED,
}
TOKENS = {
    "pm_usBankAccount_success": "000123456789",
    "pm_usBankAccount_accountClosed": "000111111113",
    "pm_usBankAccount_noAccount": "000111111116",
    "pm_usBankAccount_insufficientFunds": "000222222227",
    "pm_usBankAccount_debitNotAuthorized": "000333333335",
    "pm_usBankAccount_dispute": "000555555559",
    "pm_usBankAccount_processing": "000000000009",
    "pm_sepaDebit_success_at": "AT611904300234573201",
    "pm_sepaDebit_failed_at": "AT861904300235473202",
    "pm_sepaDebit_insufficientFunds_at": "AT981904300002222227",
    "pm_sepaDebit_success_de": "DE89370400440532013000",
    "pm_sepaDebit_failed_de": "DE62370400440532013001",
}
RETURNS = {
    "account_closed": "The bank account has been closed.",
    "debit_not_authorized": "The account's holder has not authorized this debit.",
    "generic_decline": "The bank returned the debit.",
    "insufficient_funds": "The account has insufficient funds to cover this debit.",
    "no_account": "The bank account could not be found.",
}


@dataclass(frozen=True)
class BankEntry:
    """A bank account as typed into a page: an IBAN, or a US account with its routing number."""

    kind: str
    number: str
    routing: str = "110000000"
    name: str | None = None
    email: str | None = None
    country: str | None = None


def offered(account: Account, currency: str) -> list[str]:
    """The types of payment method that a page offers for a currency."""
    debit = BY_CURRENCY.get(currency) if account.rules.bank_debits else None
    return ["card", debit] if debit else ["card"]


class Payer(Protocol):
    """Who typed a means of payment into a page."""

    @property
    def name(self) -> str | None: ...

    @property
    def email(self) -> str | None: ...

    @property
    def country(self) -> str | None: ...


def drawn_up(
    account: Account, payer: Payer, customer: str | None, kind: str, details: dict[str, Any]
) -> Document:
    """A payment method of any type; its ``created`` is the customer's present."""
    address = {"country": payer.country}
    return shape(
        "payment_method",
        allow_redisplay="unspecified",
        billing_details={"name": payer.name, "email": payer.email, "address": address},
        created=account.customer_time(customer),
        livemode=False,
        metadata={},
        type=kind,
        **{kind: details},
    )


def create(account: Account, entry: BankEntry, customer: str | None = None) -> Document:
    """A payment method that is not attached yet."""
    method = drawn_up(account, entry, customer, entry.kind, _details(entry))
    found = (ACCOUNTS if entry.kind == ACH else IBANS).get(entry.number, CLEARS)
    debit = CLEARS if found == DISPUTED else found
    after = DISPUTED if found == DISPUTED else ""
    private(method).update(behaviour="passes", debit=debit, after=after)
    return account.save(method)


def _details(entry: BankEntry) -> dict[str, Any]:
    shared = {
        "fingerprint": hashlib.sha256(entry.number.encode()).hexdigest()[:16],
        "last4": entry.number[-4:],
    }
    if entry.kind == SEPA:
        country = entry.number[:2]
        return shared | {"bank_code": entry.number[4:12], "country": country}
    return shared | {
        "account_holder_type": "company",
        "account_type": "checking",
        "bank_name": "STRIPE TEST BANK",
        "networks": {"preferred": "ach", "supported": ["ach"]},
        "routing_number": entry.routing,
    }


def from_token(account: Account, token: str, customer: str) -> Document:
    number = TOKENS[token]
    kind = ACH if number.isdigit() else SEPA
    return create(account, BankEntry(kind, number, name="Test Account"), customer)
