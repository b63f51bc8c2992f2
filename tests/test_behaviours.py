"""The lists of behaviours in the documents and the tests named after them say the same."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@dataclass(frozen=True)
class Scheme:
    """One document's list; tests that show its behaviour 7 are called test_<letter>07_…"""

    document: str
    letter: str
    last: int

    @property
    def behaviours(self) -> range:
        return range(1, self.last + 1)

    def text(self) -> str:
        return (ROOT / "docs" / self.document).read_text()

    def told(self) -> dict[int, set[str]]:
        """Behaviour → the test files that its line names."""
        lines = re.findall(r"^\| (\d+) \|[^|]+\|([^|]*)\|$", self.text(), re.MULTILINE)
        return {int(number): set(re.findall(r"`(tests/[^`]+)`", files)) for number, files in lines}

    def shown(self) -> dict[int, set[str]]:
        """Behaviour → the files in which a test is named after it."""
        found = defaultdict(set)
        named = re.compile(rf"^ *def test_{self.letter}(\d\d)_", re.MULTILINE)
        for path in sorted((ROOT / "tests").rglob("test_*.py")):
            for number in named.findall(path.read_text()):
                found[int(number)].add(str(path.relative_to(ROOT)))
        return dict(found)


CALENDAR, MONEY = Scheme("calendar.md", "b", 31), Scheme("money.md", "m", 47)
each = pytest.mark.parametrize("scheme", [CALENDAR, MONEY], ids=lambda one: one.document)


@each
def test_every_behaviour_has_a_test_and_the_list_names_where(scheme: Scheme) -> None:
    assert set(scheme.told()) == set(scheme.behaviours)
    assert [number for number in scheme.behaviours if not scheme.shown().get(number)] == []
    assert scheme.told() == scheme.shown()


def test_tests_that_the_documents_name_exist() -> None:
    every = "\n".join(path.read_text() for path in (ROOT / "tests").rglob("*.py"))
    for name in ("calendar.md", "time.md", "money.md"):
        text = (ROOT / "docs" / name).read_text()
        for test in re.findall(r"`(test_[bm]\d\d_\w+)`", text):
            assert f"def {test}(" in every, (name, test)
