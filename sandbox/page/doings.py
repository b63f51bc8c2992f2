"""What others do to payments, for a person at the demo to press: banks, card networks, payers.

Each is one call to the stand-in's own controls (``sandbox/stripe/control_money.py``, ``…_cards``).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, abort, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue

from sandbox.page.books import stand_in
from sandbox.timemachine.stand_in import StandInDown
from webapp import clock

blueprint = Blueprint("doings", __name__)
Document = Mapping[str, Any]


@dataclass(frozen=True)
class Doing:
    """A button: what it says, which of ``DOINGS`` it does, to which of Stripe's objects."""

    label: str
    name: str
    subject: str


def _behave(behaviour: str) -> Callable[[str], None]:
    def change(method: str) -> None:
        stand_in().post(f"cards/{method}", {"behaviour": behaviour})

    return change


def _expire(method: str) -> None:
    """At the end of this month."""
    now = clock.now()
    stand_in().post(f"cards/{method}", {"exp_month": now.month, "exp_year": now.year})


def _replace(method: str) -> None:
    stand_in().post(f"cards/{method}/updated", {"last4": "4343"})


def _dispute(charge: str) -> None:
    stand_in().post("disputes", {"charge": charge, "reason": "product_not_received"})


def _decide(outcome: str) -> Callable[[str], None]:
    def decide(dispute: str) -> None:
        stand_in().post(f"disputes/{dispute}", {"outcome": outcome})

    return decide


def _clear(intent: str) -> None:
    stand_in().post(f"debits/{intent}", {})


def _return(intent: str) -> None:
    stand_in().post(f"debits/{intent}", {"return": "insufficient_funds"})


def _finish(account: str) -> None:
    stand_in().post(f"accounts/{account}", {"do": "finish"})


DOINGS: dict[str, tuple[str, Callable[[str], None]]] = {
    "decline": ("The card is declined from now on.", _behave("generic_decline")),
    "confirm": ("The bank asks each time from now on.", _behave("authenticates_always")),
    "mend": ("The card pays again.", _behave("passes")),
    "expire": ("The card expires at the end of this month.", _expire),
    "replace": ("The bank sent a new card, and its network told Stripe.", _replace),
    "dispute": ("The payer’s bank opened a dispute.", _dispute),
    "win": ("The dispute was won.", _decide("won")),
    "lose": ("The dispute was lost.", _decide("lost")),
    "clear": ("The debit has cleared.", _clear),
    "return": ("The bank returned the debit.", _return),
    "finish": ("The account is set up.", _finish),
}


@blueprint.post("/payments/doings")
def do() -> ResponseReturnValue:
    """``doing`` and ``subject`` as a button has them; webhooks and jobs follow by themselves."""
    said, act = DOINGS.get(request.form.get("doing", "")) or abort(404)
    subject = request.form.get("subject", "")
    if not subject.isascii() or not subject.replace("_", "").isalnum():
        abort(404)
    try:
        act(subject)
        flash(said, "good")
    except StandInDown as error:
        flash(f"That did not work: {error}", "bad")
    return redirect(url_for("payments.books"), 303)


# -- the buttons of a row --------------------------------------------------------------------------


def of_card(method: Document) -> tuple[Doing, ...]:
    names = (("Decline", "decline"), ("Ask each time", "confirm"), ("Pay again", "mend"),
             ("Expire", "expire"), ("Replace", "replace"))  # fmt: skip
    return tuple(Doing(label, name, method["id"]) for label, name in names)


def of_charge(charge: Document) -> tuple[Doing, ...]:
    if not charge["paid"] or charge["disputed"] or charge["refunded"]:
        return ()
    return (Doing("Dispute", "dispute", charge["id"]),)


def of_dispute(dispute: Document) -> tuple[Doing, ...]:
    if dispute["status"] in ("won", "lost", "warning_closed"):
        return ()
    return Doing("Win", "win", dispute["id"]), Doing("Lose", "lose", dispute["id"])


def of_debit(intent: Document) -> tuple[Doing, ...]:
    return Doing("Clear", "clear", intent["id"]), Doing("Return", "return", intent["id"])


def of_account(account: Document) -> tuple[Doing, ...]:
    return () if account["payouts_enabled"] else (Doing("Set up", "finish", account["id"]),)
