"""What a client sees of money: one page for all, each invoice, and the details on them."""

from webapp.billing.views.client import billing, details, invoice

__all__ = ["billing", "details", "invoice"]
