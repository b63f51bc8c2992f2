"""Who sits at Stripe's dashboard is not stopped by what goes wrong between Stripe and us."""

from __future__ import annotations

import pytest

from tests.simulation.world import world
from tests.simulation.year import new_year


@pytest.mark.parametrize("kind", ["lost_response", "500", "429", "409"])
def test_fault_that_waits_for_a_call_of_ours_stops_nobody_at_the_dashboard(
    kind: str, application: object
) -> None:
    with world(1, new_year()) as lived:
        lived.stripe.fault("POST /v1/*", kind, times=2)
        assert lived.dashboard("POST", "customers", name="Ana")["name"] == "Ana"
