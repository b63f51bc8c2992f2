"""What each engagement has cost at Stripe, held against the oracle."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from sqlalchemy import select

from tests.simulation import oracle
from tests.simulation.client import Client, subscriber
from tests.simulation.year import Year
from webapp.billing.models import InvoiceItem
from webapp.billing.models.refund import CREDIT_PAID_OUT
from webapp.db import session

# How long to wait for a day on which nothing of an engagement is under way.
MOST_DAYS = 12


def terms(year: Year) -> Iterator[str]:
    """What each engagement has cost is what its terms say, and each thing added stands there once.

    Days go on until there was one for each engagement on which Stripe was not half through
    something. What Stripe gave up (a card that was never mended) has no price to be held against
    until it has ended, but nothing may have been added to it that was not asked for.
    """
    left = [client for client in year.clients if client.facts]
    for _ in range(MOST_DAYS):
        unclear = [client for client in left if _unclear(client, year)]
        issued = by_engagement(year)
        for client in left:
            if client not in unclear:
                yield from _costs(client, issued[str(client.engagement_id)], year.ended)
        left = unclear
        if not left:
            return
        year.another_day()
    yield from (f"{client} was under way on each day" for client in left)


def _unclear(client: Client, year: Year) -> bool:
    assert client.facts is not None
    priced = not client.without_price(year.ended.date())
    return priced and oracle.unclear(client.facts, year.ended)


def _costs(client: Client, issued: list[dict[str, Any]], until: datetime) -> Iterator[str]:
    facts, lines = client.facts, _lines(client, issued)
    assert facts is not None
    added = Counter(line for line in lines if line[0] in ("overage", "one_off"))
    asked_for = oracle.items(facts)
    if client.without_price(until.date()):
        if added - asked_for:
            yield f"{client}: added {dict(added)}, not {dict(asked_for)}"
        return
    wanted, found = oracle.owed(facts, until), _cost(client, lines)
    if found not in wanted:
        yield f"{client}: cost {found}, not {wanted}: {facts}: {lines}"
    if added != asked_for:
        yield f"{client}: added {dict(added)}, not {dict(asked_for)}"


def _cost(client: Client, lines: list[tuple[str, int]]) -> int:
    """What stands on invoices or waits for one, less what went back."""
    back = sum(one["amount"] for one in client.stripes("refund") if one["status"] == "succeeded")
    return sum(amount for _, amount in lines) - back - _credited(client)


def _credited(client: Client) -> int:
    """By credit notes, before tax, whatever became of the credit; paid out, it is a refund that was
    counted already. What lessened an invoice that was voided since went with it."""
    void = {one["id"] for one in client.world.stripe.objects("invoice", status="void")}
    given = sum(
        one["total_excluding_tax"] for one in client.stripes("credit_note")
        if one["status"] == "issued" and not one["refunds"] and one["invoice"] not in void
    )  # fmt: skip
    out = sum(
        one["amount"] for one in client.stripes("refund")
        if one["status"] == "succeeded" and CREDIT_PAID_OUT in one["metadata"]["refund"]
    )  # fmt: skip
    return given - out


def _lines(client: Client, issued: list[dict[str, Any]]) -> list[tuple[str, int]]:
    on_invoices = [
        (kind_of(line), line["amount"] - _off(line))
        for invoice in issued
        if invoice["status"] in ("draft", "open", "paid")
        for line in invoice["lines"]["data"]
        if line["amount"]
    ]
    waiting = client.stripes("invoiceitem", invoice=None)
    return on_invoices + [(kind_of(item), item["amount"]) for item in waiting] + _kept(client)


def _kept(client: Client) -> list[tuple[str, int]]:
    """What waits with us for the final invoice, where notice is given and nothing renews."""
    ours = select(InvoiceItem).where(InvoiceItem.engagement_id == client.engagement_id)
    kept = ours.where(InvoiceItem.state == "intended", InvoiceItem.bill_id.is_(None))
    ending = client.facts is not None and client.facts.ends_on is not None
    return [(one.kind, one.amount_minor) for one in session.scalars(kept)] if ending else []


def _off(line: dict[str, Any]) -> int:
    """By a code."""
    return sum(one["amount"] for one in line["discount_amounts"] or ())


def by_engagement(year: Year) -> dict[str, list[dict[str, Any]]]:
    """Stripe's invoices, by the metadata of the invoice or of its subscription."""
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for one in year.world.stripe.objects("invoice"):
        for key in {(one["metadata"] or {}).get("engagement"), subscriber(one)} - {None}:
            found[str(key)].append(one)
    return found


def kind_of(line: dict[str, Any]) -> str:
    """A line's kind is told by its product, whose id is ours: 'rh_<kind>_…'."""
    product = ((line["pricing"] or {}).get("price_details") or {}).get("product") or ""
    kind = next((kind for kind in KINDS if product.startswith(f"rh_{kind}")), "")
    return {"retainer": "month", "first_month": "month", "diagnostic": "month"}.get(kind, kind)


KINDS = (
    "retainer", "first_month", "deposit", "diagnostic", "overage", "one_off", "proration",
)  # fmt: skip
