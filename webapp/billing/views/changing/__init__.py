"""Pages of changes: another plan, a pause, notice, and what a sponsor asks for."""

from webapp.billing.views.changing import notice, pause, plan, requests

__all__ = ["notice", "pause", "plan", "requests"]
