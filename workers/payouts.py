"""Tasks about money that goes on or back: payments read, shares, accounts, refunds, disputes."""

from __future__ import annotations

import uuid

from webapp import outbox
from webapp.billing import mails as client_mails
from webapp.billing.paying_out import accounts, planning, receiving, sending, statement_mails
from webapp.billing.returning import contesting, crediting, mails, papers
from workers.job import task
from workers.plan import planner


@task("billing.read_payments")
def read_payments(invoice_id: str, tries: int = 0) -> None:
    receiving.read_payments(uuid.UUID(invoice_id), tries)


@task("billing.sync_payments")
def sync_payments(invoice_id: str) -> None:
    receiving.sync_payments(uuid.UUID(invoice_id))


@task("billing.send_transfer")
def send_transfer(transfer_id: str) -> None:
    sending.send(uuid.UUID(transfer_id))


@task("billing.reverse_transfer")
def reverse_transfer(reversal_id: str) -> None:
    sending.reverse(uuid.UUID(reversal_id))


@task("billing.release_transfers")
def release_transfers(consultant_id: str) -> None:
    accounts.release_waiting(uuid.UUID(consultant_id))


@task("billing.release_invoice")
def release_invoice(invoice_id: str) -> None:
    planning.release_all(planning.locked(uuid.UUID(invoice_id)))


@task("billing.read_account")
def read_account(consultant_id: str) -> None:
    accounts.sync(uuid.UUID(consultant_id))


@task("billing.place_credit")
def place_credit(credit_id: str) -> None:
    crediting.place(uuid.UUID(credit_id))


@task("billing.make_credit_note")
def make_credit_note(note_id: str) -> None:
    papers.make_credit_note(uuid.UUID(note_id))


@task("billing.follow_credit_note")
def follow_credit_note(note_id: str, _state: str) -> None:
    papers.follow_credit_note(uuid.UUID(note_id))
    outbox.enqueue("billing.tell_credit", note_id)


@task("billing.tell_credit")
def tell_credit(note_id: str) -> None:
    client_mails.tell_credit(uuid.UUID(note_id))


@task("billing.follow_refund")
def follow_refund(refund_id: str, state: str) -> None:
    papers.follow_refund(uuid.UUID(refund_id), state)


@task("billing.read_dispute")
def read_dispute(dispute_id: str) -> None:
    contesting.read_again(uuid.UUID(dispute_id))


# -- mails -----------------------------------------------------------------------------------------


@task("billing.tell_refund")
def tell_refund(refund_id: str, state: str) -> None:
    mails.tell_refund(uuid.UUID(refund_id), state)


@task("billing.tell_credit_note")
def tell_credit_note(note_id: str, _attempt: int) -> None:
    mails.tell_credit_note(uuid.UUID(note_id))


@task("billing.tell_dispute_opened")
def tell_dispute_opened(dispute_id: str) -> None:
    mails.tell_dispute_opened(uuid.UUID(dispute_id))


@task("billing.tell_dispute_closed")
def tell_dispute_closed(dispute_id: str) -> None:
    mails.tell_dispute_closed(uuid.UUID(dispute_id))


@task("billing.send_statement")
def send_statement(consultant_id: str, month: str) -> None:
    statement_mails.send(uuid.UUID(consultant_id), month)


# -- planners --------------------------------------------------------------------------------------


@planner("billing.plan_payments")
def plan_payments() -> None:
    receiving.plan_reading()


@planner("billing.plan_disputes")
def plan_disputes() -> None:
    contesting.plan_looking()


@planner("billing.plan_statements")
def plan_statements() -> None:
    statement_mails.plan()
