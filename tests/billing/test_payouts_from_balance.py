"""A share that no single payment has so much for: it comes from what is available at Stripe."""

from __future__ import annotations

from datetime import timedelta

from tests.billing.changing import pass_time
from tests.billing.conftest import Client, failed_jobs, rows
from tests.billing.paying_out import Sharing, transfers
from webapp import clock
from webapp.billing.models import Payment, Transfer
from webapp.billing.paying_out import planning
from webapp.db import session, transaction


def rest_of(sharing: Sharing) -> None:
    """A further 10.00 of a payment that has nothing left."""
    [sent], [payment] = transfers(), rows(Payment)
    with transaction():
        payment.amount_minor = sent.amount_minor
        session.add(
            Transfer(invoice_id=sent.invoice_id, consultant_id=sent.consultant_id, part="fee:2",
                     share_percent=40, earned_minor=1_000, currency="USD")
        )  # fmt: skip
        session.flush()
        planning.release_all(planning.locked(sent.invoice_id))


def test_what_is_not_available_yet_is_sent_once_it_is(payer: Client) -> None:
    sharing = Sharing(payer)
    sharing.begin(percent=40)
    rest_of(sharing)
    payer.hear()
    assert [(row.state, row.source) for row in transfers()][1:] == [("intended", "")]
    [waits] = failed_jobs()
    assert "does not cover it yet" in waits and len(sharing.at_stripe()) == 1
    pass_time(payer, clock.now() + timedelta(days=8))
    assert [row.state for row in transfers()] == ["sent", "sent"]
    assert [one["source_transaction"] for one in sharing.at_stripe() if one["amount"] == 1_000] == [
        None
    ]
    assert failed_jobs() == []
