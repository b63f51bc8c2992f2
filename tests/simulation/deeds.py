"""What may happen to a client on any day, each with its chance; planned follow-ups come first.

A deed answers True when it was done. One that the app refuses (with a reason a person could read)
leaves nothing behind, and is counted as refused.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

from tests.simulation.client import Client
from tests.standin import CARD
from webapp import clock
from webapp.access import Role
from webapp.accounts.models import Person
from webapp.db import session, transaction
from webapp.engagements.models import ChangeRefused
from webapp.engagements.stages import IllegalStage
from webapp.outbox import RetryLater

Deed = Callable[[Client], bool]
REFUSALS = (ChangeRefused, IllegalStage, RetryLater)

DEEDS: dict[str, tuple[float, Deed]] = {}


def deed(chance: float) -> Callable[[Deed], Deed]:
    """Register what may happen, with its chance on any day; 0: only when it was planned."""

    def register(function: Deed) -> Deed:
        DEEDS[function.__name__] = (chance, function)
        return function

    return register


def of_a_day(client: Client) -> Iterator[str]:
    """The names of what was done, or refused, today."""
    planned = client.plans.pop(client.today, [])
    session.rollback()
    drawn = [name for name, (chance, _) in DEEDS.items() if client.dice.random() < chance]
    for name in [*planned, *drawn]:
        try:
            with transaction():
                done = DEEDS[name][1](client)
        except REFUSALS:
            yield f"{name} (refused)"
        else:
            if done:
                yield name


def staff(role: Role) -> Person:
    """Of the firm, whoever has that role."""
    found = Person.with_email(f"{role}@firm.example.com")
    assert found is not None
    return found


# -- the work --------------------------------------------------------------------------------------


@deed(1.0)
def hold_kick_off(client: Client) -> bool:
    """As soon as it has begun, by the consultant."""
    engagement = client.engagement
    kickoff = engagement.kickoff
    if engagement.stage != "onboarding" or kickoff is None:
        return False
    if clock.now() < kickoff.starts_at + timedelta(hours=1):
        return False
    engagement.hold_kickoff(engagement.assignments[0].consultant.person, "Notes", waive=True)
    return True


@deed(0.01)
def cancel_before_kick_off(client: Client) -> bool:
    """By the refund policy; what comes back is worked out by the oracle from the dates."""
    engagement = client.engagement
    if engagement.stage != "onboarding" or client.ways.by == "account":
        return False
    assert engagement.sponsor is not None and client.facts is not None
    engagement.cancel_before_kickoff(engagement.sponsor, "Plans changed")
    client.facts.cancelled = True
    client.facts.given_back.append(cancellation_refund(client))
    return True


def cancellation_refund(client: Client) -> int:
    """All of it until so many days before the kick-off as booked, then the smaller share."""
    engagement, facts = client.engagement, client.facts
    assert facts is not None
    terms = engagement.terms_history[0]
    paid = client.paid_at_first
    first_late = engagement.hold.starts_at - timedelta(days=terms.full_refund_days)
    percent = 100 if clock.now() <= first_late else terms.late_refund_percent
    return paid if percent == 100 else (paid * percent * 2 + 100) // 200


# -- cards -----------------------------------------------------------------------------------------


@deed(0.01)
def card_begins_to_fail(client: Client) -> bool:
    """The renewals after it are declined, until it is mended some days later. One in ten is not in
    time: then Stripe gives up, and the oracle leaves that engagement to the other comparisons."""
    method = _card(client)
    if method is None or "card_works_again" in str(client.plans):
        return False
    behaviour = client.dice.choice(["insufficient_funds", "generic_decline", "expired_card"])
    client.world.stripe.change_card(method, behaviour)
    client.later(client.dice.choice([1, 2, 4, 8] * 5 + [50, 60]), "card_works_again")
    return True


@deed(0)
def card_works_again(client: Client) -> bool:
    method = _card(client)
    if method is not None:
        client.world.stripe.change_card(method, "passes")
    return method is not None


@deed(0.004)
def another_card(client: Client) -> bool:
    """In the portal: attached, and what everything is charged to from now on."""
    if _card(client) is None:
        return False
    [customer] = {one["customer"] for one in client.stripes("subscription")}
    api = client.world.dashboard
    card = api("POST", "payment_methods/pm_card_mastercard/attach", customer=customer)
    chosen = {"invoice_settings[default_payment_method]": card["id"]}
    api("POST", f"customers/{customer}", **chosen)
    return True


@deed(0.15)
def pay_the_invoice(client: Client) -> bool:
    """Who is invoiced pays one day or another, on the invoice's page."""
    due = client.invoices(status="open") if client.ways.by == "account" else []
    if not due:
        return False
    pay_on_page(client, due[-1])
    return True


def pay_on_page(client: Client, invoice: dict[str, Any]) -> None:
    typed = {"email": "payer@example.com", "number": CARD, "exp": "12 / 40", "cvc": "123",
             "name": "Pat Payer", "country": client.ways.country}  # fmt: skip
    paid = client.world.stripe.web.post(invoice["hosted_invoice_url"], data=typed, timeout=30)
    assert paid.status_code == 200, paid.text


def _card(client: Client) -> str | None:
    """What the renewals are charged to, unless it is a bank account."""
    theirs = client.stripes("subscription", status="active") if client.paying else []
    if not theirs or not theirs[0]["default_payment_method"]:
        return None
    key = theirs[0]["default_payment_method"]
    [method] = client.world.stripe.objects("payment_method", id=key)
    return str(key) if method["type"] == "card" else None
