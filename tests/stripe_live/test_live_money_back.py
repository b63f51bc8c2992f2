"""Money back at Stripe: refunds, credit notes, disputes; and what an idempotency key promises."""

from datetime import timedelta

import pytest
import stripe

from tests.stripe_live.world import MONTH, World, refused, wait_until
from webapp.billing.calls import charges, credit_notes, invoices, refunds
from webapp.billing.stripe_gateway import Bug


def test_two_partial_refunds_add_up_and_a_third_is_refused(world: World) -> None:
    first = world.latest(world.retainer(world.customer()))
    paid_by = str(first.payment_intent)
    for minor in (100_000, 50_000):
        refunds.make(paid_by, minor, {"refund": world.run}, world.key())
    assert sum(one.amount.minor for one in refunds.list_of(paid_by)) == 150_000
    with pytest.raises(Bug):
        refunds.make(paid_by, MONTH, {"refund": world.run}, world.key())
    [charge] = charges.that_paid(first.id)
    assert charge.refunded.minor == 150_000


def test_a_credit_note_gives_back_by_refund(world: World) -> None:
    first = world.latest(world.retainer(world.customer()))
    params = {
        "invoice": first.id,
        "amount": 25_000,
        "refund_amount": 25_000,
        "reason": "product_unsatisfactory",
        "metadata": {"credit_note": world.run},
    }
    made = credit_notes.make(params, world.key())
    found = credit_notes.find(first.id, world.run)
    assert found is not None and found.id == made.id and made.status == "issued"
    [refund] = refunds.list_of(str(first.payment_intent))
    assert refund.amount.minor == 25_000


def test_a_disputed_payment_is_found_by_its_charge(world: World) -> None:
    first = world.latest(world.retainer(world.customer("pm_card_createDispute")))
    [charge] = charges.that_paid(first.id)
    world.advance_to(world.now + timedelta(hours=1))
    disputes = world.v1.disputes
    [dispute] = wait_until(lambda: disputes.list({"charge": charge.id}).data)
    assert (dispute.status, dispute.amount) == ("needs_response", first.total.minor)
    assert charges.read(charge.id).disputed
    disputes.update(dispute.id, {"evidence": {"uncategorized_text": "losing_evidence"}})
    wait_until(lambda: disputes.retrieve(dispute.id).status == "lost")


def test_a_key_gives_the_same_object_and_refuses_another_body(world: World) -> None:
    first = world.latest(world.retainer(world.customer()))
    paid_by, key = str(first.payment_intent), world.key()
    one = refunds.make(paid_by, 1_000, {"refund": world.run}, key)
    assert refunds.make(paid_by, 1_000, {"refund": world.run}, key).id == one.id
    other = {"payment_intent": paid_by, "amount": 2_000}
    error = refused(lambda: world.v1.refunds.create(other, {"idempotency_key": key}))
    assert isinstance(error, stripe.IdempotencyError)
    assert len(refunds.list_of(paid_by)) == 1


def test_what_is_gone_is_told_as_missing(world: World) -> None:
    with pytest.raises(Bug):
        invoices.read("in_doesnotexist")
