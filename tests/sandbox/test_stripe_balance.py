"""Every payment leaves its money on the balance, less Stripe's fee, and every refund takes it."""

from datetime import UTC, datetime

import pytest
import stripe

from sandbox.stripe.billing.fees import payment_fee
from sandbox.stripe.billing.ledger import settles_at
from tests.sandbox.stripe_desk import DAY, Desk, price

BYPASS = "4000000000000077"


def paid(desk: Desk, amount: int, currency: str = "usd", number: str = BYPASS) -> stripe.Charge:
    session = desk.api.v1.checkout.sessions.create(
        {
            "mode": "payment",
            "line_items": [price(amount, "Tea", currency=currency)],
            "success_url": "http://app.test/done",
        }
    )
    assert desk.pay(session, number).status_code == 303
    done = desk.api.v1.checkout.sessions.retrieve(
        session.id, {"expand": ["payment_intent.latest_charge.balance_transaction"]}
    )
    assert isinstance(done.payment_intent, stripe.PaymentIntent)
    assert isinstance(done.payment_intent.latest_charge, stripe.Charge)
    return done.payment_intent.latest_charge


def amounts(desk: Desk) -> dict[str, tuple[int, int]]:
    """What is available and what is pending, by currency."""
    found = desk.api.v1.balance.retrieve()
    pending = {one.currency: one.amount for one in found.pending}
    return {one.currency: (one.amount, pending[one.currency]) for one in found.available}


def test_a_payment_s_fee_is_found_by_its_charge(desk: Desk) -> None:
    charge = paid(desk, 500_000)
    booked = charge.balance_transaction
    assert isinstance(booked, stripe.BalanceTransaction)
    assert (booked.amount, booked.fee, booked.net) == (500_000, 14_530, 485_470)
    assert booked.type == "charge" and booked.source == charge.id
    assert [(one.type, one.amount) for one in booked.fee_details] == [("stripe_fee", 14_530)]


def test_a_renewal_s_invoice_leads_to_its_fee(desk: Desk) -> None:
    subscription = desk.subscribed()
    desk.advance_to(subscription.trial_end + DAY)
    renewal = desk.invoices(subscription.id)[-1].id
    found = desk.api.v1.invoices.retrieve(
        renewal, {"expand": ["payments.data.payment.payment_intent"]}
    )
    intent = found.payments.data[0].payment.payment_intent
    assert isinstance(intent, stripe.PaymentIntent)
    path = {"expand": ["latest_charge.balance_transaction"]}
    charge = desk.api.v1.payment_intents.retrieve(intent.id, path).latest_charge
    assert charge.balance_transaction.net == 500_000 - payment_fee("card", 500_000, "usd")
    listed = desk.api.v1.charges.list({"payment_intent": intent.id}).data
    assert [one.id for one in listed] == [charge.id]


def test_more_than_four_levels_are_refused_as_by_stripe(desk: Desk) -> None:
    invoice = desk.invoices(desk.subscribed().id)[0].id
    path = "payments.data.payment.payment_intent.latest_charge.balance_transaction"
    with pytest.raises(stripe.InvalidRequestError, match="4 levels"):
        desk.api.v1.invoices.retrieve(invoice, {"expand": [path]})


def test_card_money_is_pending_for_two_working_days(desk: Desk) -> None:
    charge = paid(desk, 100_000, number="4242424242424242")
    net = charge.balance_transaction.net
    assert charge.balance_transaction.status == "pending"
    assert amounts(desk) == {"usd": (0, net)}
    desk.advance_to(charge.balance_transaction.available_on)
    assert amounts(desk) == {"usd": (net, 0)}
    [booked] = desk.api.v1.balance_transactions.list().data
    assert booked.status == "available"


@pytest.mark.parametrize(
    ("paid_on", "available_on"),
    [("2026-11-18", "2026-11-20"), ("2026-11-20", "2026-11-24"), ("2026-11-22", "2026-11-24")],
)
def test_weekends_settle_nothing(paid_on: str, available_on: str) -> None:
    noon = datetime.fromisoformat(f"{paid_on}T12:00:00+00:00")
    assert datetime.fromtimestamp(settles_at(int(noon.timestamp())), UTC).date().isoformat() == (
        available_on
    )


def test_currencies_have_balances_and_fixed_fees_of_their_own(desk: Desk) -> None:
    paid(desk, 100_000, "eur")
    paid(desk, 50_000, "jpy")
    assert amounts(desk) == {"eur": (100_000 - 2_925, 0), "jpy": (50_000 - 1_480, 0)}


def test_a_refund_takes_the_amount_and_leaves_the_fee(desk: Desk) -> None:
    charge = paid(desk, 100_000)
    made = desk.api.v1.refunds.create(
        {"charge": charge.id, "amount": 40_000, "expand": ["balance_transaction"]}
    )
    assert isinstance(made.balance_transaction, stripe.BalanceTransaction)
    assert (made.balance_transaction.net, made.balance_transaction.fee) == (-40_000, 0)
    assert made.balance_transaction.type == "refund"
    desk.api.v1.refunds.create({"charge": charge.id})
    assert amounts(desk) == {"usd": (-payment_fee("card", 100_000, "usd"), 0)}
    told = desk.api.v1.events.list({"type": "charge.refunded"}).data[::-1]
    assert [one.data.object["amount_refunded"] for one in told] == [40_000, 100_000]
    assert [one.data.object["refunded"] for one in told] == [False, True]


def test_the_balance_transaction_comes_after_the_charge_has_been_reported(desk: Desk) -> None:
    """As with Stripe's default capture method: ``charge.updated`` brings it."""
    paid(desk, 100_000)
    told = {e.type: e.data.object for e in desk.api.v1.events.list({"type": "charge.*"}).data}
    assert told["charge.succeeded"]["balance_transaction"] is None
    assert told["charge.updated"]["balance_transaction"].startswith("txn_")


def test_a_failed_charge_moves_nothing(desk: Desk) -> None:
    session = desk.retainer(desk.customer())
    assert desk.pay(session, "4000000000000002").status_code == 402
    assert desk.api.v1.balance_transactions.list().data == []
    assert desk.api.v1.charges.list().data[0].balance_transaction is None
