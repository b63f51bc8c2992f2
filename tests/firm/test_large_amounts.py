"""More minor units than 32 bits hold are kept, summed, booked and shown to the unit.

PostgreSQL sums 64-bit numbers as decimals, of which Money takes none.
"""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask.testing import FlaskClient

from tests import make
from tests.firm.test_money import SignIn, invoice
from webapp import clock
from webapp.access import Role
from webapp.billing.books.journal import journal
from webapp.billing.books.overview import net_fees, overview
from webapp.billing.models import Invoice, Payment, Transfer, TransferReversal
from webapp.billing.paying_out.ledger import balances_before, standing_of
from webapp.catalog.models import Consultant
from webapp.db import session
from webapp.engagements.models import Engagement
from webapp.money import Money
from webapp.web import firm_zone

MUCH = 3_000_000_000
EACH = Money(MUCH, "USD")


def paid(engagement: Engagement) -> Invoice:
    """An invoice of thirty million dollars, and its payment."""
    made = invoice(engagement, total_minor=MUCH)
    make.saved(Payment(
        invoice=made, stripe_id=f"ch_{made.number}", payment_intent="pi_1", method="card",
        amount_minor=MUCH, currency="USD", fee_minor=MUCH, net_minor=0, settled_currency="USD",
        paid_at=clock.now(), livemode=False, synced_at=clock.now(),
    ))  # fmt: skip
    return made


def shared(paid_by: Invoice, consultant: Consultant) -> None:
    """All of it is the consultant's, sent, and half of it a debt by now."""
    made = make.saved(Transfer(
        invoice=paid_by, consultant=consultant, part="fee", share_percent=100, earned_minor=MUCH,
        amount_minor=MUCH, currency="USD", state="sent", sent_at=clock.now(),
    ))  # fmt: skip
    make.saved(TransferReversal(transfer=made, cause="refund:1", minor=MUCH // 2, state="debt"))


@pytest.fixture
def consultant(app: object) -> Consultant:
    """Two clients paid thirty million each, all of it for one consultant."""
    who = make.consultant()
    for _ in range(2):
        shared(paid(make.engagement("active")), who)
    session.commit()
    return who


def test_they_are_summed_in_the_books(consultant: Consultant) -> None:
    since = clock.now() - timedelta(days=1)
    [line] = overview(firm_zone()).lines
    assert line.paid.amount == EACH * 2
    assert net_fees(since, clock.now()) == [EACH * 2]
    today, day = clock.now().date(), timedelta(days=1)
    booked = journal(today - day, today + day, firm_zone())
    sums = {sum(posting.amount.minor for posting in one.postings) for one in booked}
    assert sums == {0}


def test_they_are_summed_for_a_consultant(consultant: Consultant) -> None:
    [standing] = standing_of(consultant.id)
    assert (standing.earned, standing.sent, standing.owed) == (EACH, EACH * 2, EACH)
    assert balances_before(consultant.id, clock.now() + timedelta(days=1)) == {"USD": -MUCH}


def test_a_page_shows_them(consultant: Consultant, sign_in: SignIn) -> None:
    page: FlaskClient = sign_in(make.person(Role.FINANCE))
    assert "$60,000,000.00" in page.get("/practice/money").text
