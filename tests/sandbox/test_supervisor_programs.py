"""Keeping programs: starting, watching, restarting and ending them, with plain commands."""

import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from sandbox.processes import Child, Command, end_orphans
from sandbox.state import AlreadyRunning, State
from sandbox.supervisor import Program, ProgramFailed, StopRequested, Supervisor
from tests.sandbox.supervised import eventually

SLEEP = "import time; time.sleep(60)"
STUBBORN = """
import signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("set", flush=True)
time.sleep(60)
"""
SIGNING_OFF = """
import pathlib, signal, sys, time
def end(*_):
    open("ended", "a").write("{0} ")
    sys.exit()
signal.signal(signal.SIGTERM, end)
pathlib.Path("{0}").touch()
time.sleep(60)
"""


@pytest.fixture
def state(tmp_path: Path) -> State:
    return State.at(tmp_path)


@pytest.fixture(autouse=True)
def _keep_signal_handlers() -> Iterator[None]:
    kept = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in kept.items():
        signal.signal(number, handler)


def python(state: State, name: str, code: str) -> Command:
    environment = {**os.environ, "RIGHTHAND_STATE": str(state.root)}
    return Command(name, (sys.executable, "-c", code), environment, state.root)


def stop_soon(supervisor: Supervisor, seconds: float) -> None:
    threading.Timer(seconds, supervisor.note_signal, (signal.SIGTERM, None)).start()


def test_a_program_that_ends_while_starting_is_told_with_its_last_words(state: State) -> None:
    program = Program(python(state, "broken", "raise SystemExit('no such luck')"), lambda: False)
    with pytest.raises(ProgramFailed, match=r"broken \| no such luck"), Supervisor(state) as found:
        found.start(program)


def test_a_program_that_never_answers_is_given_up(state: State) -> None:
    program = Program(python(state, "silent", SLEEP), lambda: False, ready_within=0.3)
    with pytest.raises(ProgramFailed, match="silent does not answer"), Supervisor(state) as found:
        found.start(program)
        assert found.groups


def test_leaving_ends_also_who_ignores_it(state: State) -> None:
    log = state.log("stubborn")
    program = Program(
        python(state, "stubborn", STUBBORN), lambda: "set" in log.read_text(), patience=0.3
    )
    with Supervisor(state) as found:
        found.start(program)
        pid = found.groups[0][0].child.process.pid
    assert not psutil.pid_exists(pid)


def test_later_groups_are_stopped_before_earlier_ones(state: State) -> None:
    with Supervisor(state) as found:
        for name in ("servers", "app"):
            found.start(
                Program(python(state, name, SIGNING_OFF.format(name)), (state.root / name).exists)
            )
    assert (state.root / "ended").read_text() == "app servers "


def test_crashes_are_answered_by_longer_and_longer_pauses(state: State) -> None:
    with pytest.raises(StopRequested), Supervisor(state) as found:
        found.start(Program(python(state, "crashing", "raise SystemExit(3)")))
        kept = found.groups[0][0]
        stop_soon(found, 2.5)
        found.keep_running()
    assert 2 <= kept.crashes <= 5
    assert kept.plan_restart() >= 0.8


def test_a_one_off_step_returns_what_it_printed(state: State) -> None:
    with Supervisor(state) as found:
        assert found.run(python(state, "step", "print('done')")) == "done\n"
        with pytest.raises(ProgramFailed, match="step failed"):
            found.run(python(state, "step", "raise SystemExit(1)"))


def test_being_told_to_stop_ends_a_one_off_step(state: State) -> None:
    with pytest.raises(StopRequested), Supervisor(state) as found:
        stop_soon(found, 0.2)
        began = time.monotonic()
        found.run(python(state, "step", SLEEP))
    assert time.monotonic() - began < 10


def orphan(state: State, code: str) -> Child:
    """A child recorded as the supervisor does, which is then forgotten."""
    return Child.start(python(state, "lost", code), state.log("lost"), state.folder("run"))


def test_what_a_killed_supervisor_left_is_ended(state: State) -> None:
    child = orphan(state, SLEEP)
    assert end_orphans(state.folder("run"), state.root, patience=3) == ["lost"]
    child.process.wait(5)
    assert not child.record.exists()


def test_children_of_a_dead_leader_are_ended_too(state: State) -> None:
    fork = f"import os, time\nif os.fork(): os._exit(0)\n{SLEEP}"
    child = orphan(state, fork)
    child.process.wait(5)
    family = [p for p in psutil.process_iter() if os.getpgid(p.pid) == child.process.pid]
    assert len(family) == 1
    assert end_orphans(state.folder("run"), state.root, patience=3) == ["lost"]
    assert eventually(lambda: not family[0].is_running())


def test_a_stranger_with_a_recorded_number_is_left_alone(state: State) -> None:
    child = orphan(state, SLEEP)
    written = child.record.read_text().replace('"born": ', '"born": 1')
    child.record.write_text(written)
    assert end_orphans(state.folder("run"), state.root, patience=1) == []
    assert child.is_running()
    child.finish(0)


def test_a_claim_keeps_others_out_until_it_ends(state: State) -> None:
    with state.claim() as claim:
        claim.announce("http://here")
        with pytest.raises(AlreadyRunning, match=f"pid {os.getpid()}.*http://here"), state.claim():
            pass
        assert state.is_claimed()
    assert not state.is_claimed()
