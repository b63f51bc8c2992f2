"""Paying at the Stripe stand-in's Checkout page, as a person's browser would."""

import http.client
from urllib.parse import urlencode, urlsplit

CARD = {"number": "4242 4242 4242 4242", "exp": "12 / 40", "cvc": "123"}

# https://docs.stripe.com/payments/ach-direct-debit/accept-a-payment#test-your-integration
BANK = {"routing": "110000000", "account": "000123456789"}


class NotPaid(Exception):
    """The page did not take the payment."""


def pay(address: str, name: str, email: str, country: str) -> None:
    """By card: fill in the page's form and send it."""
    send(address, {**CARD, "name": name, "email": email, "country": country})


def pay_by_bank(address: str, name: str, email: str, country: str) -> None:
    """From a bank account, which takes days."""
    send(f"{address}/bank", {**BANK, "account_name": name, "account_email": email})


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
