"""What is owed beside the retainer, and money that goes back: items, refunds, disputes, shares."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime

from sqlalchemy import select

from tests.simulation.changes import running
from tests.simulation.client import Client, Contest
from tests.simulation.deeds import deed, staff
from webapp.access import Role
from webapp.billing.models import ConnectedAccount, Invoice, InvoiceItem, Payment
from webapp.billing.owing.overage import add_overage
from webapp.billing.paying_out.accounts import onboarding_url
from webapp.billing.returning.giving import CARD, CannotGive, Giving, give
from webapp.db import session
from webapp.money import Money
from webapp.web import absolute_url

HALF_HOURS = range(30, 900, 30)


@deed(0.02)
def overage(client: Client) -> bool:
    """Approved for the running month, and sent in twice."""
    facts = running(client, "active", "ending")
    if facts is None or facts.kind != "retainer":
        return False
    engagement = client.engagement
    period = next(
        (one for one in engagement.periods if one.starts <= client.today < one.ends), None
    )
    if period is None or period.id in client.charged:
        return False
    client.charged.add(period.id)
    minutes, rate = client.dice.choice(HALF_HOURS), engagement.terms.overage_rate
    add_overage(period, minutes, rate)
    assert add_overage(period, minutes, rate) is None
    facts.items.append(("overage", rate.minor * minutes // 60))
    return True


@deed(0.01)
def one_off(client: Client) -> bool:
    """A workshop, on the next invoice."""
    facts = running(client, "active", "ending")
    if facts is None or facts.kind != "retainer":
        return False
    minor = client.dice.randrange(10_000, 90_000, 700)
    amount = Money(minor, client.currency)
    InvoiceItem.add(client.engagement, "one_off", f"one_off:{uuid.uuid4()}", "Workshop", amount)
    facts.items.append(("one_off", minor))
    return True


@deed(0.008)
def partial_refund(client: Client) -> bool:
    """A part of one paid invoice, so small that the deposit is never touched."""
    facts = running(client, "active", "ending", "ended")
    if facts is None or facts.cancelled or len(facts.given_back) > 1:
        return False
    paid = [one for one in Invoice.paid_of(client.engagement) if one.paid_minor > 50_000]
    if not paid:
        return False
    invoice = client.dice.choice(paid)
    minor = client.dice.randrange(100, invoice.paid_minor // 8)
    by = staff(Role.FINANCE).name
    try:
        give(invoice.id, Giving(Money(minor, client.currency), CARD, "", "Goodwill", by))
    except CannotGive:
        return False
    facts.given_back.append(minor)
    return True


@deed(0.002)
def dispute(client: Client) -> bool:
    """The payer's bank takes a charge back for now."""
    facts = running(client, "active", "ending")
    if facts is None:
        return False
    ours = [one.id for one in Invoice.paid_of(client.engagement)]
    paid = session.scalars(
        select(Payment).where(Payment.invoice_id.in_(ours)).order_by(Payment.paid_at)
    ).all()
    whole = [one for one in paid if not one.disputed and not one.refunded_minor]
    if not whole:
        return False
    chosen = client.dice.choice(whole)
    made = client.world.stripe.control("disputes", charge=chosen.stripe_id)
    due = datetime.fromtimestamp(made["evidence_details"]["due_by"], UTC)
    answered_by = client.engagement.local_date(due)
    contest = Contest(client.today, answered_by, of_deposit=chosen is paid[0])
    facts.contests.append(contest)
    client.disputes.append((made["id"], contest))
    client.later(client.dice.randint(3, 30), "dispute_decided")
    return True


@deed(0)
def dispute_decided(client: Client) -> bool:
    """Unless the bank has decided by itself: nobody answered in time."""
    (key, contest), outcome = client.disputes.pop(0), client.dice.choice(["won", "lost"])
    [found] = client.world.stripe.objects("dispute", id=key)
    if found["status"] in ("won", "lost", "warning_closed"):
        return False
    client.world.stripe.control(f"disputes/{key}", outcome=outcome)
    contest.until, contest.lost = client.today, outcome == "lost"
    return True


@deed(0.05)
def consultant_sets_up_an_account(client: Client) -> bool:
    """Until then, what is their share waits."""
    consultant = client.engagement.assignments[0].consultant
    if ConnectedAccount.of(consultant.id) is not None:
        return False
    page = absolute_url("desk.roster")
    onboarding_url(consultant, page, page)
    account = ConnectedAccount.of(consultant.id)
    assert account is not None
    client.world.stripe.control(f"accounts/{account.stripe_id}", do="finish")
    return True
