"""The client's own pages about money."""

from webapp.billing.views.client import billing, details, invoice

__all__ = ["billing", "details", "invoice"]
