"""A bank debit on its way: begun at once, known to have worked or not some working days later.

Source: https://docs.stripe.com/payments/bank-debits: the PaymentIntent is ``processing`` meanwhile
and its charge ``pending``. What follows for an invoice or a Checkout session is ``clearing.py``.
"""

from sandbox.stripe.billing import charges, ledger
from sandbox.stripe.billing.banks import NEVER, RETURNS
from sandbox.stripe.billing.cards import Decline
from sandbox.stripe.core.account import Account
from sandbox.stripe.core.documents import Document, private
from sandbox.stripe.core.events import change, emit
from sandbox.stripe.core.schedule import schedule, unschedule

PROCESSING = "processing"


def begin(account: Account, intent: Document, method: Document) -> str:
    charge = charges.record(account, intent, method, None)
    charge.update(status="pending", paid=False, captured=True)
    account.save(charge)
    intent.update(status=PROCESSING, latest_charge=charge["id"], next_action=None)
    intent["last_payment_error"] = None
    account.save(intent)
    emit(account, "charge.pending", charge)
    emit(account, "payment_intent.processing", intent)
    if private(method)["debit"] != NEVER:
        timeline = account.timeline_of(intent)
        at = ledger.settles_at(account.now(timeline), account.rules.debit_days) + 6 * 3600
        schedule(account, "debit.clear", intent["id"], at, timeline)
    return PROCESSING


def clear(account: Account, intent: Document) -> bool:
    """Take or return the money, as the account's number says; whether it was taken."""
    method = account.get("payment_method", intent["payment_method"])
    charge = account.get("charge", intent["latest_charge"])
    reason = private(method)["debit"]
    if reason in RETURNS:
        _return(account, intent, charge, Decline(reason, None, RETURNS[reason]))
        return False
    _take(account, intent, charge, method)
    return True


def _take(account: Account, intent: Document, charge: Document, method: Document) -> None:
    change(account, None, charge, status="succeeded", paid=True)
    change(account, None, intent, status="succeeded", amount_received=intent["amount"])
    emit(account, "charge.succeeded", charge)
    emit(account, "payment_intent.succeeded", intent)
    charges.settle(account, charge, method)


def _return(account: Account, intent: Document, charge: Document, why: Decline) -> None:
    change(
        account,
        None,
        charge,
        status="failed",
        paid=False,
        captured=False,
        amount_captured=0,
        failure_code=why.code,
        failure_message=why.message,
        outcome=charges.outcome(why),
    )
    error = {
        "type": "card_error",
        "code": "payment_intent_payment_attempt_failed",
        "decline_code": why.code,
        "message": why.message,
        "charge": charge["id"],
    }
    change(
        account,
        None,
        intent,
        status="requires_payment_method",
        payment_method=None,
        last_payment_error=error,
    )
    emit(account, "charge.failed", charge)
    emit(account, "payment_intent.payment_failed", intent)


def forget(account: Account, intent: Document) -> None:
    """The debit is called off before it was carried out."""
    unschedule(account, "debit.clear", intent["id"])
