"""At the end of a year: our books, Stripe's, the mails and the oracle, to the cent.

Each comparison answers what does not agree, as sentences; nothing to say is what is hoped for.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, func, select

from tests.simulation.costs import by_engagement, kind_of, terms
from tests.simulation.hands import Hands
from tests.simulation.year import Year
from webapp import clock
from webapp.billing.models import (
    BalanceEntry,
    Credit,
    CreditNote,
    Customer,
    Dispute,
    Invoice,
    InvoiceItem,
    Payment,
    Quote,
    Refund,
    StripeEvent,
    Subscription,
    Transfer,
)
from webapp.billing.models.event import HANDLE
from webapp.db import session
from webapp.notifications.models import EmailMessage
from webapp.outbox import Job

# What Stripe was still to do in the last hours (a draft is final after one) is not compared.
UNDER_WAY = timedelta(hours=26)
# An invoice, and each of its lines, says which of Stripe's it is by one of these.
SETTLED = ("paid", "open", "void", "uncollectible")


def findings(year: Year) -> list[str]:
    session.rollback()
    looks = (
        terms, subscriptions, invoices, balances, refunds, payments, disputes, transfers,
        credit_notes, previews, receipts, mails, once, unfinished, shapes,
    )  # fmt: skip
    return [f"{look.__name__}: {found}" for look in looks for found in look(year)]


def figures(year: Year) -> dict[str, int | float]:
    """What the year amounted to."""
    session.rollback()
    counted = {
        "invoices": Invoice, "refunds": Refund, "events": StripeEvent, "mails": EmailMessage,
        "jobs": Job, "payments": Payment, "disputes": Dispute, "transfers": Transfer,
    }  # fmt: skip
    rows = {name: session.scalar(select(func.count()).select_from(noun)) or 0
            for name, noun in counted.items()}  # fmt: skip
    sent, hands = year.world.stripe.control("webhooks")["states"], year.world.hands
    killed = {"killed": hands.killed} if isinstance(hands, Hands) else {}
    return rows | killed | {
        "engagements": len(year.clients), "days": year.days, "seconds": round(year.seconds, 1),
        "webhooks lost": sent.get("dropped", 0), "webhooks delivered": sent.get("delivered", 0),
    }  # fmt: skip


# -- our books and Stripe's ------------------------------------------------------------------------


def subscriptions(year: Year) -> Iterator[str]:
    ours = {row.stripe_id: row for row in session.scalars(select(Subscription))}
    replaced = {former for row in ours.values() for former in row.former}
    found = year.world.stripe.objects("subscription")
    theirs = {one["id"]: one for one in found if one["id"] not in replaced}
    yield from _unknown(ours, theirs)
    for key in ours.keys() & theirs.keys():
        [item] = theirs[key]["items"]["data"]
        over = theirs[key]["status"] in ("canceled", "incomplete_expired")
        wanted = {
            "status": theirs[key]["status"],
            "price_minor": item["price"]["unit_amount"],
            "currency": item["price"]["currency"].upper(),
            "renews_at": None if over else _instant(item["current_period_end"]),
        }
        yield from _differences(ours[key], wanted)


def invoices(year: Year) -> Iterator[str]:
    ours = {row.stripe_id: row for row in session.scalars(select(Invoice))}
    theirs = {one["id"]: one for one in year.world.stripe.objects("invoice") if worth(one)}
    yield from _unknown(ours, theirs)
    for key in ours.keys() & theirs.keys():
        yield from _differences(ours[key], {
            "status": theirs[key]["status"],
            "number": theirs[key]["number"],
            "total_minor": theirs[key]["total"],
            "tax_minor": sum(one["amount"] for one in theirs[key]["total_taxes"] or ()),
            "paid_minor": theirs[key]["amount_paid"],
            "balance_applied_minor": _applied(theirs[key]),
            "due_minor": theirs[key]["amount_remaining"],
            "currency": theirs[key]["currency"].upper(),
        })  # fmt: skip
        if sum(line["minor"] for line in ours[key].lines) != theirs[key]["subtotal"]:
            yield f"the lines of {key} do not add up to its subtotal"
        rest = theirs[key]["total"] - theirs[key]["pre_payment_credit_notes_amount"]
        rest -= ours[key].balance_applied_minor + ours[key].paid_minor + ours[key].due_minor
        if rest and theirs[key]["status"] in ("open", "paid") and not ours[key].out_of_band:
            yield f"{key}: {rest} of it was neither paid, nor is due, nor came from the balance"


def _applied(invoice: dict[str, Any]) -> int:
    """What the customer's balance, where credit stands below nothing, paid of an invoice."""
    ending: int = invoice["ending_balance"] or 0
    return ending - int(invoice["starting_balance"] or 0)


