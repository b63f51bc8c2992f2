"""Child processes that end with their supervisor, and finding those of one that was killed.

Each child leads a session of its own (Ctrl-C on the terminal reaches the supervisor alone) and is
written down in the state folder. On Linux the kernel signals it when the supervisor dies; what is
left all the same is found by its record at the next start.
"""

import contextlib
import ctypes
import json
import os
import pwd
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import psutil  # type: ignore[import-untyped]

from sandbox.credentials import write_private

PR_SET_PDEATHSIG = 1  # prctl(2)
_prctl = ctypes.CDLL(None).prctl if sys.platform == "linux" else None


@dataclass(frozen=True)
class Account:
    """The user a child runs as, where that is another than our own."""

    uid: int
    gid: int

    @classmethod
    def nobody(cls) -> "Account":
        entry = pwd.getpwnam("nobody")
        return cls(entry.pw_uid, entry.pw_gid)


@dataclass(frozen=True)
class Command:
    """What to execute. ``stop_signal`` asks it to end in good order; ``keep_open`` are our file
    descriptors that it gets under the same numbers."""

    name: str
    words: Sequence[str]
    environment: Mapping[str, str]
    folder: Path
    stop_signal: signal.Signals = signal.SIGTERM
    account: Account | None = None
    keep_open: tuple[int, ...] = ()

    def popen(self, output: "IO[bytes]") -> "subprocess.Popen[bytes]":
        """Starts it, its two outputs going to ``output``."""
        account = self.account
        return subprocess.Popen(
            self.words,
            env=self.environment,
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            pass_fds=self.keep_open,
            start_new_session=True,
            user=account.uid if account else None,
            group=account.gid if account else None,
            extra_groups=[] if account else None,
            preexec_fn=dying_with(os.getpid(), self.stop_signal),
        )


def dying_with(parent: int, how: signal.Signals) -> Callable[[], None] | None:
    """For the child, after it took its user: be sent ``how`` when ``parent``'s main thread ends.

    A change of user clears the request (prctl(2)), hence after it; a parent that died before the
    request was made is seen by its pid.
    """
    prctl = _prctl
    if prctl is None:
        return None

    def ask() -> None:
        prctl(PR_SET_PDEATHSIG, how)
        if os.getppid() != parent:
            os._exit(1)

    return ask


@dataclass
class Child:
    """A started command with its record in ``records``."""

    command: Command
    process: "subprocess.Popen[bytes]"
    records: Path
    started: float = field(default_factory=time.monotonic)

    @classmethod
    def start(cls, command: Command, log: Path, records: Path) -> "Child":
        roll(log)
        with log.open("ab") as output:
            child = cls(command, command.popen(output), records)
        child.write_record()
        return child

    @property
    def record(self) -> Path:
        return self.records / f"{self.command.name}.json"

    def write_record(self) -> None:
        with contextlib.suppress(psutil.NoSuchProcess):
            born = psutil.Process(self.process.pid).create_time()
            write_private(self.record, json.dumps({"pid": self.process.pid, "born": born}))

    def is_running(self) -> bool:
        return self.process.poll() is None

    def ask_to_stop(self) -> None:
        if self.is_running():
            self.process.send_signal(self.command.stop_signal)

    def finish(self, patience: float) -> None:
        """Waits ``patience`` seconds at most, then kills what is left of its process group."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(patience)
        self.clear_away()
        self.record.unlink(missing_ok=True)

    def clear_away(self) -> None:
        """Kills what is left of its group, as before another of its name is started."""
        kill_group(self.process.pid)
        self.process.wait()


def roll(log: Path, limit: int = 5_000_000) -> None:
    """Keeps a log from growing without end: one older piece is kept."""
    if log.exists() and log.stat().st_size > limit:
        log.replace(log.with_suffix(".log.1"))


def kill_group(leader: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, signal.SIGKILL)


def end_orphans(records: Path, state: Path, patience: float = 10.0) -> list[str]:
    """Ends what a killed supervisor of ``state`` left running; returns their names.

    Only for the holder of the state folder's claim: nobody else's children can be recorded there.
    """
    found = {path: list(survivors(path, state)) for path in sorted(records.glob("*.json"))}
    everyone = [process for processes in found.values() for process in processes]
    end(everyone, patience)
    for path in found:
        path.unlink()
    return [path.stem for path, processes in found.items() if processes]


def survivors(record: Path, state: Path) -> Iterator[psutil.Process]:
    """The processes of one record that still run: its leader, known by its time of birth, or
    members of its group, known by the state folder in their environment."""
    try:
        written = json.loads(record.read_text())
    except ValueError:
        return
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, ProcessLookupError):
            if is_ours(process, written["pid"], written["born"], state):
                yield process


def is_ours(process: psutil.Process, leader: int, born: float, state: Path) -> bool:
    if process.pid == leader:
        return bool(abs(process.create_time() - born) < 0.05)
    if os.getpgid(process.pid) != leader or process.create_time() < born - 0.05:
        return False
    return bool(process.environ().get("RIGHTHAND_STATE") == str(state))


def end(processes: list[psutil.Process], patience: float) -> None:
    """SIGINT first, which PostgreSQL takes as a fast shutdown, SIGKILL for what is left."""
    for process in processes:
        with contextlib.suppress(psutil.Error):
            process.send_signal(signal.SIGINT)
    _, stubborn = psutil.wait_procs(processes, timeout=patience)
    for process in stubborn:
        with contextlib.suppress(psutil.Error):
            process.kill()
    psutil.wait_procs(stubborn, timeout=5)
