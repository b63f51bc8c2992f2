"""What became of the clients of the last months, day by day, by the app's own verbs."""

import uuid
from collections.abc import Iterator
from contextlib import suppress
from datetime import date, timedelta

from dateutil.relativedelta import relativedelta
from sqlalchemy import select

from sandbox.demo import engagements, firm, hosted_page, money
from sandbox.demo.clients import Client
from sandbox.demo.past.clients import GROWN, JUDITH, Past
from sandbox.demo.past.days import Deed
from sandbox.demo.people import STAFF
from sandbox.timemachine.stand_in import StandIn
from webapp.access import Role
from webapp.accounts.models import Person
from webapp.billing.changing import quoting
from webapp.billing.models import Invoice, Refund
from webapp.billing.owing.overage import add_overage
from webapp.billing.returning.giving import CARD, Giving, give
from webapp.catalog.models import Consultant, Offering
from webapp.db import session, transaction
from webapp.engagements.models import ChangeRefused, Engagement
from webapp.money import Money
from webapp.reviews.models import Review

BOOKED_BEFORE = timedelta(days=7)
SHARE = 50
# When a month is announced and charged; and when one that is not paid is spoken of again.
USUAL, UNPAID = (-5, 0), (3, 7, 10)


class Story:
    """of: who, counted back from today. password: for the one sponsor who signs in with it."""

    def __init__(self, past: Past, stand_in: StandIn, password: str) -> None:
        self.past, self.stand_in, self.password = past, stand_in, password

    def deeds(self) -> Iterator[Deed]:
        yield Deed(self.past.first_day, self.staff_up)
        for client in self.past.all:
            yield from self.usual(client)
        yield Deed(self.past.ago(26), self.grow)
        yield Deed(self.past.ago(19), self.ask_for_a_pause)
        yield Deed(self.past.ago(10, months=1), self.card_fails)
        yield Deed(self.past.ago(9), self.work_longer)
        yield Deed(self.past.ago(10, months=1), self.pay_the_first_invoice)
        yield Deed(self.past.ago(41), self.dispute)
        yield Deed(self.past.ago(35), self.lose)
        yield Deed(self.past.ago(35), self.give_some_back)
        yield Deed(self.past.ago(11), self.close_the_list)

    def usual(self, client: Client) -> Iterator[Deed]:
        """Booked, begun, and looked in on around each month that is charged."""
        first = client.kick_off
        assert first is not None
        yield Deed(first - BOOKED_BEFORE, lambda: self.book(client))
        yield Deed(first + timedelta(days=1), lambda: self.begin(client))
        late = UNPAID if client.draft == self.past.behind.draft else ()
        for day in self.looks(first, (*USUAL, *late)):
            yield Deed(day, self.keep_reviews)

    def looks(self, first: date, days: tuple[int, ...]) -> Iterator[date]:
        months = [first + relativedelta(months=number) for number in (1, 2)]
        found = (month + timedelta(days=number) for month in months for number in days)
        return (day for day in found if day < self.past.today)

    # -- who is there ------------------------------------------------------------------------------

    def staff_up(self) -> None:
        with transaction():
            if not firm.known(Consultant, JUDITH.slug):
                session.add_all(firm.consultant(JUDITH, self.password))
                session.flush()
                self.judith.share_percent = SHARE
        for slug in (JUDITH.slug, "amara-okafor"):
            money.set_up_account(slug, self.stand_in)

    def close_the_list(self) -> None:
        with transaction():
            self.judith.published = False

    @property
    def judith(self) -> Consultant:
        found = firm.known(Consultant, JUDITH.slug)
        assert found is not None
        return found

    def of(self, client: Client) -> Engagement:
        found = engagements.signed(client)
        assert found is not None
        return found

    # -- as usual ----------------------------------------------------------------------------------

    def book(self, client: Client) -> None:
        """The sponsor of the one that has grown can sign in."""
        engagements.load(client, self.password if client.draft == GROWN else None)

    def begin(self, client: Client) -> None:
        """The kick-off was held, with all that was to be ready."""
        with transaction():
            engagement = self.of(client)
            assert engagement.sponsor is not None
            who = engagement.assignments[0].consultant.person
            for step in engagement.steps:
                step.complete(who if step.owner == "consultant" else engagement.sponsor)
            engagement.hold_kickoff(who, "Orders, stock and who decides: in that order.")

    def keep_reviews(self) -> None:
        """Those whose time is over took place."""
        with transaction():
            for review in session.scalars(select(Review).where(Review.state == "booked")):
                if review.unrecorded:
                    who = review.engagement.assignments[0].consultant.person
                    review.hold(who, "Two of three priorities are on their way.")

    # -- what was special --------------------------------------------------------------------------

    def grow(self) -> None:
        """From four days to eight, at once."""
        by = staff(Role.COORDINATOR)
        larger = firm.known(Offering, "coo-eight-days")
        assert larger is not None
        with suppress(ChangeRefused), transaction():
            engagement = self.of(self.past.grown)
            quote = quoting.ask(engagement, larger, engagement.today, by)
            quoting.confirm(quote, by, "They open two shops this winter")

    def ask_for_a_pause(self) -> None:
        with suppress(ChangeRefused), transaction():
            self.of(self.past.resting).plan_pause(
                self.past.ago(8), self.past.today + timedelta(days=20), staff(Role.COORDINATOR),
                "Their press is being rebuilt",
            )  # fmt: skip

    def card_fails(self) -> None:
        [running] = self.stripes(self.past.behind, "subscription")
        method = running["default_payment_method"]
        self.stand_in.post(f"cards/{method}", {"behaviour": "insufficient_funds"})

    def work_longer(self) -> None:
        """Three and a half hours more than the first month included."""
        with transaction():
            engagement = self.of(self.past.busy)
            add_overage(engagement.periods[0], 210, engagement.terms.overage_rate)

    def pay_the_first_invoice(self) -> None:
        client = self.past.overdue
        due = [invoice.hosted_url for invoice in Invoice.open_of(self.of(client))]
        session.rollback()
        for address in due:
            hosted_page.pay(address, client)

    def dispute(self) -> None:
        if not self.stand_in.objects("dispute"):
            money.dispute(self.of(self.past.contested), self.stand_in)

    def lose(self) -> None:
        [dispute] = self.stand_in.objects("dispute")
        if dispute["status"] not in {"won", "lost"}:
            self.stand_in.post(f"disputes/{dispute['id']}", {"outcome": "lost"})

    def give_some_back(self) -> None:
        with transaction():
            [invoice] = Invoice.paid_of(self.of(self.past.refunded))
            if not session.scalar(select(Refund.id).limit(1)):
                amount = Money.of(600, invoice.currency)
                give(invoice.id, Giving(amount, CARD, "requested_by_customer",
                     "The second workshop was held by telephone", staff(Role.FINANCE).name,
                     uuid.uuid4()))  # fmt: skip

    def stripes(self, client: Client, kind: str) -> list[dict[str, object]]:
        ours = str(self.of(client).id)
        session.rollback()
        return [one for one in self.stand_in.objects(kind) if engagement_of(one) == ours]


def engagement_of(document: dict[str, object]) -> object:
    metadata = document.get("metadata")
    return metadata.get("engagement") if isinstance(metadata, dict) else None


def staff(role: Role) -> Person:
    address = next(one.email for one in STAFF if one.role == role)
    found = Person.with_email(address)
    assert found is not None
    return found