def balances(year: Year) -> Iterator[str]:
    """What each client has as credit, and that our ledger of it adds up."""
    theirs = {one["id"]: one["balance"] for one in year.world.stripe.objects("customer")}
    sums = select(BalanceEntry.customer_id, func.sum(BalanceEntry.credit_minor))
    by_customer = session.execute(sums.group_by(BalanceEntry.customer_id)).tuples()
    ledger = dict(by_customer.all())
    for row in session.scalars(select(Customer)):
        kept = int(ledger.get(row.id, 0))
        if not row.credit_minor == kept == -theirs.get(row.stripe_id, 0):
            at_stripe = theirs.get(row.stripe_id)
            yield f"{row.stripe_id}: {row.credit_minor}, by the ledger {kept}, there {at_stripe}"


def refunds(year: Year) -> Iterator[str]:
    ours = {row.stripe_id: row for row in session.scalars(select(Refund))}
    theirs = {one["id"]: one for one in year.world.stripe.objects("refund")}
    yield from _unknown(ours, theirs)
    for key in ours.keys() & theirs.keys():
        wanted = {"amount_minor": theirs[key]["amount"], "state": theirs[key]["status"]}
        yield from _differences(ours[key], wanted)


def payments(year: Year) -> Iterator[str]:
    ours = {row.stripe_id: row for row in session.scalars(select(Payment))}
    theirs = {one["id"]: one for one in year.world.stripe.objects("charge") if one["paid"]}
    yield from _unknown(ours, theirs)
    for key in ours.keys() & theirs.keys():
        yield from _differences(ours[key], {
            "amount_minor": theirs[key]["amount"],
            "currency": theirs[key]["currency"].upper(),
            "refunded_minor": theirs[key]["amount_refunded"],
        })  # fmt: skip


def disputes(year: Year) -> Iterator[str]:
    ours = {row.stripe_id: row for row in session.scalars(select(Dispute))}
    theirs = {one["id"]: one for one in year.world.stripe.objects("dispute")}
    yield from _unknown(ours, theirs)
    for key in ours.keys() & theirs.keys():
        wanted = {"amount_minor": theirs[key]["amount"], "status": theirs[key]["status"]}
        yield from _differences(ours[key], wanted)


def transfers(year: Year) -> Iterator[str]:
    """Each share once, to the cent, and what was taken back of it."""
    ours = {row.stripe_id: row for row in session.scalars(select(Transfer)) if row.stripe_id}
    theirs = {one["id"]: one for one in year.world.stripe.objects("transfer")}
    yield from _unknown(ours, theirs)
    for key in ours.keys() & theirs.keys():
        yield from _differences(ours[key], {"amount_minor": theirs[key]["amount"]})
        back = sum(one.minor for one in ours[key].reversals if one.stripe_id)
        if back != theirs[key]["amount_reversed"]:
            yield f"{key}: {back} was taken back here, {theirs[key]['amount_reversed']} at Stripe"


def credit_notes(year: Year) -> Iterator[str]:
    ours = {row.stripe_id: row for row in session.scalars(select(CreditNote)) if row.stripe_id}
    theirs = {one["id"]: one for one in year.world.stripe.objects("credit_note")}
    yield from _unknown(ours, theirs)
    for key in ours.keys() & theirs.keys():
        yield from _differences(ours[key], {"amount_minor": theirs[key]["total"]})


def previews(year: Year) -> Iterator[str]:
    """What a change of plan was said to cost is what its invoice asked for."""
    shown = select(Quote, InvoiceItem).join(
        InvoiceItem, InvoiceItem.key == func.concat("proration:", Quote.change_id)
    )
    for quote, item in session.execute(shown):
        bill = item.invoice if item.bill_id else None
        if item.amount_minor != quote.amount_minor:
            yield f"{item.key} is {item.amount_minor}, shown as {quote.amount_minor}"
        if bill and bill.total_minor != quote.amount_minor + quote.tax_minor:
            yield f"{bill.number} asks for {bill.total_minor}, shown as {quote.amount_minor}"
    given = select(Quote, func.sum(CreditNote.amount_minor)).join(
        Credit, Credit.key == func.concat("proration:", Quote.change_id)
    )
    issued = given.join(CreditNote, CreditNote.credit_id == Credit.id).group_by(Quote.id)
    for quote, minor in session.execute(issued):
        if minor != -quote.total.minor:
            yield f"{minor} was given back, {-quote.total.minor} was shown"


def worth(invoice: dict[str, Any]) -> bool:
    """Issued, and with something on it that has a price."""
    lines = invoice["lines"]["data"]
    return invoice["status"] in SETTLED and any(line["amount"] for line in lines)


