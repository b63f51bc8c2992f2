"""The list of behaviours in docs/calendar.md and the tests named after them say the same."""

from __future__ import annotations

import re
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).parent.parent
BEHAVIOURS = range(1, 32)


def told() -> dict[int, set[str]]:
    """Behaviour → the test files that its line names."""
    lines = re.findall(r"^\| (\d+) \|[^|]+\|([^|]*)\|$", document(), re.MULTILINE)
    return {int(number): set(re.findall(r"`(tests/[^`]+)`", files)) for number, files in lines}


def document() -> str:
    return (ROOT / "docs" / "calendar.md").read_text()


def shown() -> dict[int, set[str]]:
    """Behaviour → the files in which a test is named after it."""
    found = defaultdict(set)
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        for number in re.findall(r"^ *def test_b(\d\d)_", path.read_text(), re.MULTILINE):
            found[int(number)].add(str(path.relative_to(ROOT)))
    return dict(found)


def test_every_behaviour_has_a_test_and_the_list_names_where() -> None:
    assert set(told()) == set(BEHAVIOURS)
    assert [number for number in BEHAVIOURS if not shown().get(number)] == []
    assert told() == shown()


def test_tests_that_the_documents_name_exist() -> None:
    every = "\n".join(path.read_text() for path in (ROOT / "tests").rglob("*.py"))
    for name in ("calendar.md", "time.md"):
        text = (ROOT / "docs" / name).read_text()
        for test in re.findall(r"`(test_b\d\d_\w+)`", text):
            assert f"def {test}(" in every, (name, test)
