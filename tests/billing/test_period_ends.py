"""Where a subscription's periods end, as Stripe counts them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from webapp.billing.objects.subscription import StripeSubscription
from webapp.money import Money


def anchored(at: datetime) -> StripeSubscription:
    return StripeSubscription(
        id="sub_1", status="active", customer="cus_1", default_card=None, began_at=at, renews_at=at,
        anchor=at, price=Money(1, "USD"), item="si_1", product=None, collection="card",
        cancel_at_period_end=False, cancels_at=None, ended_at=None, end_reason="", livemode=False,
        metadata={},
    )  # fmt: skip


@pytest.mark.parametrize(
    ("anchor", "near", "end"),
    [
        ((2027, 1, 31, 5), (2027, 2, 28, 5), (2027, 2, 28, 5)),
        ((2027, 1, 31, 5), (2028, 2, 28, 23), (2028, 2, 29, 5)),
        ((2027, 1, 31, 5), (2027, 4, 30, 4), (2027, 4, 30, 5)),
        ((2027, 1, 31, 5), (2027, 5, 31, 4), (2027, 5, 31, 5)),
        ((2027, 2, 28, 5), (2027, 4, 30, 4), (2027, 4, 28, 5)),
        ((2027, 2, 28, 15), (2027, 3, 31, 15), (2027, 3, 28, 15)),  # the 1st where it is Tokyo
        ((2027, 6, 1, 0), (2027, 12, 31, 23), (2028, 1, 1, 0)),
        ((2027, 6, 1, 0), (2027, 6, 1, 0), (2027, 6, 1, 0)),
    ],
)
def test_a_period_ends_whole_months_after_the_anchor_cut_to_shorter_ones(
    anchor: tuple[int, ...], near: tuple[int, ...], end: tuple[int, ...]
) -> None:
    def at(parts: tuple[int, ...]) -> datetime:
        year, month, day, hour = parts
        return datetime(year, month, day, hour, tzinfo=UTC)

    assert anchored(at(anchor)).period_end_near(at(near)) == at(end)
