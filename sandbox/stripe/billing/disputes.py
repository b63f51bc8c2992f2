"""Disputed payments: opened by a cardholder's bank, answered or not, won or lost.

Source: https://docs.stripe.com/disputes/how-disputes-work and, for the texts that win and lose in
test mode, https://docs.stripe.com/testing#disputes. The amount and a fee leave the balance when
the dispute opens; the amount alone returns when it is won. Unanswered it is lost when its time is
over.
"""

from typing import Any

from sandbox.stripe.billing import ledger
from sandbox.stripe.billing.fees import DISPUTE_FEE
from sandbox.stripe.core.account import Account
from sandbox.stripe.core.documents import Document, private, shape
from sandbox.stripe.core.errors import invalid
from sandbox.stripe.core.events import change, emit
from sandbox.stripe.core.schedule import schedule, unschedule, when_due

DAY = 86400
DAYS_TO_ANSWER = 9
OPEN = ("needs_response", "under_review")
_NETWORK_CODES = {"fraudulent": "10.4", "duplicate": "12.6", "product_not_received": "13.1"}
_VERDICTS = {"winning_evidence": "won", "losing_evidence": "lost"}


@when_due("dispute.open")
def open_when_due(account: Account, charge: str) -> None:
    open_dispute(account, account.get("charge", charge))


def open_dispute(
    account: Account, charge: Document, reason: str = "fraudulent", amount: int | None = None
) -> Document:
    """The bank takes a payment back until it is decided; what was refunded before is left out."""
    left = charge["amount_captured"] - charge["amount_refunded"]
    wanted = left if amount is None else amount
    if charge["disputed"] or not charge["paid"] or not 0 < wanted <= left:
        raise invalid("This charge cannot be disputed (again), or not for this amount.", "charge")
    timeline = account.timeline_of(charge)
    dispute = shape("dispute", **_fields(account, charge, reason, wanted))
    private(dispute)["timeline"] = timeline
    account.save(dispute)
    change(account, "charge.updated", charge, disputed=True)
    emit(account, "charge.dispute.created", dispute)
    due = dispute["evidence_details"]["due_by"]
    schedule(account, "dispute.due", dispute["id"], due, timeline)
    text = f"Chargeback withdrawal for {charge['id']}"
    _book(account, dispute, -wanted, "dispute", text, DISPUTE_FEE)
    emit(account, "charge.dispute.funds_withdrawn", dispute)
    return dispute


def _fields(account: Account, charge: Document, reason: str, amount: int) -> dict[str, Any]:
    now, card = account.time_of(charge), charge["payment_method_details"].get("card") or {}
    code, brand = _NETWORK_CODES.get(reason), card.get("brand", "visa")
    details = {
        "brand": brand,
        "case_type": "chargeback",
        "network": brand,
        "network_reason_code": code,
    }
    return {
        "amount": amount,
        "balance_transactions": [],
        "charge": charge["id"],
        "created": now,
        "currency": charge["currency"],
        "enhanced_eligibility_types": [],
        "evidence": {"enhanced_evidence": {}},
        "evidence_details": {
            "due_by": now + DAYS_TO_ANSWER * DAY,
            "enhanced_eligibility": {},
            "has_evidence": False,
            "past_due": False,
            "submission_count": 0,
            "submission_method": "not_submitted",
        },
        "is_charge_refundable": False,
        "livemode": False,
        "metadata": {},
        "network_reason_code": code,
        "payment_intent": charge["payment_intent"],
        "payment_method_details": {"type": "card", "card": details} if card else None,
        "reason": reason,
        "status": "needs_response",
    }


def _book(
    account: Account, dispute: Document, amount: int, category: str, text: str, fee: int = 0
) -> None:
    moved = ledger.Movement(
        kind="adjustment",
        category=category,
        amount=amount,
        currency=dispute["currency"],
        source=dispute["id"],
        fee=fee,
        fee_text="Dispute fee",
        description=text,
        timeline=account.timeline_of(dispute),
    )
    transaction = ledger.as_of_now(account, ledger.book(account, moved))
    dispute["balance_transactions"] = [*dispute["balance_transactions"], transaction]
    account.save(dispute)


def answer(account: Account, dispute: Document, evidence: dict[str, Any], *, submit: bool) -> None:
    """Keep evidence and, unless it is only being gathered, hand it in: the bank has to decide."""
    if dispute["status"] not in OPEN:
        raise invalid("This dispute is closed.", "evidence")
    details = dispute["evidence_details"] | {"has_evidence": True}
    status = dispute["status"]
    if submit:
        count = details["submission_count"] + 1
        details |= {"submission_count": count, "submission_method": "manual"}
        status = "under_review"
        unschedule(account, "dispute.due", dispute["id"])
    kept = dispute["evidence"] | evidence
    change(
        account,
        "charge.dispute.updated",
        dispute,
        evidence=kept,
        evidence_details=details,
        status=status,
    )
    verdict = _VERDICTS.get(kept.get("uncategorized_text") or "")
    if submit and verdict:
        decide(account, dispute, verdict)


def decide(account: Account, dispute: Document, verdict: str) -> Document:
    """``won``: the money comes back; ``lost``: it does not. The fee is gone either way."""
    if dispute["status"] not in OPEN:
        raise invalid(f"This dispute is already {dispute['status']}.")
    unschedule(account, "dispute.due", dispute["id"])
    dispute["status"] = verdict
    account.save(dispute)
    if verdict == "won":
        text = f"Chargeback reversal for {dispute['charge']}"
        _book(account, dispute, dispute["amount"], "dispute_reversal", text)
    emit(account, "charge.dispute.closed", dispute)
    if verdict == "won":
        emit(account, "charge.dispute.funds_reinstated", dispute)
    return dispute


@when_due("dispute.due")
def lose_unanswered(account: Account, identifier: str) -> None:
    dispute = account.get("dispute", identifier)
    if dispute["status"] == "needs_response":
        dispute["evidence_details"] = dispute["evidence_details"] | {"past_due": True}
        decide(account, dispute, "lost")
