"""The Stripe stand-in that the page looks into."""

from flask import current_app

from sandbox.timemachine.stand_in import StandIn


def stand_in() -> StandIn:
    found: StandIn = current_app.extensions["stand_in"]
    return found
