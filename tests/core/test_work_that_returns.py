"""Work that comes back for good keeps one row, which waits again only once it is done."""

from __future__ import annotations

import uuid

import pytest
from flask import Flask
from sqlalchemy import select

from webapp import outbox
from webapp.db import session
from webapp.outbox import Job

SUBJECT = uuid.UUID(int=7)


def again() -> Job:
    outbox.enqueue_again("test.task", SUBJECT)
    session.commit()
    session.expire_all()
    return session.scalars(select(Job)).one()


def test_done_it_waits_again(app: Flask) -> None:
    job = again()
    assert (job.state, job.payload) == ("waiting", [str(SUBJECT)])
    job.state, job.attempts, job.done_at = "done", 3, job.created_at
    before = job.run_after
    session.commit()
    job = again()
    assert (job.state, job.attempts, job.done_at) == ("waiting", 0, None)
    assert job.run_after > before


@pytest.mark.parametrize("state", ["waiting", "leased", "failed"])
def test_what_is_not_done_is_left_as_it_is(app: Flask, state: str) -> None:
    job = again()
    job.state, job.attempts = state, 2
    before = job.run_after
    session.commit()
    job = again()
    assert (job.state, job.attempts, job.run_after) == (state, 2, before)
