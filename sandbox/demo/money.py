"""What makes the demo's money pages live: shares, an account, a code, a refund, a dispute, notice.

All of it by the app's own verbs, and by the stand-in's controls for what banks do.
"""

import uuid

from sqlalchemy import select

from sandbox.demo import engagements, firm
from sandbox.demo.clients import CODE, FERNCLIFF, LUMEN, QUILLWORKS, Client
from sandbox.demo.people import STAFF
from sandbox.timemachine.stand_in import StandIn
from webapp.access import Role
from webapp.accounts.models import Person
from webapp.billing.calls import invoices
from webapp.billing.models import ConnectedAccount, Coupon, Invoice, InvoiceItem
from webapp.billing.paying_out.accounts import onboarding_url
from webapp.billing.returning.giving import CARD, Giving, give
from webapp.catalog.models import Consultant
from webapp.config import Settings
from webapp.db import session, transaction
from webapp.engagements.models import Engagement
from webapp.money import Money
from webapp.web import absolute_url

SHARES = {"mateo-villalobos": 55, "amara-okafor": 60, "siobhan-kerrigan": 45}


def prepare() -> None:
    """Before anybody books: what consultants get, and a code that gives the first three months a
    tenth off."""
    with transaction():
        for slug, share in SHARES.items():
            consultant = firm.known(Consultant, slug)
            assert consultant is not None
            consultant.share_percent = consultant.share_percent or share
        if Coupon.with_code(CODE) is None:
            session.add(Coupon(code=CODE, percent=10, months=3))


def load(settings: Settings) -> None:
    """After the bookings; once. The workshop, which no other client has, comes last."""
    if session.scalar(select(InvoiceItem.id).where(InvoiceItem.kind == "one_off").limit(1)):
        return
    stand_in = StandIn(settings.stripe_api_base)
    set_up_account("amara-okafor", stand_in)
    dispute(_of(LUMEN), stand_in)
    with transaction():
        _give_back(_of(QUILLWORKS))
        _workshop_and_notice(_of(FERNCLIFF))


def _of(client: Client) -> Engagement:
    found = engagements.signed(client)
    assert found is not None
    return found


def set_up_account(slug: str, stand_in: StandIn) -> None:
    """As far as Stripe asks; other consultants' shares wait."""
    consultant = firm.known(Consultant, slug)
    assert consultant is not None
    page = absolute_url("desk.roster")
    onboarding_url(consultant, page, page)
    account = ConnectedAccount.of(consultant.id)
    assert account is not None
    stand_in.post(f"accounts/{account.stripe_id}", {"do": "finish"})


def dispute(engagement: Engagement, stand_in: StandIn) -> None:
    """Their bank asks for the money back."""
    [invoice] = Invoice.paid_of(engagement)
    payment = invoices.read(invoice.stripe_id).payment_intent
    session.rollback()
    stand_in.post("disputes", {"payment_intent": payment, "reason": "product_not_received"})


def _give_back(engagement: Engagement) -> None:
    [invoice] = Invoice.paid_of(engagement)
    amount = Money.of(250, invoice.currency)
    finance = next(staff.name for staff in STAFF if staff.role == Role.FINANCE)
    give(invoice.id, Giving(amount, CARD, "requested_by_customer", "The first visit fell away",
                            finance, uuid.uuid4()))  # fmt: skip


def _workshop_and_notice(engagement: Engagement) -> None:
    """A workshop on the next invoice; and the sponsor has said when it shall end."""
    sponsor = engagement.sponsor
    assert isinstance(sponsor, Person)
    workshop = Money.of(1200, engagement.terms.currency)
    InvoiceItem.add(engagement, "one_off", f"one_off:{uuid.uuid4()}", "Planning workshop", workshop)
    engagement.give_notice(engagement.end_dates[0], sponsor, "A COO of our own starts then")
