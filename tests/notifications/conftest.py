"""A mail to deliver and a server to deliver it to."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator

import pytest
from flask import Flask
from sqlalchemy import select, update

from tests import make
from tests.notifications.servers import Server, serving
from webapp import clock, outbox
from webapp.db import session, transaction
from webapp.notifications.models import EmailMessage
from webapp.outbox import Job


@pytest.fixture
def server() -> Iterator[Server]:
    with serving(Server()) as listening:
        yield listening


@pytest.fixture
def mail_through(app: Flask) -> Iterator[Callable[[str], None]]:
    """Let mails go through the server at that address."""
    usual = app.config["SETTINGS"]

    def go_through(url: str) -> None:
        app.config["SETTINGS"] = dataclasses.replace(usual, smtp_url=url)

    yield go_through
    app.config["SETTINGS"] = usual


@pytest.fixture
def email(app: Flask, server: Server, mail_through: Callable[[str], None]) -> EmailMessage:
    """A stored mail with its job, both committed; mails go through `server`."""
    mail_through(server.url)
    return stored()


def stored(**values: object) -> EmailMessage:
    defaults = {
        "kind": "note", "about": "test:1", "recipient": "grace@example.com",
        "recipient_name": "Grace", "message_id": "<fixed@righthand.example.com>",
        "subject": "Your kick-off", "text": "Good day\n", "html": "<p>Good day</p>",
        "created_at": clock.now(),
    }  # fmt: skip
    made: EmailMessage = make.saved(EmailMessage(**(defaults | values)))
    outbox.enqueue("notifications.deliver_email", made.id)
    session.commit()
    return made


def job() -> Job:
    session.rollback()
    return session.scalars(select(Job).order_by(Job.created_at.desc())).one()


def due_now() -> None:
    with transaction():
        session.execute(update(Job).where(Job.state == "waiting").values(run_after=clock.now()))


def now_reads(email: EmailMessage) -> tuple[str, str]:
    """Its state and last error, as committed."""
    session.rollback()
    session.refresh(email)
    return email.state, email.last_error
