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


@pytest.fixture(scope="module")
def state() -> Iterator[Path]:
    with state_folder() as path:
        yield path


@pytest.fixture
def demo(state: Path) -> Iterator[RunningDemo]:
    """Each test starts it on what the one before left in the state folder."""
    running = RunningDemo.start(state)
    yield running
    running.stop()


def command(state: Path, word: str) -> "subprocess.CompletedProcess[str]":
    words = [sys.executable, "-m", "sandbox.cli", word]
    return subprocess.run(
        words, cwd=ROOT, env=environment(state), capture_output=True, text=True, timeout=60
    )


def test_says_where_it_is_and_answers_there(demo: RunningDemo) -> None:
    assert page_answers(f"{demo.url}/readyz")
    assert page_answers(f"{demo.page}/mails")
    assert page_answers(f"{demo.page}/payments")


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
    assert eventually(lambda: page_answers(f"{demo.url}/readyz"))
    assert psutil.Process(demo.pid(program)).is_running()


def test_killed_outright_it_leaves_nothing_and_starts_again(demo: RunningDemo) -> None:
    children = demo.everyone()
    assert len(children) > 10
    demo.process.kill()
    demo.process.wait()
    assert eventually(lambda: not alive(children), 15), alive(children)

    again = RunningDemo.start(demo.state)
    try:
        assert page_answers(f"{again.url}/readyz")
    finally:
        again.stop()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_told_to_stop_it_ends_everything(demo: RunningDemo, number: signal.Signals) -> None:
    children = demo.everyone()
    demo.process.send_signal(number)
    assert demo.process.wait(15) == 130
    assert not alive(children)
    assert list((demo.state / "run").glob("*.json")) == []


def test_stop_ends_a_demo_that_runs_elsewhere(demo: RunningDemo) -> None:
    children = demo.everyone()
    assert command(demo.state, "stop").returncode == 0
    assert eventually(lambda: not alive(children))
    assert "Nothing is running" in command(demo.state, "stop").stderr


def test_its_secrets_are_kept_and_private(demo: RunningDemo) -> None:
    secrets = demo.state / "secrets.json"
    assert secrets.stat().st_mode & 0o777 == 0o600
    before = secrets.read_text()
    demo.stop()
    RunningDemo.start(demo.state).stop()
    assert secrets.read_text() == before
