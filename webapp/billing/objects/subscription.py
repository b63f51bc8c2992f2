"""A subscription."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from dateutil.relativedelta import relativedelta

from webapp.billing.objects.document import Document, id_of, instant, moment
from webapp.billing.objects.invoice import COLLECTIONS
from webapp.money import Money


@dataclass(frozen=True)
class StripeSubscription:
    """[began_at, renews_at) is the present period, cut short where it is paused; price: what each
    renewal costs before extras.

    anchor: the instant from which its periods are counted by whole months. item and product: of the
    retainer, its first (and only) line. end_reason: why it is over, as Stripe names it, '' while it
    is not.
    """

    id: str
    status: str
    customer: str
    default_card: str | None
    began_at: datetime
    renews_at: datetime
    anchor: datetime
    price: Money
    item: str
    product: str | None
    collection: str
    cancel_at_period_end: bool
    cancels_at: datetime | None
    ended_at: datetime | None
    end_reason: str
    livemode: bool
    metadata: dict[str, str]

    @property
    def over(self) -> bool:
        return self.status in {"canceled", "incomplete_expired"}

    @property
    def given_up(self) -> bool:
        """Whether Stripe tried for the last time to be paid, and charges nothing more by itself.

        https://docs.stripe.com/billing/subscriptions/overview#subscription-statuses
        """
        return self.status == "unpaid" or (self.over and self.end_reason == "payment_failed")

    def period_end_near(self, at: datetime) -> datetime:
        """Of the instants at which its periods end the one that is nearest: the anchor moved by
        whole months, in UTC, cut to the last day of a shorter one.

        https://docs.stripe.com/billing/subscriptions/billing-cycle
        """
        months = (at.year - self.anchor.year) * 12 + at.month - self.anchor.month
        around = (self.anchor + relativedelta(months=months + step) for step in (-1, 0, 1))
        return min(around, key=lambda end: abs(end - at))

    @classmethod
    def read(cls, found: Document) -> StripeSubscription:
        items = found["items"]["data"]
        minor = sum((item["price"]["unit_amount"] or 0) * item["quantity"] for item in items)
        return cls(
            id=found["id"],
            status=found["status"],
            customer=str(id_of(found["customer"])),
            default_card=id_of(found["default_payment_method"]),
            began_at=moment(items[0]["current_period_start"]),
            renews_at=moment(items[0]["current_period_end"]),
            anchor=moment(found["billing_cycle_anchor"]),
            price=Money(minor, found["currency"].upper()),
            item=items[0]["id"],
            product=id_of(items[0]["price"]["product"]),
            collection=COLLECTIONS[found["collection_method"]],
            cancels_at=instant(found["cancel_at"]),
            cancel_at_period_end=found["cancel_at_period_end"],
            ended_at=instant(found["ended_at"]),
            end_reason=(found["cancellation_details"] or {}).get("reason") or "",
            livemode=found["livemode"],
            metadata=found["metadata"] or {},
        )
