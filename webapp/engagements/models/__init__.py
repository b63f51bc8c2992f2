"""The engagement and what it is made of."""

from webapp.engagements.models.agreement import Agreement
from webapp.engagements.models.assignment import Assignment, StageChange
from webapp.engagements.models.change import ChangeRefused, ChangeRequest, Pause, TermsChange
from webapp.engagements.models.draft import Draft
from webapp.engagements.models.engagement import Engagement
from webapp.engagements.models.onboarding import OnboardingStep
from webapp.engagements.models.period import RetainerPeriod
from webapp.engagements.models.pulse import FollowUp, PulseAnswer
from webapp.engagements.models.terms import Terms
from webapp.engagements.stages import IllegalStage

__all__ = [
    "Agreement",
    "Assignment",
    "ChangeRefused",
    "ChangeRequest",
    "Draft",
    "Engagement",
    "FollowUp",
    "IllegalStage",
    "OnboardingStep",
    "Pause",
    "PulseAnswer",
    "RetainerPeriod",
    "StageChange",
    "Terms",
    "TermsChange",
]
