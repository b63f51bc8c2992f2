"""A planner and a worker that die in the middle: a real process, killed at each statement (at
every third, unless the tests dig deep)."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from typing import Any

from flask import Flask
from sqlalchemy import Engine, event, func, select, text, update

from tests.depth import depth
from tests.mail import Mailbox
from tests.reviews.conftest import KICKOFF, begin, kicked_off, run_planners
from webapp import clock
from webapp.booking.models import Booking
from webapp.db import session, transaction
from webapp.engagements.models import Engagement
from webapp.notifications.models import EmailMessage
from webapp.outbox import Job
from webapp.reviews import planning
from webapp.reviews.models import Review
from workers import job, relay

MOST_STATEMENTS = 150
STEP = depth(1, 3)


def work() -> None:
    """As planner, relay and worker do, up to the first review's place in the calendars."""
    with transaction():
        planning.plan_reviews()
    with transaction():
        rows = relay.lease(50)
    for row in rows:
        job.perform(str(row.job_id), str(row.token), row.again)


def killed_at(statement: int) -> bool:
    """Do the work in a process that gets a SIGKILL there; False when it came to its end first."""
    session.commit()
    session.remove()
    child = os.fork()
    if child == 0:
        _die_at(statement)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0, status
    return os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL


def _die_at(statement: int) -> None:
    """In the child, which never returns; its parent's connections are left alone."""
    sent = 0

    def count(*_: Any) -> None:
        nonlocal sent
        sent += 1
        if sent == statement:
            os.kill(os.getpid(), signal.SIGKILL)

    try:
        engine = session.get_bind()
        assert isinstance(engine, Engine)
        engine.dispose(close=False)  # its statements stay compiled: most of what a run costs
        event.listen(engine, "before_cursor_execute", count)
        event.listen(engine, "commit", count)
        work()
        os._exit(0)
    finally:
        os._exit(1)


def one_month_missing() -> Engagement:
    """Two of three reviews were held, so that the process has one to plan and to place."""
    engagement = kicked_off(KICKOFF)
    series = begin(engagement)
    session.add_all(
        Review(engagement_id=engagement.id, month=month, due_on=month, state="held")
        for month in (series.first_month, series.first_month.replace(month=11))
    )
    session.commit()
    return engagement


def put_aside() -> None:
    """What the dead process left waits until the end, so that the next one finds its own alone."""
    session.execute(text("UPDATE review_series SET last_month = '2020-01-01'"))
    session.execute(text("UPDATE job SET run_after = run_after + interval '9 years'"))
    session.commit()


def bring_back() -> None:
    """All of it, with the leases of the dead run out: nobody waits three minutes for that here."""
    session.execute(text("UPDATE review_series SET last_month = NULL"))
    session.execute(text("UPDATE job SET run_after = created_at"))
    past = clock.machine_now().replace(year=2020)
    session.execute(update(Job).where(Job.state == "leased").values(lease_until=past))
    session.commit()


def counted(noun: Any, *conditions: Any) -> int:
    return session.scalar(select(func.count()).select_from(noun).where(*conditions)) or 0


def test_b25_killed_at_any_statement_and_run_again_is_one_review_and_one_mail_each(
    app: Flask,
    at_work: None,
    drain: Callable[[], int],
    mailbox: Mailbox,
) -> None:
    one_month_missing()
    work()  # once in this process, from which the others inherit what is compiled
    put_aside()
    statement, rounds = 1, 1
    one_month_missing()
    while killed_at(statement):
        put_aside()
        assert statement < MOST_STATEMENTS
        statement, rounds = statement + STEP, rounds + 1
        one_month_missing()
    assert statement > 30, "the process was to be killed at many points"
    bring_back()
    run_planners()
    run_planners()
    drain()

    engagements = rounds + 1
    assert counted(Review) == 3 * engagements
    assert counted(Review, Review.state == "booked") == engagements
    assert counted(Booking) == counted(Booking, Booking.state == "booked") == engagements
    assert counted(EmailMessage, EmailMessage.kind == "review_invitation") == 2 * engagements
    assert len({mail["Message-ID"] for mail in mailbox.messages}) == len(mailbox.messages)
    assert len(mailbox.messages) == 2 * engagements
