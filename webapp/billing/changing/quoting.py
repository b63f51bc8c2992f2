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
from webapp.billing.models import Bill, Credit, InvoiceItem, Quote, Subscription
from webapp.billing.objects.document import Document
from webapp.billing.objects.invoice import StripeInvoice
from webapp.billing.objects.product import ProductFacts
from webapp.billing.owing.asking import params_of
from webapp.billing.owing.bills import bill_now
from webapp.billing.patience import patience
from webapp.billing.returning import charged, crediting
from webapp.catalog.models import Offering
from webapp.db import session
from webapp.engagements.models import ChangeRefused, Engagement, TermsChange
from webapp.money import Money

NO_SUBSCRIPTION = "No monthly payment is running, so there is nothing to change."
NOT_FINAL = ("There is nothing yet to give back of this month: its invoice is not final. "
             "Try again in two hours, or change with the next month.")  # fmt: skip


class QuoteStale(Exception):
    """What was shown no longer holds: another day, other terms."""


@dataclass(frozen=True)
class Asked:
    """What is asked of Stripe, apart from any row. item: None unless this month costs more; notes:
    what gives back where it costs less."""

    subscription: str
    products: list[ProductFacts]
    price: dict[str, Any]
    item: dict[str, Any] | None
    notes: list[Document]


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
    if amount.minor < 0:
        amount = -_to_give(engagement, start, -amount)
    return amount, {
        "engagement_id": engagement.id, "offering_id": offering.id, "asked_by_id": by.id,
        "offering_version": offering.version, "starts": start, "quoted_on": engagement.today,
        "version": len(engagement.changes), "amount_minor": amount.minor,
        "currency": amount.currency, "label": plan.label_for(engagement, offering, start),
    }  # fmt: skip


def _to_give(engagement: Engagement, start: date, wanted: Money) -> Money:
    """What is still there to be given back of this month. Raises ChangeRefused when its invoice is
    not final yet."""
    given = charged.sum_of(_parts(engagement, start, wanted), wanted.currency)
    if not given:
        raise ChangeRefused(NOT_FINAL)
    return given


def _parts(engagement: Engagement, start: date, amount: Money) -> list[charged.Part]:
    return charged.of_days(engagement, start, engagement.month_around(start)[1], amount)


def _asked(engagement: Engagement, offering: Offering, start: date, amount: Money) -> Asked:
    mirror = Subscription.of(engagement)
    if mirror is None or mirror.over:
        raise ChangeRefused(NO_SUBSCRIPTION)
    wanted = [ProductFacts.of("retainer", offering), ProductFacts.of("proration")]
    item, notes = None, []
    if amount.minor < 0:
        notes = crediting.preview_params(_parts(engagement, start, -amount))
    if amount.minor > 0:
        sketched = plan.sketch(engagement, offering, start, amount)
        sketched.id = uuid.UUID(int=0)
        item = params_of(sketched)
    return Asked(
        subscription=mirror.stripe_id,
        products=products.missing(wanted),
        price=plan.retainer(offering, offering.price),
        item=item,
        notes=notes,
    )


# What was asked, the month to come, and what credit notes would come to, tax included.
Answer = tuple[Asked, StripeInvoice, Money]


def _preview(asked: Asked) -> Answer:
    for one in asked.products:
        products.make(one)
    running = subscriptions.read(asked.subscription)
    items = [asked.item] if asked.item else []
    found = previews.of_change(running, asked.price, items)
    return asked, found, crediting.foreseen(asked.notes, found.total.currency)


def _keeper(values: dict[str, Any], amount: Money) -> Callable[[Answer], Quote]:
    def keep(answer: Answer) -> Quote:
        asked, found, given = answer
        products.note(asked.products)
        tax = -(given + amount).minor if asked.notes else _tax_of_ours(found)
        quote = Quote(**values, tax_minor=tax, monthly=_monthly(found))
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
    ends, key = engagement.month_around(quote.starts)[1], f"proration:{change.id}"
    if quote.amount_minor < 0:
        days = (quote.starts, ends)
        Credit.intend(engagement, "proration", key, quote.label, -quote.amount, days)
        return None
    item = InvoiceItem.add(engagement, "proration", key, quote.label,
                           quote.amount, starts=quote.starts, ends=ends)  # fmt: skip
    return bill_now(engagement, f"Change of plan on {quote.starts}", [item])
