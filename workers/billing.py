"""Billing: Stripe's events, refunds, reconciling, and the mails about money."""

from __future__ import annotations

import uuid
from datetime import datetime

from webapp.billing import mails, settlement, stripe_events
from webapp.billing.books import reconciling
from webapp.billing.buying import account, describing
from webapp.billing.buying import mails as buying_mails
from webapp.billing.changing import closing, following, given_up
from webapp.billing.owing import (
    bills,
    collecting_on,
    deposit,
    dropping,
    dunning,
    paying,
    placing,
    telling,
    unpaid_months,
    upcoming,
)
from webapp.billing.returning import mails as returning_mails
from webapp.db import session
from webapp.engagements.models import Engagement
from workers.job import task
from workers.plan import planner

# -- Stripe ----------------------------------------------------------------------------------------


@task("billing.handle_event")
def handle_event(event_id: str) -> None:
    stripe_events.handle(event_id)


@task("billing.look_at_checkout")
def look_at_checkout(checkout_id: str) -> None:
    reconciling.look_at_checkout(uuid.UUID(checkout_id))


@task("billing.expire_checkout")
def expire_checkout(engagement_id: str) -> None:
    settlement.expire_checkouts(uuid.UUID(engagement_id))


@task("billing.cancel_subscription")
def cancel_subscription(stripe_id: str) -> None:
    settlement.cancel_subscription(stripe_id)


@task("billing.move_renewal")
def move_renewal(stripe_id: str, to: str) -> None:
    following.move_renewal(stripe_id, datetime.fromisoformat(to))


@task("billing.prepare_coupon")
def prepare_coupon(coupon_id: str) -> None:
    describing.prepare_coupon(uuid.UUID(coupon_id))


@task("billing.sell_on_account")
def sell_on_account(engagement_id: str) -> None:
    account.sell(uuid.UUID(engagement_id))


@task("billing.make_refund")
def make_refund(refund_id: str) -> None:
    settlement.make_refund(uuid.UUID(refund_id))


@task("billing.settle_cancellation")
def settle_cancellation(engagement_id: str) -> None:
    settlement.settle_cancellation(session.get_one(Engagement, uuid.UUID(engagement_id)).lock())


@task("billing.catch_up")
def catch_up(_slot: int) -> None:
    reconciling.catch_up()


@task("billing.refresh")
def refresh(engagement_id: str) -> None:
    reconciling.refresh(uuid.UUID(engagement_id))


# -- owing -----------------------------------------------------------------------------------------


@task("billing.place_item")
def place_item(item_id: str) -> None:
    placing.place(uuid.UUID(item_id))


@task("billing.remove_item")
def remove_item(item_id: str) -> None:
    placing.remove(uuid.UUID(item_id))


@task("billing.settle_elsewhere")
def settle_elsewhere(invoice_id: str) -> None:
    paying.settle_elsewhere(uuid.UUID(invoice_id))


@task("billing.describe_customer")
def describe_customer(company_id: str) -> None:
    paying.describe_customer(uuid.UUID(company_id))


@task("billing.pay_failing")
def pay_failing(customer_id: str, means: str) -> None:
    paying.pay_failing(uuid.UUID(customer_id), means)


@task("billing.go_on_collecting")
def go_on_collecting(engagement_id: str, ended: str) -> None:
    collecting_on.go_on(uuid.UUID(engagement_id), ended)


@task("billing.collect_on")
def collect_on(invoice_id: str, ended: str) -> None:
    collecting_on.collect_on(uuid.UUID(invoice_id))


@task("billing.pay_invoice")
def pay_invoice(invoice_id: str, means: str) -> None:
    paying.pay(uuid.UUID(invoice_id), means)


@task("billing.end_unpaid")
def end_unpaid(engagement_id: str) -> None:
    given_up.end_unpaid(uuid.UUID(engagement_id))


@task("billing.take_up")
def take_up(engagement_id: str) -> None:
    given_up.take_up(uuid.UUID(engagement_id))


@task("billing.charge_meanwhile")
def charge_meanwhile(engagement_id: str, before: str, again: str) -> None:
    given_up.charge_meanwhile(uuid.UUID(engagement_id), before, datetime.fromisoformat(again))


@task("billing.ask_about_given_up")
def ask_about_given_up(invoice_id: str) -> None:
    given_up.ask_about(uuid.UUID(invoice_id))


