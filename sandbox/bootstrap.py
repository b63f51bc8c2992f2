"""Makes ``.venv`` from the hashed lock file, with the standard library only."""

import contextlib
import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import venv
from collections.abc import Iterator
from pathlib import Path

from sandbox.progress import Progress

ROOT = Path(__file__).resolve().parent.parent
LOCK_FILE = ROOT / "requirements.lock"
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
STAMP = VENV / ".installed-lock"
UNFINISHED = VENV / ".installing"
PIP_LOG = VENV / "pip.log"
OLDEST = (3, 11)
MINIMUM = ".".join(map(str, OLDEST))
VERSION = sys.version.split()[0]


class BootstrapError(Exception):
    """Why the environment could not be made, in words for the person at the keyboard."""


def hand_over(arguments: list[str]) -> None:
    """Makes the environment if need be, then becomes ``sandbox.cli`` under its Python."""
    with only_one() as lock:
        if not is_current():
            install(lock)
    os.execv(str(PYTHON), [str(PYTHON), "-m", "sandbox.cli", *arguments])


@contextlib.contextmanager
def only_one() -> Iterator[int]:
    """Two first starts at once: the second waits and finds the work done. Yields the descriptor
    that holds the lock: a child that inherits it holds it too, even when we are killed."""
    with LOCK_FILE.open("rb") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("Waiting for another start that is making .venv …", flush=True)
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield handle.fileno()


def wanted() -> str:
    """What a finished install writes into its stamp: the lock's hash."""
    return hashlib.sha256(LOCK_FILE.read_bytes()).hexdigest()


def is_current() -> bool:
    return PYTHON.exists() and STAMP.exists() and STAMP.read_text().strip() == wanted()


def install(lock: int) -> None:
    """Brings ``.venv`` to the lock; one that was interrupted half-way is made anew."""
    if UNFINISHED.exists() or not python_works():
        make_venv()
    UNFINISHED.touch()
    with contextlib.suppress(FileNotFoundError):
        STAMP.unlink()
    install_lock(lock)
    STAMP.write_text(wanted() + "\n")
    UNFINISHED.unlink()


def python_works() -> bool:
    """Whether ``.venv`` has a Python with pip: not after its base Python was removed."""
    if not PYTHON.exists():
        return False
    probe = f"import sys, pip; sys.exit(sys.version_info < {OLDEST!r})"
    return subprocess.call([str(PYTHON), "-c", probe], stderr=subprocess.DEVNULL) == 0


def make_venv() -> None:
    """An empty environment, marked unfinished from its first moment on."""
    print(f"Making .venv with Python {VERSION}", flush=True)
    shutil.rmtree(VENV, ignore_errors=True)
    VENV.mkdir(exist_ok=True)
    UNFINISHED.touch()
    try:
        venv.EnvBuilder(with_pip=True, symlinks=True).create(str(VENV))
    except (subprocess.CalledProcessError, ImportError) as error:
        raise BootstrapError(
            f"this Python cannot make a virtual environment with pip ({error}).\n"
            "On Debian and Ubuntu its ensurepip is a package of its own: apt-get install "
            f"python3-venv. Or use another Python {MINIMUM}+."
        ) from error


def install_lock(lock: int) -> None:
    """Runs pip over the lock, its output kept in a log and shown as progress."""
    command = [str(PYTHON), "-m", "pip", "install", "--require-hashes", "--no-input"]
    command += ["--disable-pip-version-check", "--progress-bar", "off", "-r", str(LOCK_FILE)]
    progress = Progress("Installing", count_requirements())
    with PIP_LOG.open("w") as log, _running(command, lock) as pip:
        for line in pip.stdout or ():
            log.write(line)
            progress.follow_pip(line)
    progress.done()
    if pip.returncode != 0:
        raise BootstrapError(f"pip failed:\n{tail(PIP_LOG)}\n(all of it: {PIP_LOG})")


@contextlib.contextmanager
def _running(command: list[str], lock: int) -> Iterator[subprocess.Popen[str]]:
    """The process, ended with us; one left alone by kill -9 keeps the lock until it ends, so that
    nobody makes the folder anew under its hands."""
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, pass_fds=(lock,)
    )
    try:
        yield process
    except BaseException:
        process.kill()
        raise
    finally:
        process.wait()


def count_requirements() -> int:
    return sum("==" in line for line in LOCK_FILE.read_text().splitlines() if line[:1].isalnum())


def tail(path: Path, lines: int = 15) -> str:
    return "\n".join(path.read_text().splitlines()[-lines:])
