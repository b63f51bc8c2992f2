"""``make test``: the checks, then pytest, on servers of their own."""

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from sandbox.bootstrap import ROOT
from sandbox.browser import journeys_skipped, with_browser
from sandbox.supervisor import say
from sandbox.throwaway import throwaway

PYTHON = sys.executable
CHECKED = ("webapp", "workers", "migrations", "sandbox", "tests")
PYTEST = (PYTHON, "-m", "pytest")
# Tests of one group (the journeys share one demo) stay in one process: see addopts.
ALL_TESTS = ("--numprocesses=2",)


@dataclass(frozen=True)
class Stage:
    """One check: it passes when its command exits with 0."""

    name: str
    words: Sequence[str]

    def passes(self, environment: dict[str, str]) -> bool:
        """Its output is shown only when it fails."""
        print(f"{self.name} …", end=" ", flush=True)
        began = time.monotonic()
        done = subprocess.run(
            self.words, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
        passed = done.returncode == 0
        print(f"{'ok' if passed else 'FAILED'} ({time.monotonic() - began:.1f} s)", flush=True)
        if not passed:
            print(done.stdout.decode(errors="replace"), flush=True)
        return passed


LINT = (
    Stage("ruff check", (PYTHON, "-m", "ruff", "check", ".")),
    Stage("ruff format", (PYTHON, "-m", "ruff", "format", "--check", ".")),
    Stage("mypy", (PYTHON, "-m", "mypy", "webapp", "workers")),
    Stage("import contracts", (str(Path(PYTHON).with_name("lint-imports")),)),
)
MIGRATIONS = (
    Stage("migrations, empty to head", (PYTHON, "-m", "alembic", "upgrade", "head")),
    Stage("models match migrations", (PYTHON, "-m", "alembic", "check")),
)


def lint(_: list[str]) -> int:
    return 1 if failed(LINT, dict(os.environ)) else 0


def failed(stages: Sequence[Stage], environment: dict[str, str]) -> list[str]:
    """Runs every stage, also after one has failed; returns the names of those that did."""
    return [stage.name for stage in stages if not stage.passes(environment)]


def run(words: list[str]) -> int:
    """``run -- CMD``: its exit code."""
    words = words[1:] if words[:1] == ["--"] else words
    if not words:
        say("Which command? python3 -m sandbox run -- CMD")
        return 2
    path = os.pathsep.join([str(Path(PYTHON).parent), os.environ.get("PATH", "")])
    with throwaway() as ready:
        program = shutil.which(words[0], path=path) or words[0]
        environment = ready.environment | {"PATH": path}
        return ready.supervisor.run_attached([program, *words[1:]], environment)


def test(arguments: list[str]) -> int:
    """With ``arguments`` (pytest's own) only those tests, without the checks."""
    with throwaway() as ready, folder_for_temporary_files() as folder:
        environment = with_browser(ready.environment) | {"TMPDIR": str(folder)}
        bad = [] if arguments else failed((*LINT, *MIGRATIONS), environment)
        words = [*PYTEST, *(arguments or ALL_TESTS)]
        code = ready.supervisor.run_attached(words, environment)
    if journeys_skipped(environment):
        warn_about_journeys()
    if bad:
        say(f"FAILED before the tests: {', '.join(bad)}")
    return code or (1 if bad else 0)


@contextlib.contextmanager
def folder_for_temporary_files() -> Iterator[Path]:
    """Whatever tests, browsers and servers leave lying about goes with it. Others may pass through
    it: PostgreSQL, started by root, runs as somebody else."""
    with tempfile.TemporaryDirectory(prefix="righthand-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o711)
        yield folder


def warn_about_journeys() -> None:
    bar = "=" * 78
    text = "NO CHROMIUM FOUND: the browser journeys are SKIPPED. Install one, or set CHROMIUM."
    say(f"{bar}\n{text}\n{bar}")
