"""Headings of a review's page come in order, whoever reads it."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import pairwise

import pytest
from flask.testing import FlaskClient

from tests.desk import rows
from tests.reviews.conftest import NOW
from webapp.accounts.models import Person
from webapp.engagements.models import Engagement

SignIn = Callable[[Person], FlaskClient]


@pytest.mark.parametrize("begun", [False, True])
def test_no_level_is_left_out(
    engagement: Engagement, sign_in: SignIn, set_clock: Callable[[datetime], None], begun: bool
) -> None:
    meeting = rows.meeting(engagement, timedelta(days=3), "review")
    review = rows.review(engagement, meeting)
    set_clock(NOW + timedelta(days=3 if begun else 1, minutes=30))
    for reader in (rows.lead(engagement), engagement.sponsor):
        assert reader is not None
        page = sign_in(reader).get(f"/reviews/{review.id}").text
        levels = [int(level) for level in re.findall(r"<h([1-6])", page)]
        assert levels[0] == 1
        assert all(deeper - level <= 1 for level, deeper in pairwise(levels)), levels
