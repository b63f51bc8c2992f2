"""Mails by the safe protocol against smtplib in a loop, to the same sink, in one run.

`python -m sandbox run -- python -m tests.benchmarks.bench_email [MAILS] [ROUNDS]`: the sink is a
process of its own and keeps every mail. The loop holds one connection and sends the same content;
ours commits `handing_over` before and the answer after each. Prints mails a second, the ratio, and
how many arrived twice.
"""

from __future__ import annotations

import os
import smtplib
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from flask import Flask
from sqlalchemy import func, select

from sandbox.mail.store import MailStore
from sandbox.ports import answers, free_port
from tests import databases
from tests.workers.stack import until
from webapp import clock, db
from webapp.app import create_app
from webapp.config import Settings
from webapp.db import session, transaction
from webapp.notifications.delivery import deliver
from webapp.notifications.letter import Letter
from webapp.notifications.models import EmailMessage

FROM = "hello@righthand.example.com"
HTML = "<p>Good day, and here is what the month came to.</p>" * 60


def stored(count: int) -> list[uuid.UUID]:
    with transaction():
        emails = [
            EmailMessage(
                kind="bench", about=f"bench:{uuid.uuid4()}", recipient="grace@example.com",
                recipient_name="Grace", message_id=f"<{uuid.uuid4()}@righthand.example.com>",
                subject="What the month came to", text="Good day\n" * 60, html=HTML,
                created_at=clock.now(),
            )
            for _ in range(count)
        ]  # fmt: skip
        session.add_all(emails)
        session.flush()
        return [email.id for email in emails]


def by_smtplib(count: int, port: int) -> float:
    emails = [session.get_one(EmailMessage, email_id) for email_id in stored(count)]
    letters = [Letter.of(email, FROM) for email in emails]
    session.rollback()
    started = time.monotonic()
    with smtplib.SMTP("127.0.0.1", port) as smtp:
        for letter in letters:
            smtp.sendmail(letter.sender, letter.recipient, letter.content)
    return count / (time.monotonic() - started)


def by_us(count: int, app: Flask) -> float:
    ids = stored(count)
    started = time.monotonic()
    with app.app_context():
        for email_id in ids:
            with transaction():
                deliver(email_id)
    rate = count / (time.monotonic() - started)
    left = select(func.count()).select_from(EmailMessage).where(EmailMessage.id.in_(ids))
    assert session.scalar(left.where(EmailMessage.state != "sent")) == 0
    return rate


@contextmanager
def sink(folder: Path) -> Iterator[int]:
    port = free_port()
    words = [sys.executable, "-m", "sandbox.mail", "--port", str(port), "--state", str(folder)]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(words, stdout=log, stderr=log)
    try:
        until(lambda: answers(port), 20)
        yield port
    finally:
        process.terminate()
        process.wait(10)


def main() -> None:
    count, rounds = (int(word) for word in [*sys.argv[1:], "500", "3"][:2])
    with tempfile.TemporaryDirectory() as folder, databases.clone() as url:
        with sink(Path(folder)) as port:
            environment = {"DATABASE_URL": url, "SMTP_URL": f"smtp://127.0.0.1:{port}"}
            app = create_app(Settings.from_environ({**os.environ, **environment}))
            db.connect(app.config["SETTINGS"].database_url, pool_pre_ping=False)  # as in a worker
            by_smtplib(50, port)
            by_us(50, app)
            pairs = [(by_smtplib(count, port), by_us(count, app)) for _ in range(rounds)]
            twice = len(MailStore(Path(folder)).duplicates())
        session.remove()
        db.session.get_bind().dispose()  # type: ignore[union-attr]
    for loop, ours in pairs:
        print(f"smtplib {loop:6.0f}/s   ours {ours:6.0f}/s   ratio {ours / loop:.2f}")  # noqa: T201
    ratio = statistics.median(ours / loop for loop, ours in pairs)
    print(f"median ratio {ratio:.2f}, {twice} arrived twice")  # noqa: T201


if __name__ == "__main__":
    main()
