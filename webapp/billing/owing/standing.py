"""How a client stands: what is due, what is to come, what was paid; from our mirrors alone."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import joinedload, selectinload

from webapp.access import Role
from webapp.accounts.models import Company, Membership, Person
from webapp.billing.models import CreditNote, Customer, Invoice, InvoiceItem, Subscription, Upcoming
from webapp.billing.models.invoice_item import PENDING
from webapp.billing.owing import deposit
from webapp.billing.returning.splitting import deposit_on
from webapp.billing.states import State, client_states_of
from webapp.db import session
from webapp.engagements.models import Assignment, Engagement
from webapp.money import Money

PAYERS = frozenset({Role.SPONSOR, Role.BILLING})


@dataclass
class Retainer:
    """One engagement's running side. waiting: what will stand on its next invoice; deposit: what
    is held of it, None where none was taken."""

    engagement: Engagement
    subscription: Subscription | None = None
    upcoming: Upcoming | None = None
    waiting: list[InvoiceItem] = field(default_factory=list)
    deposit: Money | None = None


@dataclass
class Account:
    """One company, as its billing contact sees it. invoices: the latest first."""

    company: Company
    customer: Customer | None
    retainers: list[Retainer]
    invoices: list[Invoice]
    credit_notes: list[CreditNote]

    @cached_property
    def due(self) -> list[Invoice]:
        """What is to be paid now, the oldest first."""
        open_now = (row for row in self.invoices if row.status == "open" and not row.settled_note)
        return sorted(open_now, key=lambda row: row.issued_at)

    @property
    def due_total(self) -> list[Money]:
        """One sum a currency, of what is not on its way already."""
        sums: dict[str, Money] = {}
        for row in self.due:
            if not row.processing:
                sums[row.currency] = sums.get(row.currency, Money(0, row.currency)) + row.due
        return list(sums.values())

    @cached_property
    def states(self) -> dict[uuid.UUID, State]:
        """What each invoice is, by its id."""
        return client_states_of(self.invoices)

    @property
    def running(self) -> list[Retainer]:
        """Those that another month will be charged for."""
        return [row for row in self.retainers if row.subscription and not row.subscription.over]

    @property
    def engagement(self) -> Engagement:
        """Any one of them: the way to the portal asks for one."""
        return self.retainers[0].engagement


def billed_companies(person: Person) -> list[uuid.UUID]:
    """The companies that a person decides or pays for."""
    held = (row for row in person.memberships if row.role in PAYERS and row.company_id)
    return [row.company_id for row in held if row.company_id]


def may_see(person: Person) -> Select[Invoice]:
    """The invoices of those companies."""
    theirs = Engagement.company_id.in_(billed_companies(person))
    return select(Invoice).join(Engagement).where(theirs, Invoice.status != "draft")


def accounts_of(person: Person) -> list[Account]:
    """One a company, in a number of queries that does not grow with what they have, but for a few
    for each deposit."""
    ids = billed_companies(person)
    engagements = _by_company(ids)
    running = _running([row for rows in engagements.values() for row in rows])
    invoices, notes = _invoices(person), _credit_notes(person)
    _note_deposits(running, [row for rows in invoices.values() for row in rows])
    customers = {row.company_id: row for row in _all(select(Customer), Customer.company_id, ids)}
    return [
        Account(company, customers.get(company.id),
                [running[row.id] for row in engagements[company.id]],
                invoices[company.id], notes[company.id])
        for company in _companies(ids)
    ]  # fmt: skip


def _companies(ids: Sequence[uuid.UUID]) -> list[Company]:
    rows = select(Company).where(Company.id.in_(ids)).order_by(Company.name, Company.id)
    people = selectinload(Company.memberships).joinedload(Membership.person)
    return list(session.scalars(rows.options(people, selectinload(Company.tax_ids))))


def _by_company(ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, list[Engagement]]:
    rows = select(Engagement).where(Engagement.company_id.in_(ids)).order_by(Engagement.created_at)
    found: dict[uuid.UUID, list[Engagement]] = defaultdict(list)
    for row in session.scalars(
        rows.where(Engagement.stage != "enquiry").options(
            selectinload(Engagement.terms_history),
            joinedload(Engagement.offering),
            selectinload(Engagement.assignments).joinedload(Assignment.consultant),
        )
    ):
        assert row.company_id
        found[row.company_id].append(row)
    return found


def _running(engagements: Sequence[Engagement]) -> dict[uuid.UUID, Retainer]:
    found = {row.id: Retainer(row) for row in engagements}
    ids = list(found)
    for mirror in _all(select(Subscription), Subscription.engagement_id, ids):
        found[mirror.engagement_id].subscription = mirror
    for upcoming in _all(select(Upcoming), Upcoming.engagement_id, ids):
        found[upcoming.engagement_id].upcoming = upcoming
    waiting = select(InvoiceItem).where(InvoiceItem.state.in_(PENDING)).order_by(InvoiceItem.id)
    for item in _all(waiting, InvoiceItem.engagement_id, ids):
        found[item.engagement_id].waiting.append(item)
    return found


def _invoices(person: Person) -> dict[uuid.UUID, list[Invoice]]:
    rows = may_see(person).order_by(Invoice.issued_at.desc(), Invoice.id)
    found: dict[uuid.UUID, list[Invoice]] = defaultdict(list)
    rows = rows.options(joinedload(Invoice.engagement), selectinload(Invoice.refunds))
    for row in session.scalars(rows):
        assert row.engagement.company_id
        found[row.engagement.company_id].append(row)
    return found


def _note_deposits(running: dict[uuid.UUID, Retainer], invoices: Sequence[Invoice]) -> None:
    for invoice in invoices:
        if invoice.status == "paid" and deposit_on(invoice):
            retainer = running[invoice.engagement_id]
            retainer.deposit = deposit.left_of(retainer.engagement)


def _credit_notes(person: Person) -> dict[uuid.UUID, list[CreditNote]]:
    theirs = may_see(person).with_only_columns(Invoice.id)
    rows = select(CreditNote).where(CreditNote.invoice_id.in_(theirs), CreditNote.state == "issued")
    found: dict[uuid.UUID, list[CreditNote]] = defaultdict(list)
    related = joinedload(CreditNote.invoice).joinedload(Invoice.engagement)
    for row in session.scalars(rows.order_by(CreditNote.created_at.desc()).options(related)):
        assert row.invoice.engagement.company_id
        found[row.invoice.engagement.company_id].append(row)
    return found


def _all(rows: Select[Any], column: Any, ids: Sequence[uuid.UUID]) -> list[Any]:
    return list(session.scalars(rows.where(column.in_(ids))))
