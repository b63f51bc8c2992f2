"""The Celery app and the timetable.

Celery is the engine, PostgreSQL the truth: rows of `job` carry what is due and how often it was
tried, so there is no ETA, no Celery retry and no result backend, and it does not matter when Redis
gives a message back late, or never.
"""

from __future__ import annotations

import logging
from typing import Any

from celery import Celery, Task
from celery.signals import setup_logging, worker_process_init

from webapp import db
from webapp.app import create_app
from webapp.config import Settings
from webapp.notifications.smtp import MailServer
from workers import (
    accounts,
    billing,
    booking,
    books,
    calendars,
    engagements,
    job,
    notifications,
    payouts,
    plan,
    reviews,
    waitlist,
)

settings = Settings.from_environ()
MailServer.parse(settings.smtp_url)  # better not to start than to fail each mail
flask_app = create_app(settings)
app = Celery("righthand", broker=settings.redis_url)

MAIL, WORK = QUEUES = ("mail", "work")
MAIL_TASKS = "notifications."

app.conf.update(
    # A child that is killed has not acknowledged its message, which goes to another one at once
    # (the row's lease would bring it back too, half a minute later).
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    task_ignore_result=True,
    task_default_queue=WORK,
    # A minute under the lease: the task is gone for certain before another may begin.
    task_time_limit=job.LEASE_SECONDS - 60,
    # A child takes one message at a time, so that none waits behind a slow one.
    worker_prefetch_multiplier=1,
    # Whatever a library leaks goes with the child.
    worker_max_tasks_per_child=1000,
    # A lost connection to Redis ends no task: its row, not its message, says whether it is done.
    worker_cancel_long_running_tasks_on_connection_loss=False,
    # A cold shutdown (SIGQUIT; SIGTERM too with REMAP_SIGTERM=SIGQUIT) first gives tasks this long.
    worker_soft_shutdown_timeout=20.0,
    broker_connection_retry_on_startup=True,
    broker_connection_max_retries=None,
    # Without it a publish to a Redis that hangs waits for over a minute.
    broker_transport_options={"socket_timeout": 3, "socket_connect_timeout": 3},
    # Planning is derived from the database: what was not planned in time is planned by the next.
    beat_schedule={
        "planners": {
            "task": "plan.all",
            "schedule": plan.EVERY_SECONDS,
            "options": {"expires": plan.EVERY_SECONDS - 5},
        }
    },
    timezone="UTC",
)


def queue_of(task: str) -> str:
    """Mails have a queue of their own, so that a slow mail server holds up nothing else."""
    return MAIL if task.startswith(MAIL_TASKS) else WORK


def register(name: str) -> None:
    """Make the jobs of that name a Celery task; messages carry the row's id and its lease."""

    @app.task(name=name, bind=True)  # type: ignore[untyped-decorator]
    def run(self: Task, job_id: str, lease: str, again: bool = False) -> None:
        redelivered = bool((self.request.delivery_info or {}).get("redelivered"))
        with flask_app.app_context():
            job.perform(job_id, lease, again or redelivered)


@app.task(name="plan.all")  # type: ignore[untyped-decorator]
def run_planners() -> None:
    with flask_app.app_context():
        plan.everything()


@worker_process_init.connect  # type: ignore[untyped-decorator]
def fresh_connections(**_: Any) -> None:
    """A forked child must not share its parent's database sockets.

    Jobs find out by their claim whether a connection still works: asking before each costs a tenth.
    """
    db.session.remove()
    db.session.get_bind().dispose(close=False)  # type: ignore[union-attr]
    db.connect(settings.database_url, pool_pre_ping=False)


@setup_logging.connect  # type: ignore[untyped-decorator]
def keep_our_logging(**_: Any) -> None:
    """Celery leaves logging to webapp/logs.py; its two lines a task say less than the job's row."""
    for name in ("celery.worker.strategy", "celery.app.trace"):
        logging.getLogger(name).setLevel(logging.WARNING)


FEATURES = (
    accounts,
    billing,
    booking,
    books,
    calendars,
    engagements,
    notifications,
    payouts,
    reviews,
    waitlist,
)

for task_name in job.TASKS:
    register(task_name)
