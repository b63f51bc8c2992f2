"""Pages about payouts: the consultant's own, and the firm's."""

from webapp.billing.views.payouts import earnings, practice, setting_up, shares, statement

__all__ = ["earnings", "practice", "setting_up", "shares", "statement"]
