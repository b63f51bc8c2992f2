"""Engagements: onboarding mails and stages that move by themselves."""
