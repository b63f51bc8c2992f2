"""Changes of plan: what is shown is what is charged, and each thing once."""

from __future__ import annotations

from tests.billing.changing import bigger, confirmed, firm, items, quoted, smaller, under_way
from tests.billing.conftest import Client, failed_jobs, invoices, rows, subscription
from webapp.billing.changing import quoting
from webapp.db import session
from webapp.engagements.models import TermsChange


def test_m27_upgrade_in_the_first_month_is_invoiced_as_previewed(payer: Client) -> None:
    engagement = under_way(payer, days=10)
    by, offered = firm(), bigger(engagement)
    quote = quoted(engagement, offered, engagement.today, by)
    starts, ends = engagement.month_around(engagement.today)
    left, days = (ends - engagement.today).days, (ends - starts).days
    assert quote.amount_minor in {200000 * left // days, 200000 * left // days + 1}
    quoting.confirm(quote, by, "More work")
    session.commit()
    payer.hear()
    assert failed_jobs() == []
    bill = invoices()[-1]
    assert bill.status == "paid"
    assert bill.total == quote.total
    assert subscription().price_minor == 700000
    assert payer.engagement.terms.name == offered.name
    assert [change.kind for change in rows(TermsChange)] == ["upgrade"]
    print(bill.lines, [(i.state, i.amount_minor) for i in items()])