def _unknown(ours: dict[str, Any], theirs: dict[str, Any]) -> Iterator[str]:
    yield from (f"{key} is at Stripe alone" for key in theirs.keys() - ours.keys())
    yield from (f"{key} is in our books alone" for key in ours.keys() - theirs.keys())


def _differences(row: Any, wanted: dict[str, Any]) -> Iterator[str]:
    for name, value in wanted.items():
        if getattr(row, name) != value:
            yield f"{row.stripe_id}.{name} is {getattr(row, name)!r} here, {value!r} at Stripe"


def _instant(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


# -- mails -----------------------------------------------------------------------------------------


def receipts(year: Year) -> Iterator[str]:
    """One for each paid invoice that cost something, with its amount; none for anything else."""
    rows = select(EmailMessage).where(EmailMessage.kind == "receipt")
    found: dict[str, list[EmailMessage]] = {}
    for mail in session.scalars(rows):
        found.setdefault(mail.about, []).append(mail)
    for invoice in session.scalars(select(Invoice)):
        told = found.pop(f"invoice:{invoice.id}", [])
        due = invoice.status == "paid" and invoice.paid_minor > 0
        if len(told) != due and invoice.engagement.stage != "lost":
            yield f"{invoice.number} ({invoice.status}) has {len(told)} receipts"
        if any(invoice.paid.format() not in mail.subject for mail in told):
            yield f"the receipt of {invoice.number} tells another amount"
    yield from (f"a receipt about {about}, which is no invoice" for about in found)


def mails(year: Year) -> Iterator[str]:
    """Everything that was written arrived, each once."""
    arrived = year.world.mailbox.arrived
    yield from (f"{key} arrived {count} times" for key, count in arrived.items() if count > 1)
    for mail in session.scalars(select(EmailMessage)):
        if mail.state == "sent" and mail.message_id not in arrived:
            yield f"“{mail.subject}” is said to be sent and did not arrive"
        if mail.state not in ("sent", "cancelled"):
            yield f"“{mail.subject}” is {mail.state}: {mail.last_error}"


# -- nothing twice, nothing left -------------------------------------------------------------------


def once(year: Year) -> Iterator[str]:
    """One customer a company, one subscription an engagement, one charge a period."""
    stripe = year.world.stripe
    companies = Counter(
        (one["metadata"] or {}).get("company") for one in stripe.objects("customer")
    )
    yield from (f"company {key} has {count} customers" for key, count in companies.items()
                if count > 1)  # fmt: skip
    issued = by_engagement(year)
    for client in year.clients:
        if client.facts is None:
            continue
        # Where Stripe gave up, and the client pays after all, the months go on by another.
        if len(client.stripes("subscription")) > 1 and not client.given_up:
            yield f"{client} has several subscriptions"
        months = Counter(
            line["period"]["start"]
            for invoice in issued[str(client.engagement_id)] if invoice["status"] == "paid"
            for line in invoice["lines"]["data"]
            if kind_of(line) == "month" and line["amount"] > 0
        )  # fmt: skip
        yield from (f"{client} paid {count} times for {_instant(start)}"
                    for start, count in months.items() if count > 1)  # fmt: skip


def unfinished(year: Year) -> Iterator[str]:
    """Jobs that were given up, events that nobody acted on."""
    left = (Job.run_after < year.ended - UNDER_WAY) & ~_in_hand()
    jobs = select(Job).where((Job.state == "failed") | left)
    for job in session.scalars(jobs.where(Job.state != "done")):
        yield f"{job.task} {job.payload} is {job.state}: {job.last_error[:300]}"
    named = Job.payload[0].as_string() == StripeEvent.id
    in_hand = select(Job.id).where(Job.task == HANDLE, named, _in_hand()).exists()
    waiting = select(StripeEvent).where(StripeEvent.state == "received", ~in_hand)
    for event in session.scalars(waiting):
        yield f"{event.type} {event.id} was not acted upon: {_line_of(event)}"


def _line_of(event: StripeEvent) -> list[str]:
    """Its jobs, and how they stand."""
    rows = select(Job).where(Job.task == HANDLE, Job.payload[0].as_string() == event.id)
    return [f"{job.state} until {job.run_after}, {job.last_error}" for job in session.scalars(rows)]


def _in_hand() -> ColumnElement[bool]:
    """Leased to somebody by the machine's clock: days of the year may pass in such minutes."""
    return func.coalesce(Job.lease_until > clock.machine_now(), False)


def shapes(year: Year) -> Iterator[str]:
    """The stand-in kept to the SDK's types all year."""
    yield from map(str, year.world.stripe.control("violations"))
