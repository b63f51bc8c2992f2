"""The firm's pages about what a client owes."""

from webapp.billing.views.owing import arrears, elsewhere, one_off

__all__ = ["arrears", "elsewhere", "one_off"]
