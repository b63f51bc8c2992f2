"""The demo as a whole: started, started twice, hurt, killed, started again."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil
import psycopg
import pytest

from sandbox.bootstrap import ROOT
from sandbox.health import page_answers
from tests.sandbox.supervised import RunningDemo, alive, environment, eventually, state_folder

# In one process of a parallel run: two would each start a demo.
pytestmark = pytest.mark.xdist_group("demo")


class Running:
    """The demo of this module: kept over tests, started again after one that ended it."""

    def __init__(self, state: Path) -> None:
        self.state = state
        self.demo: RunningDemo | None = None

    def get(self) -> RunningDemo:
        if self.demo is None or self.demo.process.poll() is not None:
            self.demo = RunningDemo.start(self.state)
        return self.demo


@pytest.fixture(scope="module")
def running() -> Iterator[Running]:
    with state_folder() as state:
        found = Running(state)
        yield found
        if found.demo:
            found.demo.stop()


@pytest.fixture
def demo(running: Running) -> RunningDemo:
    return running.get()


def command(state: Path, word: str) -> "subprocess.CompletedProcess[str]":
    words = [sys.executable, "-m", "sandbox.cli", word]
    return subprocess.run(
        words, cwd=ROOT, env=environment(state), capture_output=True, text=True, timeout=60
    )


def test_says_where_it_is_and_answers_there(demo: RunningDemo) -> None:
    assert page_answers(f"{demo.url}/readyz")
    assert page_answers(f"{demo.page}/mails")
    assert page_answers(f"{demo.page}/payments")


def test_months_lie_behind_it_and_time_is_now() -> None:
    """What its money pages show was lived: plans that changed, a pause, payments that failed."""
    with state_folder() as state:
        demo = RunningDemo.start(state, patience=400, DEMO_PAST="")
        try:
            look_back(demo)
        finally:
            demo.stop()


def look_back(demo: RunningDemo) -> None:
    with asked(demo) as ask:
        assert ask("SELECT count(*) FROM engagement WHERE stage = 'paused'") == 1
        assert ask("SELECT count(*) FROM terms_change WHERE kind = 'upgrade'") == 1
        assert ask("SELECT count(*) FROM invoice WHERE status = 'open' AND attempts > 1") == 1
        assert ask("SELECT count(*) FROM invoice_item WHERE kind = 'overage'"
                   " AND state = 'invoiced'") == 1  # fmt: skip
        late = "SELECT count(*) FROM invoice WHERE status = 'open' AND due_on < now()::date"
        assert ask(late) == 1
        month = f"{datetime.now(UTC):%m/%Y}"
        assert ask(f"SELECT count(*) FROM stripe_customer WHERE card_expires = '{month}'") == 1
        assert ask("SELECT count(*) FROM dispute WHERE status = 'lost'") == 1
        assert ask("SELECT count(*) FROM refund WHERE created_at < now() - interval '20 days'") == 1
        assert ask("SELECT count(DISTINCT date_trunc('month', sent_at)) FROM transfer") >= 3
        assert ask("SELECT count(*) FROM job WHERE state = 'failed'") == 0
        assert not ask("SELECT count(*) FROM email WHERE created_at > now() + interval '1 minute'")
    assert float((demo.state / "clock-offset").read_text()) == 0


def test_with_taxes_reckoned_it_comes_up_too_and_says_plus_tax() -> None:
    with state_folder() as state:
        taxed = RunningDemo.start(state, STRIPE_TAX="on")
        try:
            assert page_answers(f"{taxed.url}/readyz")
            with asked(taxed) as ask:
                paid = "SELECT count(*) FROM invoice WHERE status = 'paid'"
                assert ask(paid) >= 4
                assert ask("SELECT count(*) FROM job WHERE state = 'failed'") == 0
                taxed_ones = "params -> 'automatic_tax' ->> 'enabled' = 'true'"
                assert ask(f"SELECT count(*) FROM checkout WHERE {taxed_ones}") >= 4
        finally:
            taxed.stop()


@contextmanager
def asked(demo: RunningDemo) -> Iterator[Callable[[str], Any]]:
    """The one value that a question to the demo's database has as its answer."""
    address = psutil.Process(demo.pid("relay")).environ()["DATABASE_URL"]
    with psycopg.connect(address.replace("+psycopg", "")) as connection:
        yield lambda question: connection.execute(question).fetchone()[0]  # type: ignore[index,arg-type]


def test_its_secrets_are_private(demo: RunningDemo) -> None:
    assert (demo.state / "secrets.json").stat().st_mode & 0o777 == 0o600


def test_a_second_start_names_the_first_and_leaves_it_alone(demo: RunningDemo) -> None:
    second = command(demo.state, "demo")
    assert second.returncode == 1
    assert f"pid {demo.process.pid}" in second.stderr
    assert demo.url in second.stderr
    assert page_answers(f"{demo.url}/readyz")


@pytest.mark.parametrize("program", ["web", "worker", "relay", "postgres", "valkey"])
def test_a_killed_program_is_started_again(demo: RunningDemo, program: str) -> None:
    first = demo.pid(program)
    os.kill(first, signal.SIGKILL)
    assert eventually(lambda: demo.pid(program) != first)
    assert eventually(lambda: page_answers(f"{demo.url}/readyz"), 60)
    assert psutil.Process(demo.pid(program)).is_running()


def test_killed_outright_it_leaves_nothing_and_starts_again(running: Running) -> None:
    demo = running.get()
    secrets = (demo.state / "secrets.json").read_text()
    children = demo.everyone()
    assert len(children) > 10
    demo.process.kill()
    demo.process.wait()
    # A worker that loses its broker while it is told to stop tries for a while to reach it.
    assert eventually(lambda: not alive(children), 90), alive(children)

    assert page_answers(f"{running.get().url}/readyz")
    assert (demo.state / "secrets.json").read_text() == secrets


def test_stop_ends_a_demo_that_runs_elsewhere(demo: RunningDemo) -> None:
    children = demo.everyone()
    assert command(demo.state, "stop").returncode == 0
    assert demo.process.wait(5) == 130
    assert not alive(children)
    assert list((demo.state / "run").glob("*.json")) == []
    assert "Nothing is running" in command(demo.state, "stop").stderr


def test_ctrl_c_ends_everything(demo: RunningDemo) -> None:
    children = demo.everyone()
    demo.process.send_signal(signal.SIGINT)
    assert demo.process.wait(30) == 130
    assert not alive(children)
