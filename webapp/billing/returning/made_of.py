"""What an amount that is given back is made of: work, tax, deposit, and whose part of the work."""

from __future__ import annotations

from webapp.billing.models import Invoice
from webapp.billing.owing import deposit
from webapp.billing.returning.left import left_of
from webapp.billing.returning.preview import Preview
from webapp.billing.returning.splitting import deposit_on, tax_by_amount
from webapp.money import Money

Row = tuple[str, Money]


def made_of(invoice: Invoice, preview: Preview) -> list[Row]:
    """(what, amount), together what is given. It takes of the work first, and of a deposit that is
    held only what the work cannot give; the tax is what the credit note will say."""
    amount = preview.giving.amount
    of_deposit = max(amount - (left_of(invoice) - _held_of(invoice)), _nothing(invoice))
    of_work = amount - of_deposit
    tax = min(tax_by_amount(invoice, amount), of_work)
    shares = sum((one.amount for one in preview.taken), _nothing(invoice))
    parts = [
        ("Tax", tax), ("Deposit", of_deposit), ("Consultants’ shares", shares),
        ("The firm’s part", of_work - tax - shares),
    ]  # fmt: skip
    return [(what, part) for what, part in parts if part]


def _held_of(invoice: Invoice) -> Money:
    taken = deposit_on(invoice) > 0
    return deposit.left_of(invoice.engagement) if taken else _nothing(invoice)


def _nothing(invoice: Invoice) -> Money:
    return Money(0, invoice.currency)
