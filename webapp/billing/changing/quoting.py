"""The preview of a change of plan: our days, Stripe's tax and discounts, frozen before it is shown.

And its confirmation, which does exactly what was shown, or nothing.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

from webapp import db
from webapp.accounts.models import Person
from webapp.billing.calls import previews, products, subscriptions
from webapp.billing.changing import plan
from webapp.billing.models import Bill, InvoiceItem, Quote, Subscription
from webapp.billing.objects.invoice import StripeInvoice
from webapp.billing.objects.product import ProductFacts
from webapp.billing.owing.asking import params_of
from webapp.billing.owing.bills import bill_now
from webapp.billing.patience import patience
from webapp.catalog.models import Offering
from webapp.db import session
from webapp.engagements.models import ChangeRefused, Engagement, TermsChange
from webapp.money import Money

NO_SUBSCRIPTION = "No monthly payment is running, so there is nothing to change."


class QuoteStale(Exception):
    """What was shown no longer holds: another day, other terms."""


@dataclass(frozen=True)
class Asked:
    """What is asked of Stripe, apart from any row. item: None when this month costs the same."""

    subscription: str
    products: list[ProductFacts]
    price: dict[str, Any]
    item: dict[str, Any] | None


def ask(engagement: Engagement, offering: Offering, start: date, by: Person) -> Quote:
    """Work out and keep what the plan would cost from that day on.

    Commits. Raises ChangeRefused, or RetryLater while Stripe cannot be reached.
    """
    if refused := engagement.why_no_other_plan(offering, start):
        raise ChangeRefused(refused)
    amount, values = _facts(engagement, offering, start, by)
    asked = _asked(engagement, offering, start, amount)
    with patience():
        return db.attempt(lambda: _preview(asked), _keeper(values, amount))


def _facts(
    engagement: Engagement, offering: Offering, start: date, by: Person
) -> tuple[Money, dict[str, Any]]:
    amount = plan.charge_for(engagement, offering, start)
    return amount, {
        "engagement_id": engagement.id, "offering_id": offering.id, "asked_by_id": by.id,
        "offering_version": offering.version, "starts": start, "quoted_on": engagement.today,
        "version": len(engagement.changes), "amount_minor": amount.minor,
        "currency": amount.currency, "label": plan.label_for(engagement, offering, start),
    }  # fmt: skip


def _asked(engagement: Engagement, offering: Offering, start: date, amount: Money) -> Asked:
    mirror = Subscription.of(engagement)
    if mirror is None or mirror.over:
        raise ChangeRefused(NO_SUBSCRIPTION)
    wanted = [ProductFacts.of("retainer", offering), ProductFacts.of("proration")]
    item = None
    if amount:
        sketched = plan.sketch(engagement, offering, start, amount)
        sketched.id = uuid.UUID(int=0)
        item = params_of(sketched)
    return Asked(
        subscription=mirror.stripe_id,
        products=products.missing(wanted),
        price=plan.retainer(offering, offering.price),
        item=item,
    )


def _preview(asked: Asked) -> tuple[Asked, StripeInvoice]:
    for one in asked.products:
        products.make(one)
    running = subscriptions.read(asked.subscription)
    items = [asked.item] if asked.item else []
    return asked, previews.of_change(running, asked.price, items)


def _keeper(
    values: dict[str, Any], amount: Money
) -> Callable[[tuple[Asked, StripeInvoice]], Quote]:
    def keep(answer: tuple[Asked, StripeInvoice]) -> Quote:
        asked, found = answer
        products.note(asked.products)
        quote = Quote(**values, tax_minor=_tax_of_ours(found), monthly=_monthly(found))
        session.add(quote)
        session.flush()
        return quote

    return keep


def _tax_of_ours(found: StripeInvoice) -> int:
    return sum(line.tax.minor for line in found.lines if line.item == str(uuid.UUID(int=0)))


def _monthly(found: StripeInvoice) -> dict[str, int]:
    """The line of the month to come; other items that wait for that invoice are left out."""
    month = [line for line in found.lines if line.recurring]
    price = sum(line.amount.minor for line in month)
    tax = sum(line.tax.minor for line in month)
    discount = sum(line.discount.minor for line in month)
    return {"price": price, "discount": discount, "tax": tax, "total": price - discount + tax}


# -- confirming ------------------------------------------------------------------------------------


def confirm(quote: Quote, by: Person, reason: str) -> Bill | None:
    """Do what was shown: the terms, the days, the item, and at once the invoice if it asks for
    something. Confirming again changes nothing.

    The invoice is returned for whoever waits for it. Raises QuoteStale, ChangeRefused.
    """
    engagement = quote.engagement.lock()
    session.expire(engagement, ["changes", "terms_history", "pauses"])
    session.refresh(quote, with_for_update=True)
    if quote.change_id:
        return None
    if quote.stale:
        raise QuoteStale
    change = engagement.change_plan(
        quote.offering, quote.starts, by, reason, quote.amount, keeps_code=quote.discounted
    )
    quote.change_id = change.id
    if not quote.amount:
        return None
    return _owe(engagement, quote, change)


def _owe(engagement: Engagement, quote: Quote, change: TermsChange) -> Bill | None:
    ends = engagement.month_around(quote.starts)[1]
    item = InvoiceItem.add(engagement, "proration", f"proration:{change.id}", quote.label,
                           quote.amount, starts=quote.starts, ends=ends)  # fmt: skip
    return bill_now(engagement, f"Change of plan on {quote.starts}", [item])
