"""The engagement and what it is made of."""

from webapp.engagements.models.agreement import Agreement
from webapp.engagements.models.engagement import Assignment, Engagement, StageChange
from webapp.engagements.models.onboarding import OnboardingStep
from webapp.engagements.models.period import RetainerPeriod
from webapp.engagements.models.terms import Terms

__all__ = [
    "Agreement",
    "Assignment",
    "Engagement",
    "OnboardingStep",
    "RetainerPeriod",
    "StageChange",
    "Terms",
]
