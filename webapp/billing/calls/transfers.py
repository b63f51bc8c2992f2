"""Transfers to connected accounts, and their reversals."""

from __future__ import annotations

from collections.abc import Mapping

from webapp.billing.objects.document import Document
from webapp.billing.objects.transfer import StripeReversal, StripeTransfer
from webapp.billing.stripe_gateway import ask, keyed


def make(params: Document, key: str) -> StripeTransfer:
    return StripeTransfer.read(ask(lambda v1: v1.transfers.create(params, keyed(key))))


def read(transfer: str) -> StripeTransfer:
    return StripeTransfer.read(ask(lambda v1: v1.transfers.retrieve(transfer)))


def find(group: str, named: str) -> StripeTransfer | None:
    """The transfer of a group that carries our id."""
    params = {"transfer_group": group, "limit": 100}
    found = map(StripeTransfer.read, ask(lambda v1: v1.transfers.list(params))["data"])
    return next((one for one in found if one.metadata.get("transfer") == named), None)


def reverse(transfer: str, minor: int, metadata: Mapping[str, str], key: str) -> StripeReversal:
    """Call back `minor` units of a transfer; Insufficient when its account does not cover them."""
    params = {"amount": minor, "metadata": dict(metadata)}
    made = ask(lambda v1: v1.transfers.reversals.create(transfer, params, keyed(key)))
    return StripeReversal.read(made)


def reversals_of(transfer: str) -> list[StripeReversal]:
    params = {"limit": 100}
    found = ask(lambda v1: v1.transfers.reversals.list(transfer, params))["data"]
    return [StripeReversal.read(one) for one in found]
