"""A change of plan in Stripe's terms: the price of each later month, and the item for this one."""

from __future__ import annotations

from datetime import date
from typing import Any

from webapp.billing.changing.discounts import of_share, paid_share
from webapp.billing.changing.proration import change_of_price
from webapp.billing.models import InvoiceItem
from webapp.billing.objects.product import ProductFacts
from webapp.catalog.models import Offering
from webapp.engagements.models import Engagement
from webapp.money import Money
from webapp.web import format_day


def retainer(offering: Offering, price: Money) -> dict[str, Any]:
    """The price_data of a month at this price."""
    return {
        "currency": price.currency.lower(),
        "product": ProductFacts.of("retainer", offering).stripe_id,
        "unit_amount": price.minor,
        "recurring": {"interval": "month"},
        "tax_behavior": "exclusive",
    }


def charge_for(engagement: Engagement, offering: Offering, start: date) -> Money:
    """What the days from `start` on add to the month that is paid; nothing from the next one on.

    Negative: what is given back, by `given_back`.
    """
    month = engagement.month_around(engagement.today)
    paid = paid_share(engagement, start)
    return change_of_price(
        of_share(engagement.terms.price, paid), of_share(offering.price, paid), month, start
    )


def label_for(engagement: Engagement, offering: Offering, start: date) -> str:
    ends = engagement.month_around(start)[1]
    days = (ends - start).days
    named = "day" if days == 1 else "days"
    return f"{offering.name} from {format_day(start)}: {days} {named}, less what was asked for them"


def sketch(engagement: Engagement, offering: Offering, start: date, amount: Money) -> InvoiceItem:
    """The item as it would be written down, for a preview: it is in no session."""
    ends = engagement.month_around(start)[1]
    return InvoiceItem(
        engagement_id=engagement.id, engagement=engagement, kind="proration",
        label=label_for(engagement, offering, start), amount_minor=amount.minor,
        currency=amount.currency, starts=start, ends=ends,
    )  # fmt: skip
