"""A client whose payments are shared with a consultant, and what is found at both ends."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from tests.billing.conftest import Client, rows
from webapp.billing.models import ConnectedAccount, Invoice, Payment, Transfer, TransferReversal
from webapp.billing.paying_out import accounts
from webapp.catalog.models import Consultant
from webapp.db import session
from webapp.engagements.models import Assignment


@dataclass
class Sharing:
    """One client, one consultant (who leads), Stripe's stand-in between them."""

    payer: Client

    @property
    def consultant(self) -> Consultant:
        session.rollback()
        found: Consultant = self.payer.booking.hold.consultant
        return found

    def shares(self, percent: int) -> None:
        """Their part of what is paid from now on."""
        for row in rows(Assignment):
            row.share_percent = percent
        session.commit()

    def opens_account(self, finish: bool = True) -> str:
        """Their account at Stripe, as from their Earnings page; finish: all that is asked given."""
        url = accounts.onboarding_url(self.consultant, "http://x/return", "http://x/refresh")
        session.commit()
        assert url.startswith(self.payer.stripe.base)
        account = self.account.stripe_id
        assert account
        if finish:
            self.payer.stripe.control(f"accounts/{account}", do="finish")
            self.payer.hear()
        return account

    @property
    def account(self) -> ConnectedAccount:
        [only] = rows(ConnectedAccount)
        found: ConnectedAccount = only
        return found

    @property
    def invoice(self) -> Invoice:
        session.rollback()
        return session.scalars(select(Invoice).order_by(Invoice.issued_at)).first()  # type: ignore[return-value]

    def dispute(self, **values: Any) -> str:
        """The client's bank contests the first payment; Stripe's id of the dispute."""
        payment = session.scalars(select(Payment).order_by(Payment.paid_at)).first()
        assert payment
        opened = self.payer.stripe.control("disputes", charge=payment.stripe_id, **values)
        self.payer.hear()
        return str(opened["id"])

    def decide(self, dispute: str, outcome: str) -> None:
        self.payer.stripe.control(f"disputes/{dispute}", outcome=outcome)
        self.payer.hear()

    def at_stripe(self) -> list[dict[str, Any]]:
        """The transfers that exist there, oldest first."""
        return self.payer.stripe.of("transfer", self.payer.engagement.id)[::-1]

    def begin(self, percent: int = 40, account: bool = True) -> None:
        """A paid first invoice (5,000 for the work, 1,000 deposit), shared."""
        name = ("shared", self.payer.booking.token, percent, account)
        self.payer.steps.take(name, lambda: self._begin(percent, account))

    def _begin(self, percent: int, account: bool) -> None:
        self.shares(percent)
        if account:
            self.opens_account()
        self.payer.start()


def transfers() -> list[Transfer]:
    return sorted(rows(Transfer), key=lambda row: row.id)


def reversals() -> list[TransferReversal]:
    return sorted(rows(TransferReversal), key=lambda row: row.id)


def states() -> list[tuple[str, str, int]]:
    """(state, reason, minor units earned) of each share."""
    return [(row.state, row.reason, row.earned_minor) for row in transfers()]
