"""A worker killed after the calendar server did what it asked, before it could write it down."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import update

from tests import make
from tests.booking.elsewhere_calendars import PAGE, account_of, catch_up, choose, copies_kept
from tests.booking.meetings import booked
from tests.elsewhere import elsewhere
from tests.radicale import Radicale
from webapp import clock
from webapp.accounts.models import Person
from webapp.booking.models import Booking
from webapp.booking.outside import copies
from webapp.db import session, transaction
from webapp.outbox import Job

ROOT = Path(__file__).parents[2]
WORKER = "\n".join((
    "from workers.app import flask_app",
    "from tests.jobs import drain_jobs",
    "with flask_app.app_context():",
    "    drain_jobs()",
))  # fmt: skip

pytestmark = pytest.mark.usefixtures("today")


class Gate:
    """Stands before the server and passes everything on. Armed, it kills the worker that asks
    `deadly` once that is done, and keeps the answer to itself."""

    def __init__(self, server: Radicale) -> None:
        self.server, self.deadly, self.worker = server, "", 0
        self.http = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.host = f"127.0.0.1:{self.http.server_port}"
        threading.Thread(target=self.http.serve_forever, daemon=True).start()

    def _handler(gate) -> type[BaseHTTPRequestHandler]:
        class Handler(BaseHTTPRequestHandler):
            def passed_on(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                headers = {name: self.headers[name] for name in self.headers if name != "Host"}
                answer = httpx.request(
                    self.command, gate.server.url + self.path, content=body, headers=headers,
                    trust_env=False, timeout=10,
                )  # fmt: skip
                if self.command == gate.deadly:
                    gate.deadly = ""
                    os.kill(gate.worker, signal.SIGKILL)
                    return
                self.send_response(answer.status_code)
                for name in ("ETag", "Content-Type", "Location"):
                    if name in answer.headers:
                        self.send_header(name, answer.headers[name])
                self.send_header("Content-Length", str(len(answer.content)))
                self.end_headers()
                self.wfile.write(answer.content)

            do_GET = do_PUT = do_DELETE = do_PROPFIND = do_REPORT = passed_on

            def log_message(self, *_: object) -> None:
                pass

        return Handler


@pytest.fixture
def radicale() -> Iterator[Radicale]:
    with Radicale.running() as server:
        yield server


@pytest.fixture
def gate(app: Flask, radicale: Radicale) -> Iterator[Gate]:
    standing, before = Gate(radicale), app.config["SETTINGS"]
    app.config["SETTINGS"] = replace(before, private_calendar_hosts=(standing.host,))
    yield standing
    app.config["SETTINGS"] = before
    standing.http.shutdown()
    standing.http.server_close()


@pytest.fixture
def calendar(
    gate: Gate, radicale: Radicale, sign_in: Callable[[Person], FlaskClient],
    drain: Callable[[], int],
) -> str:  # fmt: skip
    """A meeting's consultant writes into 'Work'; its path. The copy is due."""
    path = radicale.make_calendar("Work")
    dana = make.consultant()
    browser = sign_in(dana.person)
    typed = {"username": radicale.user, "password": radicale.password}
    browser.post(f"{PAGE}/caldav", data={"address": f"http://{gate.host}", **typed})
    choose(browser, account_of(dana), ["Work"], "Work")
    catch_up(drain)
    booked(engagement=make.engagement(consultant=dana))
    plan()
    return path


def plan() -> None:
    with transaction():
        copies.plan_copies()


def work_and_die(gate: Gate, database_url: str, deadly: str) -> None:
    """A worker of its own does the jobs that are due, until it is killed."""
    environment = {
        **os.environ, "DATABASE_URL": database_url, "PRIVATE_CALENDAR_HOSTS": gate.host,
    }  # fmt: skip
    session.commit()
    gate.deadly = deadly
    worker = subprocess.Popen([sys.executable, "-c", WORKER], cwd=ROOT, env=environment)
    gate.worker = worker.pid
    assert worker.wait(60) == -signal.SIGKILL


def let_its_lease_run_out() -> None:
    past = clock.machine_now() - timedelta(seconds=1)
    session.execute(update(Job).where(Job.state == "leased").values(lease_until=past))
    session.commit()


def test_a_copy_whose_writer_was_killed_is_there_once(
    gate: Gate, radicale: Radicale, calendar: str, database_url: str, drain: Callable[[], int]
) -> None:
    work_and_die(gate, database_url, "PUT")
    assert len(radicale.files(calendar)) == 1
    [copy] = copies_kept()
    assert (copy.tag, copy.sequence) == (None, -1), "nobody lived to write it down"
    let_its_lease_run_out()
    drain()
    assert len(radicale.files(calendar)) == 1
    [copy] = copies_kept()
    assert copy.tag and copy.sequence == 0


def test_a_meeting_moved_while_its_writer_lay_dead_is_there_once_at_its_new_time(
    gate: Gate, radicale: Radicale, calendar: str, database_url: str, drain: Callable[[], int]
) -> None:
    work_and_die(gate, database_url, "PUT")
    [copy] = copies_kept()
    meeting = session.get_one(Booking, copy.booking_id)
    meeting.move(meeting.starts_at + timedelta(hours=1))
    session.commit()
    let_its_lease_run_out()
    drain()
    plan()
    drain()
    [file] = radicale.files(calendar).values()
    assert "SEQUENCE:1" in file


def test_a_meeting_cancelled_while_its_writer_lay_dead_leaves_nothing(
    gate: Gate, radicale: Radicale, calendar: str, database_url: str, drain: Callable[[], int]
) -> None:
    work_and_die(gate, database_url, "PUT")
    [copy] = copies_kept()
    session.get_one(Booking, copy.booking_id).cancel("not needed")
    session.commit()
    let_its_lease_run_out()
    drain()
    assert radicale.files(calendar) == {} and copies_kept() == []


def test_a_copy_whose_remover_was_killed_is_gone_all_the_same(
    gate: Gate, radicale: Radicale, calendar: str, database_url: str, drain: Callable[[], int]
) -> None:
    drain()
    [copy] = copies_kept()
    session.get_one(Booking, copy.booking_id).cancel("not needed")
    plan()
    work_and_die(gate, database_url, "DELETE")
    assert radicale.files(calendar) == {} and len(copies_kept()) == 1
    let_its_lease_run_out()
    drain()
    assert copies_kept() == []


def test_many_workers_at_one_copy_make_one_event(
    app: Flask, radicale: Radicale, calendar: str, drain: Callable[[], int]
) -> None:
    [copy] = copies_kept()
    copy_id = copy.id
    session.commit()
    start = threading.Barrier(6)

    def work() -> None:
        with app.app_context(), transaction():
            start.wait()
            copies.bring_up_to_date(copy_id)

    workers = [threading.Thread(target=lambda: elsewhere(work)) for _ in range(6)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    plan()
    drain()
    assert len(radicale.files(calendar)) == 1
    [copy] = copies_kept()
    assert copy.sequence == 0
