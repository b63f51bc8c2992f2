"""The demo as a whole: started, started twice, hurt, killed, started again."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
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
    assert eventually(lambda: not alive(children), 30), alive(children)

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
