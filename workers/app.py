"""The Celery app and the timetable.

Celery is the engine, PostgreSQL the truth: rows of `job` carry what is due and how often it was
tried, so there is no ETA, no Celery retry and no result backend. Measured reasons for each
setting: docs/operations.md.
"""

from __future__ import annotations

from typing import Any

from celery import Celery
from celery.signals import worker_process_init

from webapp import db
from webapp.app import create_app
from webapp.config import Settings
from workers import accounts, billing, booking, engagements, job, notifications, plan, reviews

settings = Settings.from_environ()
flask_app = create_app(settings)
app = Celery("righthand", broker=settings.redis_url)

LEASE_SECONDS = 180
QUEUES = {"notifications": "mail"}
DEFAULT_QUEUE = "work"

app.conf.update(
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    task_ignore_result=True,
    task_default_queue=DEFAULT_QUEUE,
    task_time_limit=LEASE_SECONDS - 60,
    worker_prefetch_multiplier=1,
    worker_max_tasks_per_child=1000,
    worker_hijack_root_logger=False,
    worker_cancel_long_running_tasks_on_connection_loss=True,
    worker_soft_shutdown_timeout=20.0,
    broker_connection_retry_on_startup=True,
    broker_transport_options={
        "visibility_timeout": LEASE_SECONDS,
        "unacked_restore_interval": 1,
        "socket_timeout": 3,
        "socket_connect_timeout": 3,
    },
    timezone="UTC",
)


def queue_of(task: str) -> str:
    """Mails have a queue of their own, so that a slow mail server holds up nothing else."""
    return QUEUES.get(task.partition(".")[0], DEFAULT_QUEUE)


def register(name: str) -> None:
    @app.task(name=name)
    def run(job_id: str, lease: str) -> None:
        with flask_app.app_context():
            job.perform(job_id, lease)


@app.task(name="plan.all")
def run_planners() -> None:
    with flask_app.app_context():
        plan.everything()


@worker_process_init.connect
def fresh_connections(**_: Any) -> None:
    """A forked child must not share its parent's database sockets."""
    db.session.get_bind().dispose(close=False)  # type: ignore[union-attr]


FEATURES = (accounts, billing, booking, engagements, notifications, reviews)

for task_name in job.TASKS:
    register(task_name)

app.conf.beat_schedule = {"planners": {"task": "plan.all", "schedule": plan.EVERY_SECONDS}}
