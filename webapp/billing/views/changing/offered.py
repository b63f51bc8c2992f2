"""Which plans the form offers: only what would not be refused, and of the rest why not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from webapp.billing.changing.quoting import NO_SUBSCRIPTION
from webapp.billing.models import Subscription
from webapp.catalog.models import Offering
from webapp.engagements.models import Engagement

NO_OTHER = "There is no other plan that this team can fill."


@dataclass(frozen=True)
class Offered:
    """plans: those that can be chosen; later: why one of them begins only with the next month, by
    its id; refused: the others, each with why; blocked: why no plan can be chosen at all, or ''."""

    plans: list[Offering]
    later: dict[str, str]
    refused: list[tuple[Offering, str]]
    blocked: str = ""

    @property
    def at_once(self) -> bool:
        """Whether any of them may begin today."""
        return len(self.later) < len(self.plans)


def offered(engagement: Engagement, plans: Sequence[Offering]) -> Offered:
    today, following = engagement.today, engagement.month_after(engagement.today)
    now = {plan.id: engagement.why_no_other_plan(plan, today) for plan in plans}
    then = {plan.id: engagement.why_no_other_plan(plan, following) for plan in plans}
    fine = [plan for plan in plans if not then[plan.id]]
    refused = [(plan, then[plan.id]) for plan in plans if then[plan.id]]
    reasons = {why for _, why in refused}
    mirror = Subscription.of(engagement)
    if fine and (mirror is None or mirror.over):
        return Offered([], {}, [], NO_SUBSCRIPTION)
    if not fine:
        same = reasons.pop() if len(reasons) == 1 else ""
        return Offered([], {}, [] if same else refused, same or NO_OTHER)
    return Offered(fine, {str(plan.id): now[plan.id] for plan in fine if now[plan.id]}, refused)
