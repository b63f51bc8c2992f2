"""The room's blueprint, apart from its pages so that each of them can import it."""

from __future__ import annotations

from flask import Blueprint

from webapp.billing import wording
from webapp.billing.buying.order import month_day, month_days
from webapp.billing.owing.set_off import set_off

blueprint = Blueprint("billing", __name__, template_folder="../templates")
for told in (
    wording.sums_of,
    wording.sums_to_pay,
    wording.meanwhile,
    wording.decided_on,
    wording.told_decision,
    wording.asks_decision,
    wording.for_the_team,
    set_off,
    wording.told_sums,
    wording.discount_of,
    month_day,
    month_days,
):
    blueprint.add_app_template_global(told)
