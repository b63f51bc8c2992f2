"""The books: alerts, and the comparison with Stripe."""

from __future__ import annotations

import uuid

from webapp.billing.books import alarms, comparison_run
from workers.job import task
from workers.plan import planner


@task("billing.tell_alert")
def tell_alert(alert_id: str) -> None:
    alarms.tell_alert(uuid.UUID(alert_id))


@task("billing.compare")
def compare(_night: str) -> None:
    comparison_run.begin()


@task("billing.compare_page")
def compare_page(run_id: str, step: int) -> None:
    comparison_run.compare_page(uuid.UUID(run_id), step)


@task("billing.mend_drift")
def mend_drift(noun: str, stripe_id: str) -> None:
    comparison_run.mend(noun, stripe_id)


@task("billing.judge_comparison")
def judge_comparison(run_id: str) -> None:
    comparison_run.judge(uuid.UUID(run_id))


@planner("billing.plan_alerts")
def plan_alerts() -> None:
    alarms.plan_alerts()


@planner("billing.plan_comparison")
def plan_comparison() -> None:
    comparison_run.plan()
