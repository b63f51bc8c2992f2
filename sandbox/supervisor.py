"""Keeps programs running until told to stop: starts, waits until each answers, starts again what
crashed, stops in the reverse order.

All of it on the main thread: the kernel ends a child when the *thread* that started it ends.
"""

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType, TracebackType
from typing import Self

from sandbox.processes import Child, Command, end_orphans
from sandbox.state import State

TICK = 0.05


class StopRequested(Exception):
    """Somebody pressed Ctrl-C or sent SIGTERM."""


class ProgramFailed(Exception):
    """A program that ended, or did not answer in time, while it was being started."""


@dataclass(frozen=True)
class Program:
    """A command and how to tell that it answers. ``patience``: seconds it is given to stop."""

    command: Command
    is_ready: Callable[[], bool] = lambda: True
    ready_within: float = 60
    patience: float = 8

    @property
    def name(self) -> str:
        return self.command.name


@dataclass
class Kept:
    """A program under supervision. Crash after crash, the pause before a restart doubles."""

    program: Program
    child: Child
    crashes: int = 0
    restart_at: float | None = None

    LONGEST_PAUSE = 20.0
    STABLE_AFTER = 30.0

    def plan_restart(self) -> float:
        """Seconds until it is started again."""
        if time.monotonic() - self.child.started > self.STABLE_AFTER:
            self.crashes = 0
        pause = min(0.2 * 2.0**self.crashes, self.LONGEST_PAUSE)
        self.crashes += 1
        self.restart_at = time.monotonic() + pause
        return pause


@dataclass
class Supervisor:
    """Use as a context: leaving it, however that happens, stops everything that was started."""

    state: State
    groups: list[list[Kept]] = field(default_factory=list)
    stopping: bool = False

    def __enter__(self) -> Self:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self.note_signal)
        orphans = end_orphans(self.records, self.state.root)
        if orphans:
            say(f"Ended what a killed run had left: {', '.join(orphans)}")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for group in reversed(self.groups):
            for kept in group:
                kept.child.ask_to_stop()
            for kept in group:
                kept.child.finish(kept.program.patience)

    @property
    def records(self) -> Path:
        return self.state.folder("run")

    def note_signal(self, number: int, frame: FrameType | None) -> None:
        """Only noted: an exception here could strike between starting a child and knowing it."""
        self.stopping = True

    def pause(self, seconds: float = TICK) -> None:
        if self.stopping:
            raise StopRequested
        time.sleep(seconds)

    def start(self, *programs: Program) -> None:
        """Starts them side by side and returns when all answer; they are stopped side by side,
        after whatever was started later."""
        group = self.launch(*programs)
        self.await_all(group)

    def launch(self, *programs: Program) -> list[Kept]:
        group: list[Kept] = []
        self.groups.append(group)
        for program in programs:
            group.append(Kept(program, self.start_child(program.command)))
        return group

    def await_all(self, group: list[Kept]) -> None:
        for kept in group:
            self.await_ready(kept)

    def start_child(self, command: Command) -> Child:
        return Child.start(command, self.state.log(command.name), self.records)

    def await_ready(self, kept: Kept) -> None:
        deadline = time.monotonic() + kept.program.ready_within
        while not kept.program.is_ready():
            if not kept.child.is_running():
                raise ProgramFailed(f"{kept.program.name} ended:\n{self.last_words(kept.program)}")
            if time.monotonic() > deadline:
                raise ProgramFailed(
                    f"{kept.program.name} does not answer:\n{self.last_words(kept.program)}"
                )
            self.pause()

    def last_words(self, program: Program) -> str:
        """The end of a program's log, each line marked with its name."""
        lines = self.state.log(program.name).read_text(errors="replace").splitlines()[-15:]
        return "\n".join(f"  {program.name} | {line}" for line in lines)

    def run(self, command: Command) -> str:
        """Runs a one-off step to its end; returns its output, which is also kept as its log."""
        program = Program(command)
        self.state.log(command.name).unlink(missing_ok=True)
        child = self.start_child(command)
        while child.is_running():
            if self.stopping:
                child.ask_to_stop()
                child.finish(program.patience)
            self.pause()
        child.finish(0)
        if child.process.returncode != 0:
            raise ProgramFailed(f"{command.name} failed:\n{self.last_words(program)}")
        return self.state.log(command.name).read_text(errors="replace")

    def run_attached(self, words: Sequence[str], environment: dict[str, str]) -> int:
        """Runs a command on our own terminal, in our own process group: Ctrl-C reaches it too.
        Returns its exit code, as a shell gives it."""
        process = subprocess.Popen(words, env=environment)
        while process.poll() is None:
            if self.stopping:
                return end_attached(process)
            time.sleep(TICK)
        return process.returncode if process.returncode >= 0 else 128 - process.returncode

    def keep_running(self) -> None:
        """Until told to stop, starts again whatever ends."""
        while True:
            for group in self.groups:
                for kept in group:
                    self.look_after(kept)
            self.pause(0.2)

    def look_after(self, kept: Kept) -> None:
        if kept.child.is_running():
            return
        if kept.restart_at is None:
            pause = kept.plan_restart()
            code = kept.child.process.returncode
            say(f"{kept.program.name} ended ({code}), starting it again in {pause:.1f} s")
        elif time.monotonic() >= kept.restart_at:
            kept.child.clear_away()
            kept.child, kept.restart_at = self.start_child(kept.program.command), None


def end_attached(process: "subprocess.Popen[bytes]", patience: float = 10) -> int:
    process.terminate()
    try:
        process.wait(patience)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    return 130


def say(text: str) -> None:
    print(text, flush=True, file=sys.stderr)
