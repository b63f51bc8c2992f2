"""Setting up a consultant's account at Stripe, and reading how far it is."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import select

from webapp import clock, db
from webapp.billing import stripe_gateway as gateway
from webapp.billing.calls import accounts
from webapp.billing.models import ConnectedAccount, Transfer
from webapp.billing.objects.account import StripeAccount
from webapp.billing.paying_out.planning import locked
from webapp.billing.paying_out.releasing import release
from webapp.catalog.models import Consultant
from webapp.db import session

# Stripe keeps a key and its answer for at least 24 hours.
REPEATABLE = timedelta(hours=23)


@dataclass(frozen=True)
class Opening:
    """What opening an account asks of Stripe, apart from the row. repeat: the key is young."""

    consultant: str
    email: str
    country: str
    key: str
    known: str | None
    repeat: bool


def onboarding_url(consultant: Consultant, return_url: str, refresh_url: str) -> str:
    """A page of Stripe's on which the consultant goes on setting up; the account is opened first
    if there is none. Commits on its way: a person waits for it."""
    opening = _opening(consultant)
    try:
        account = db.attempt(lambda: _opened(opening), lambda found: _keep(consultant.id, found))
    except gateway.Faulted:
        ConnectedAccount.begin(consultant).begin_again()
        session.commit()
        raise
    assert account.stripe_id
    return accounts.onboarding_url(account.stripe_id, return_url, refresh_url)


def _opening(consultant: Consultant) -> Opening:
    account = ConnectedAccount.begin(consultant)
    if account.deleted:
        account.begin_again()
    young = clock.now() - account.attempted_at < REPEATABLE
    return Opening(str(consultant.id), consultant.person.email, consultant.country,
                   account.call_key, account.stripe_id, young)  # fmt: skip


def _opened(opening: Opening) -> StripeAccount:
    if opening.known:
        return accounts.read(opening.known)
    found = None if opening.repeat else accounts.find(opening.consultant)
    return found or accounts.make(opening.consultant, opening.email, opening.country, opening.key)


def _keep(consultant_id: uuid.UUID, found: StripeAccount) -> ConnectedAccount:
    mine = select(ConnectedAccount).where(ConnectedAccount.consultant_id == consultant_id)
    account = session.scalars(mine.with_for_update()).one()
    account.take(found)
    return account


def sync(consultant_id: uuid.UUID) -> ConnectedAccount | None:
    """Read the account anew; one deleted at Stripe is told so."""
    mine = select(ConnectedAccount).where(ConnectedAccount.consultant_id == consultant_id)
    account = session.scalar(mine.with_for_update())
    if account is None or account.stripe_id is None or account.deleted:
        return account
    try:
        account.take(accounts.read(account.stripe_id))
    except gateway.Missing:
        account.gone()
    return account


def release_waiting(consultant_id: uuid.UUID) -> None:
    """The account can receive now: send what waited for it, invoice by invoice in one order."""
    waiting = select(Transfer.invoice_id).where(
        Transfer.consultant_id == consultant_id, Transfer.state == "waiting"
    )
    for invoice_id in session.scalars(waiting.distinct().order_by(Transfer.invoice_id)).all():
        locked(invoice_id)
        for transfer in Transfer.of(invoice_id):
            release(transfer)
