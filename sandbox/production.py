"""``python sandbox/production.py``: the part of the lock file that production installs.

The lock file holds the sandbox's and the tests' packages too. It says under each package who asked
for it ("# via"), so those that ``[project.dependencies]`` leads to can be told from the rest. Needs
the standard library only: the Dockerfile runs it before anything is installed.
"""

import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
NAME = re.compile(r"[A-Za-z0-9._-]+")
OURSELVES = "righthand (pyproject.toml)"


def production_lock(project: str, lock: str) -> str:
    """Both files' texts in; the lock's blocks that production needs out, hashes and all."""
    asked_for = {name_of(line) for line in tomllib.loads(project)["project"]["dependencies"]}
    found = {name_of(block): block for block in blocks(lock)}
    needed = {name for name in asked_for if name in found}
    while more := {n for n, b in found.items() if n not in needed and parents(b) & needed}:
        needed |= more
    return "".join(found[name] for name in sorted(needed))


def blocks(lock: str) -> Iterator[str]:
    """Each package with its hashes and the comment that says who asked for it."""
    return (match[0] for match in re.finditer(r"^[A-Za-z0-9].*\n(?:[ #].*\n)*", lock, re.MULTILINE))


def parents(block: str) -> set[str]:
    """Who asked for the package, ourselves left out: what we ask for may be for tests alone."""
    lines = re.findall(r"^ +#(?: +via)? +([A-Za-z0-9].*)$", block, re.MULTILINE)
    return {name_of(line) for line in lines if line != OURSELVES and line != "via"}


def name_of(text: str) -> str:
    """The package's name as an index compares it (PEP 503)."""
    match = NAME.match(text)
    return re.sub(r"[-_.]+", "-", match[0]).lower() if match else ""


if __name__ == "__main__":
    here = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT
    project, lock = (here / "pyproject.toml").read_text(), (here / "requirements.lock").read_text()
    print(production_lock(project, lock), end="")
