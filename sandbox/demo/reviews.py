"""The review series of a demo client, on another day than the usual one."""

from datetime import time

from sandbox.demo import engagements
from sandbox.demo.clients import Client
from webapp.db import transaction
from webapp.reviews.changing import preview, redated
from webapp.reviews.models import ReviewSeries
from webapp.reviews.rule import LAST, NthWeekday, Rule

FRIDAY = 4


def load(client: Client) -> None:
    """The last Friday of each month at 09:30 where the client is; changed once."""
    with transaction():
        engagement = engagements.signed(client)
        if engagement is None or not client.pays:
            return
        ReviewSeries.begin(engagement)
        series = ReviewSeries.of(engagement.id)
        if series and not series.revision:
            rule = Rule(NthWeekday(LAST, FRIDAY), time(9, 30), engagement.time_zone)
            series.lock().change(rule, redated(preview(series, rule)))
