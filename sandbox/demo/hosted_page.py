"""Paying at the Stripe stand-in's Checkout page, as a person's browser would."""

import http.client
from urllib.parse import urlencode, urlsplit

from sandbox.demo.clients import Client

CARD = {"number": "4242 4242 4242 4242", "cvc": "123"}

# https://docs.stripe.com/payments/ach-direct-debit/accept-a-payment#test-your-integration
BANK = {"routing": "110000000", "account": "000123456789"}


class NotPaid(Exception):
    """The page did not take the payment."""


def pay(address: str, client: Client) -> None:
    """By card: fill in the page's form and send it. The page of an invoice is like it."""
    draft = client.draft
    owner = {"name": draft.contact_name, "email": draft.contact_email, "country": draft.country}
    send(address, {**CARD, **owner, "exp": client.card_expires})


def pay_by_bank(address: str, client: Client) -> None:
    """From a bank account, which takes days."""
    draft = client.draft
    owner = {"account_name": draft.contact_name, "account_email": draft.contact_email}
    send(f"{address}/bank", {**BANK, **owner})


WAYS = {"card": pay, "bank": pay_by_bank}


def send(address: str, fields: dict[str, str]) -> None:
    """The page takes the payment and leads on to the app."""
    page, typed = urlsplit(address), urlencode(fields)
    connection = http.client.HTTPConnection(page.netloc, timeout=15)
    try:
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        connection.request("POST", page.path, typed, headers)
        status = connection.getresponse().status
    finally:
        connection.close()
    if status != http.client.SEE_OTHER:
        raise NotPaid(f"the Checkout page answered {status}")
