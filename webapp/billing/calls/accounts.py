"""Connected accounts, and the links by which consultants set them up."""

from __future__ import annotations

from webapp.billing.objects.account import StripeAccount
from webapp.billing.objects.document import Document
from webapp.billing.stripe_gateway import ask, keyed

MOST_PAGES = 50


def read(account: str) -> StripeAccount:
    return StripeAccount.read(ask(lambda v1: v1.accounts.retrieve(account)))


def make(consultant: str, email: str, country: str, key: str) -> StripeAccount:
    """An express account: Stripe asks its holder for what it must know, on pages of its own."""
    params: Document = {
        "type": "express",
        "email": email,
        "capabilities": {"transfers": {"requested": True}},
        "metadata": {"consultant": consultant},
    }
    if len(country) == 2:
        params["country"] = country
    return StripeAccount.read(ask(lambda v1: v1.accounts.create(params, keyed(key))))


def find(consultant: str) -> StripeAccount | None:
    """The consultant's account among all of ours, for an answer lost so long ago that Stripe has
    forgotten the key: accounts cannot be searched, so they are read through."""
    after: Document = {}
    for _ in range(MOST_PAGES):
        page = _page(after)
        accounts = map(StripeAccount.read, page["data"])
        for account in accounts:
            if account.metadata.get("consultant") == consultant:
                return account
        if not page["has_more"]:
            return None
        after = {"starting_after": page["data"][-1]["id"]}
    return None


def _page(after: Document) -> Document:
    return ask(lambda v1: v1.accounts.list({"limit": 100} | after))


def onboarding_url(account: str, return_url: str, refresh_url: str) -> str:
    """A page of Stripe's on which the holder sets the account up; good once, for minutes."""
    params = {
        "account": account,
        "type": "account_onboarding",
        "return_url": return_url,
        "refresh_url": refresh_url,
    }
    return str(ask(lambda v1: v1.account_links.create(params))["url"])
