"""Disputes: opened by a test card or by switch, answered, won, lost, and what each costs."""

import pytest
import stripe

from tests.sandbox.stripe_desk import DAY, Desk
from tests.sandbox.test_stripe_balance import amounts, paid

FEE = 1_500


def opened(desk: Desk, charge: stripe.Charge, **more: object) -> stripe.Dispute:
    made = desk.control("POST", "disputes", {"charge": charge.id} | more)
    return desk.api.v1.disputes.retrieve(made["id"])


def decide(desk: Desk, dispute: stripe.Dispute, outcome: str) -> stripe.Dispute:
    desk.control("POST", f"disputes/{dispute.id}", {"outcome": outcome})
    return desk.api.v1.disputes.retrieve(dispute.id)


def told(desk: Desk) -> list[str]:
    return [one for one in desk.event_types() if one.startswith("charge.dispute")]


def test_the_disputed_test_card_is_disputed_after_the_payment(desk: Desk) -> None:
    session = desk.retainer(desk.customer())
    assert desk.pay(session, "4000000000000259").status_code == 303
    desk.advance(1)
    [dispute] = desk.api.v1.disputes.list().data
    assert (dispute.status, dispute.reason, dispute.amount) == (
        "needs_response",
        "fraudulent",
        600_000,
    )
    order = desk.event_types()
    assert order.index("invoice.paid") < order.index("charge.dispute.created")


def test_an_opened_dispute_takes_the_amount_and_a_fee(desk: Desk) -> None:
    charge = paid(desk, 100_000)
    before = amounts(desk)["usd"][0]
    dispute = opened(desk, charge, reason="product_not_received")
    assert amounts(desk)["usd"][0] == before - 100_000 - FEE
    assert dispute.payment_intent == charge.payment_intent
    [booked] = dispute.balance_transactions
    assert (booked.amount, booked.fee, booked.type) == (-100_000, FEE, "adjustment")
    assert desk.api.v1.charges.retrieve(charge.id).disputed
    assert told(desk) == ["charge.dispute.created", "charge.dispute.funds_withdrawn"]
    listed = desk.api.v1.disputes.list({"charge": charge.id}).data
    assert [one.id for one in listed] == [dispute.id]


def test_a_won_dispute_gives_the_amount_back_but_not_the_fee(desk: Desk) -> None:
    charge = paid(desk, 100_000)
    before = amounts(desk)["usd"][0]
    dispute = decide(desk, opened(desk, charge), "won")
    assert (dispute.status, len(dispute.balance_transactions)) == ("won", 2)
    assert amounts(desk)["usd"][0] == before - FEE
    assert told(desk)[2:] == ["charge.dispute.closed", "charge.dispute.funds_reinstated"]
    assert desk.api.v1.refunds.create({"charge": charge.id, "amount": 1}).status == "succeeded"


def test_a_lost_dispute_keeps_it_and_leaves_nothing_to_refund(desk: Desk) -> None:
    charge = paid(desk, 100_000)
    before = amounts(desk)["usd"][0]
    dispute = opened(desk, charge)
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        desk.api.v1.refunds.create({"charge": charge.id})
    assert refusal.value.code == "charge_disputed"
    assert decide(desk, dispute, "lost").status == "lost"
    assert amounts(desk)["usd"][0] == before - 100_000 - FEE
    assert told(desk)[2:] == ["charge.dispute.closed"]
    again = desk.browser.post(f"{desk.url}/_sandbox/disputes/{dispute.id}", json={"outcome": "won"})
    assert again.status_code == 400


def test_an_unanswered_dispute_is_lost_when_its_time_is_over(desk: Desk) -> None:
    dispute = opened(desk, paid(desk, 100_000))
    desk.advance_to(int(dispute.evidence_details.due_by or 0) + 1)
    found = desk.api.v1.disputes.retrieve(dispute.id)
    assert (found.status, found.evidence_details.past_due) == ("lost", True)


@pytest.mark.parametrize(
    ("text", "status"), [("winning_evidence", "won"), ("losing_evidence", "lost")]
)
def test_evidence_of_the_test_mode_decides_at_once(desk: Desk, text: str, status: str) -> None:
    dispute = opened(desk, paid(desk, 100_000))
    evidence = {"uncategorized_text": text}
    assert desk.api.v1.disputes.update(dispute.id, {"evidence": evidence}).status == status


def test_other_evidence_waits_for_the_bank(desk: Desk) -> None:
    dispute = opened(desk, paid(desk, 100_000))
    kept = {"evidence": {"customer_name": "Ann"}, "submit": False}
    assert desk.api.v1.disputes.update(dispute.id, kept).status == "needs_response"
    found = desk.api.v1.disputes.update(dispute.id, {"evidence": {"product_description": "COO"}})
    assert (found.status, found.evidence.customer_name) == ("under_review", "Ann")
    desk.advance(30 * DAY)
    assert desk.api.v1.disputes.retrieve(dispute.id).status == "under_review"
    assert desk.api.v1.disputes.close(dispute.id).status == "lost"


def test_what_was_refunded_before_is_not_disputed(desk: Desk) -> None:
    charge = paid(desk, 100_000)
    desk.api.v1.refunds.create({"charge": charge.id, "amount": 30_000})
    assert opened(desk, charge).amount == 70_000
    again = desk.browser.post(f"{desk.url}/_sandbox/disputes", json={"charge": charge.id})
    assert again.status_code == 400
