"""``make test``: the checks, then pytest, on servers of their own."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sandbox.bootstrap import ROOT
from sandbox.browser import journeys_skipped, with_browser
from sandbox.supervisor import say
from sandbox.throwaway import throwaway

PYTHON = sys.executable
CHECKED = ("webapp", "workers", "migrations", "sandbox", "tests")
PYTEST = (PYTHON, "-m", "pytest")


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
    return 0 if all_pass(LINT, dict(os.environ)) else 1


def all_pass(stages: Sequence[Stage], environment: dict[str, str]) -> bool:
    """Runs every stage, also after one has failed."""
    results = [stage.passes(environment) for stage in stages]
    return all(results)


def run(words: list[str]) -> int:
    """``run -- CMD``: its exit code."""
    words = words[1:] if words[:1] == ["--"] else words
    path = os.pathsep.join([str(Path(PYTHON).parent), os.environ.get("PATH", "")])
    with throwaway() as ready:
        program = shutil.which(words[0], path=path) or words[0]
        environment = ready.environment | {"PATH": path}
        return ready.supervisor.run_attached([program, *words[1:]], environment)


def test(arguments: list[str]) -> int:
    """With ``arguments`` (pytest's own) only those tests, without the checks."""
    with throwaway() as ready:
        environment = with_browser(ready.environment)
        passed = bool(arguments) or all_pass((*LINT, *MIGRATIONS), environment)
        words = [*PYTEST, *(arguments or ["-n", "2"])]
        if journeys_skipped(environment):
            warn_about_journeys()
        code = ready.supervisor.run_attached(words, environment)
        return code or (0 if passed else 1)


def warn_about_journeys() -> None:
    bar = "=" * 78
    text = "NO CHROMIUM FOUND: the browser journeys are SKIPPED. Install one, or set CHROMIUM."
    say(f"{bar}\n{text}\n{bar}")
