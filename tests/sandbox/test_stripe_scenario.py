"""One retainer from the first click to the refund, with nothing between the app and the stand-in
but HTTP and the real SDK."""

from tests.sandbox.stripe_desk import Desk


def test_a_retainers_whole_life(desk: Desk) -> None:
    customer = desk.customer(metadata={"company": "c1"})
    session = desk.retainer(customer)
    assert desk.pay(session).status_code == 303
    subscription = desk.api.v1.subscriptions.list({"customer": customer.id}).data[0]
    _step_through(desk, subscription.trial_end + 32 * 86400)
    invoices = desk.invoices(subscription.id)
    assert [(i.status, i.amount_paid) for i in invoices] == [
        ("paid", 600_000),
        ("paid", 500_000),
        ("paid", 500_000),
    ]
    assert desk.api.v1.subscriptions.cancel(subscription.id).status == "canceled"
    [payment] = desk.api.v1.invoice_payments.list({"invoice": invoices[2].id}).data
    intent = str(payment.payment.payment_intent)
    assert (
        desk.api.v1.refunds.create({"payment_intent": intent, "amount": 200_000}).status
        == "succeeded"
    )
    assert desk.deliver()["pending"] == 0
    _assert_told_once(desk)
    assert desk.control("GET", "objects")["subscription"] == 1


def _step_through(desk: Desk, until: int) -> None:
    """As the app's own time machine does: from one due instant to the next."""
    while (at := desk.control("GET", "next_due")["at"]) and at <= until:
        desk.advance_to(at)
    desk.advance_to(until)


def _assert_told_once(desk: Desk) -> None:
    told = desk.receiver.types
    for kind, times in {
        "customer.created": 1,
        "checkout.session.completed": 1,
        "customer.subscription.created": 1,
        "customer.subscription.deleted": 1,
        "invoice.upcoming": 2,
        "invoice.paid": 3,
        "invoice_payment.paid": 3,
        "charge.succeeded": 3,
        "refund.created": 1,
        "charge.refunded": 1,
    }.items():
        assert told.count(kind) == times, kind
    assert len({event.id for event in desk.receiver.events}) == len(told)
