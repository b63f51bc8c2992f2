"""Changes of what was agreed: another plan, a pause, notice, each by the app's own verbs."""

from __future__ import annotations

from datetime import timedelta

from tests import make
from tests.simulation.client import Client, Facts
from tests.simulation.deeds import deed, staff
from tests.simulation.oracle import left_of_deposit
from webapp.access import Role
from webapp.billing.changing import quoting
from webapp.db import session


def running(client: Client, *stages: str) -> Facts | None:
    """Their facts, when they are at one of these stages; 'active' when none is named."""
    return client.facts if client.engagement.stage in (stages or ("active",)) else None


def changeable(client: Client) -> Facts | None:
    """Their facts, when they are active, with no code that would lessen a part of a month."""
    facts = running(client)
    return facts if facts and facts.kind == "retainer" and not facts.off[0] else None


@deed(0.012)
def other_plan(client: Client) -> bool:
    """Dearer or cheaper, at once or from the next month; exactly as it was shown before."""
    facts = changeable(client)
    if facts is None:
        return False
    engagement, by = client.engagement, staff(Role.COORDINATOR)
    price = max(facts.prices[-1][1] + client.dice.randrange(-99_999, 199_999, 3_333), 99_999)
    offering = make.offering(
        price_minor=price, currency=client.currency, days_per_month=1, minimum_months=1,
        notice_days=14, name=f"Plan at {price} for {client.number}",
    )  # fmt: skip
    start = client.dice.choice([engagement.today, engagement.month_after(engagement.today)])
    quote = quoting.ask(engagement, offering, start, by)
    quoting.confirm(quote, by, "They grow, or shrink")
    facts.prices.append((start, price))
    return True


@deed(0.006)
def pause(client: Client) -> bool:
    """From today or in some days, for days or for weeks."""
    facts = changeable(client)
    if facts is None:
        return False
    starts = client.today + timedelta(days=client.dice.choice([0, 7, 10, 20]))
    ends = starts + timedelta(days=client.dice.randint(3, 60))
    client.engagement.plan_pause(starts, ends, staff(Role.COORDINATOR), "A quiet season")
    facts.pauses.append((starts, ends))
    return True


@deed(0.01)
def work_resumes_sooner(client: Client) -> bool:
    facts = running(client, "paused")
    found = client.engagement.live_pause if facts else None
    if facts is None or found is None:
        return False
    client.engagement.end_pause(found, staff(Role.COORDINATOR), "They are back already")
    facts.pauses[-1] = (facts.pauses[-1][0], client.today)
    return True


@deed(0.004)
def notice(client: Client) -> bool:
    """By the sponsor, for one of the dates they are offered; what was planned after is dropped."""
    facts = running(client)
    if facts is None or facts.kind != "retainer":
        return False
    engagement = client.engagement
    assert engagement.sponsor is not None
    facts.ends_on = client.dice.choice(engagement.end_dates)
    engagement.give_notice(facts.ends_on, engagement.sponsor, "We have learned it")
    facts.noticed = today = client.today
    facts.prices = [one for one in facts.prices if one[0] <= today]
    facts.pauses = [one for one in facts.pauses if one[0] <= today]
    client.later(client.dice.randint(1, 60), "think_again")
    return True


@deed(0)
def think_again(client: Client) -> bool:
    """One in two takes the notice back, while there is time."""
    facts = running(client, "ending")
    if facts is None or client.dice.random() < 0.5:
        return False
    client.engagement.withdraw_notice(staff(Role.COORDINATOR), "They stay")
    if left_of_deposit(facts, client.today) == {0}:
        facts.deposit = 0
    facts.noticed = facts.ends_on = None
    return True


@deed(0.0005)
def ended_in_stripes_dashboard(client: Client) -> bool:
    """By somebody who did not ask us."""
    facts = running(client)
    live = client.stripes("subscription", status="active") if facts else []
    if facts is None or not live:
        return False
    facts.given_up = True
    client.world.dashboard("DELETE", f"subscriptions/{live[0]['id']}")
    session.rollback()
    return True
