"""A delivering process killed between `handing_over` and `sent`: uncertain, and never twice."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable

import pytest
from sqlalchemy import update

from tests import make
from tests.notifications.conftest import now_reads
from tests.notifications.servers import Server
from webapp import clock
from webapp.access import Role
from webapp.db import session, transaction
from webapp.notifications.models import EmailMessage
from webapp.outbox import Job
from workers import relay


def deliver_in_a_process(email: EmailMessage, database_url: str, url: str, moment: str) -> int:
    words = [sys.executable, "-m", "tests.notifications.killed", str(email.id), moment]
    settings = {"DATABASE_URL": database_url, "SMTP_URL": url}
    session.rollback()
    return subprocess.run(words, env={**os.environ, **settings}, timeout=60).returncode


def lease_and_let_it_run_out() -> None:
    """As for a job whose worker died of it."""
    with transaction():
        relay.lease(5)
        past = clock.machine_now().replace(year=2000)
        session.execute(update(Job).where(Job.state == "leased").values(lease_until=past))


@pytest.mark.parametrize(("moment", "arrived"), [("before", 0), ("after", 1)])
def test_killed_while_handing_over(
    email: EmailMessage,
    server: Server,
    database_url: str,
    drain: Callable[[], int],
    moment: str,
    arrived: int,
) -> None:
    lease_and_let_it_run_out()
    died = deliver_in_a_process(email, database_url, server.url, moment)
    assert died == -signal.SIGKILL
    assert now_reads(email)[0] == "handing_over"
    drain()
    assert now_reads(email)[0] == "uncertain"
    drain()
    assert len(server.taken) == arrived
    with transaction():
        email.send_again(make.person(Role.COORDINATOR))
    drain()
    assert now_reads(email)[0] == "sent"
    assert [mail["Message-ID"] for mail in server.taken] == [email.message_id] * (arrived + 1)
