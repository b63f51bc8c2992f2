"""Paying at the Stripe stand-in's Checkout page, as a person's browser would."""

import http.client
from urllib.parse import urlencode, urlsplit

CARD = {"number": "4242 4242 4242 4242", "exp": "12 / 40", "cvc": "123"}


class NotPaid(Exception):
    """The page did not take the payment."""


def pay(address: str, name: str, email: str, country: str) -> None:
    """Fill in the page's form and send it; the page answers by leading on to the app."""
    page = urlsplit(address)
    typed = urlencode({**CARD, "name": name, "email": email, "country": country})
    connection = http.client.HTTPConnection(page.netloc, timeout=15)
    try:
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        connection.request("POST", page.path, typed, headers)
        status = connection.getresponse().status
    finally:
        connection.close()
    if status != http.client.SEE_OTHER:
        raise NotPaid(f"the Checkout page answered {status}")
