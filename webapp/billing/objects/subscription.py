"""A subscription."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from webapp.billing.objects.document import Document, id_of, instant, moment
from webapp.billing.objects.invoice import COLLECTIONS
from webapp.money import Money


@dataclass(frozen=True)
class StripeSubscription:
    """[began_at, renews_at) is the present period, cut short where it is paused; price: what each
    renewal costs before extras.

    item and product: of the retainer, its first (and only) line. end_reason: why it is over, as
    Stripe names it, '' while it is not.
    """

    id: str
    status: str
    customer: str
    default_card: str | None
    began_at: datetime
    renews_at: datetime
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