@task("billing.void_marked")
def void_marked(invoice_id: str) -> None:
    unpaid_months.void_marked(uuid.UUID(invoice_id))


@task("billing.preview_upcoming")
def preview_upcoming(engagement_id: str) -> None:
    upcoming.preview(uuid.UUID(engagement_id))


@task("billing.drop_owed")
def drop_owed(engagement_id: str) -> None:
    dropping.drop(uuid.UUID(engagement_id))


@task("billing.close_account")
def close_account(engagement_id: str) -> None:
    closing.close_account(uuid.UUID(engagement_id))


@task("billing.pay_credit_out")
def pay_credit_out(engagement_id: str) -> None:
    closing.pay_out_again(uuid.UUID(engagement_id))


@task("billing.apply_deposit")
def apply_deposit(engagement_id: str, _renews_on: str) -> None:
    deposit.apply_to_last_renewal(uuid.UUID(engagement_id))


@task("billing.make_bill")
def make_bill(bill_id: str) -> None:
    bills.make(uuid.UUID(bill_id))


# -- mails -----------------------------------------------------------------------------------------


@task("billing.send_receipt")
def send_receipt(invoice_id: str) -> None:
    mails.send_receipt(uuid.UUID(invoice_id))


@task("billing.tell_upcoming")
def tell_upcoming(subscription_id: str, renews_at: str) -> None:
    telling.tell_upcoming(uuid.UUID(subscription_id), datetime.fromisoformat(renews_at))


@task("billing.tell_failed")
def tell_failed(invoice_id: str, day: int) -> None:
    telling.tell_failed(uuid.UUID(invoice_id), day)


@task("billing.tell_paid_twice")
def tell_paid_twice(invoice_id: str) -> None:
    returning_mails.tell_paid_twice(uuid.UUID(invoice_id))


@task("billing.tell_debit_begun")
def tell_debit_begun(checkout_id: str) -> None:
    buying_mails.tell_debit_begun(uuid.UUID(checkout_id))


@task("billing.tell_debit_returned")
def tell_debit_returned(checkout_id: str) -> None:
    buying_mails.tell_debit_returned(uuid.UUID(checkout_id))


@task("billing.tell_issued")
def tell_issued(invoice_id: str) -> None:
    telling.tell_issued(uuid.UUID(invoice_id))


@task("billing.tell_confirm")
def tell_confirm(invoice_id: str) -> None:
    telling.tell_confirm(uuid.UUID(invoice_id))


@task("billing.tell_given_up")
def tell_given_up(mirror_id: str, stripe_id: str) -> None:
    given_up.tell(uuid.UUID(mirror_id), stripe_id)


@task("billing.tell_card")
def tell_card(customer_id: str, expires: str, fingerprint: str) -> None:
    telling.tell_card(uuid.UUID(customer_id), expires, fingerprint)


@task("billing.tell_slot_lost")
def tell_slot_lost(engagement_id: str) -> None:
    mails.tell_slot_lost(uuid.UUID(engagement_id))


@task("billing.tell_cancellation")
def tell_cancellation(engagement_id: str) -> None:
    mails.tell_cancellation(uuid.UUID(engagement_id))


# -- planners --------------------------------------------------------------------------------------


@planner("billing.sweep_inbox")
def sweep_inbox() -> None:
    reconciling.sweep_inbox()


@planner("billing.look_for_events")
def look_for_events() -> None:
    reconciling.look_for_events()


@planner("billing.refresh_stale")
def refresh_stale() -> None:
    reconciling.refresh_stale()


@planner("billing.plan_notices")
def plan_notices() -> None:
    dunning.plan_notices()


@planner("billing.plan_reminders")
def plan_reminders() -> None:
    dunning.plan_reminders()


@planner("billing.plan_card_notices")
def plan_card_notices() -> None:
    dunning.plan_card_notices()


@planner("billing.plan_taking_up")
def plan_taking_up() -> None:
    given_up.plan_taking_up()


@planner("billing.plan_last_renewals")
def plan_last_renewals() -> None:
    deposit.plan_last_renewals()


@planner("billing.ask_about_deposits")
def ask_about_deposits() -> None:
    deposit.ask_about_unneeded()


@planner("billing.plan_items")
def plan_items() -> None:
    placing.plan_items()
