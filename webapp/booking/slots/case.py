"""A whole slot search as one JSON document, for the command line and for tests.

Optional members: `event.limits.per_day` and `.per_week` (Monday to Sunday), a busy interval's
`buffer_before`, `buffer_after` and `counts`, and a host's `travel`: a list of
`{"from": "2027-06-07", "to": "2027-06-11", "time_zone": "Asia/Tokyo"}`, both dates included.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import cast

from .hours import Busy, Event, Host, Mode, Override, Travel, Weekly, Window
from .local_time import check_zone
from .reading import Node, document
from .search import slots


@dataclass(frozen=True)
class Case:
    """Everything a search takes."""

    event: Event
    hosts: tuple[Host, ...]
    window_from: datetime
    window_to: datetime
    now: datetime
    mode: Mode

    def slots(self) -> list[datetime]:
        """Raises ValueError where the parts do not fit together."""
        return slots(self.event, self.hosts, self.window_from, self.window_to, self.now, self.mode)


def answer(source: bytes) -> dict[str, list[str]]:
    """Read a case and solve it: `{"slots": ["2026-06-01T08:00:00Z", …]}`.

    Raises ValueError with a message for people where the case is malformed.
    """
    found = read_case(source).slots()
    return {"slots": [f"{moment:%Y-%m-%dT%H:%M:%SZ}" for moment in found]}


def read_case(source: bytes) -> Case:
    """Raises ValueError that names the place in the document."""
    root = document(source)
    _check_invitee(root.get("invitee_time_zone"))
    return Case(
        event=_event(root["event"]),
        hosts=tuple(_host(node) for node in root["hosts"].items()),
        window_from=root["window"]["from"].instant(),
        window_to=root["window"]["to"].instant(),
        now=root["now"].instant(),
        mode=cast(Mode, root["mode"].text()),
    )


def _check_invitee(node: Node | None) -> None:
    """It has no bearing on the slots, but a wrong one is a mistake all the same."""
    if node is not None:
        _zone(node)


def _event(node: Node) -> Event:
    limits = node.get("limits")
    return node.make(
        Event,
        node["duration"].number(),
        node["step"].number(),
        node["buffer_before"].number(),
        node["buffer_after"].number(),
        node["min_notice"].number(),
        _limit(limits, "per_day"),
        _limit(limits, "per_week"),
    )


def _limit(limits: Node | None, key: str) -> int | None:
    given = limits.get(key) if limits else None
    return given.number() if given else None


def _host(node: Node) -> Host:
    travel = node.get("travel")
    return node.make(
        Host,
        _zone(node["time_zone"]),
        tuple(_weekly(part) for part in node["weekly"].items()),
        tuple(_override(part) for part in node["overrides"].items()),
        tuple(_busy(part) for part in node["busy"].items()),
        tuple(_travel(part) for part in travel.items()) if travel else (),
    )


def _travel(node: Node) -> Travel:
    return node.make(Travel, node["from"].date(), node["to"].date(), _zone(node["time_zone"]))


def _zone(node: Node) -> str:
    node.make(check_zone, node.text())
    return node.text()


def _weekly(node: Node) -> Weekly:
    days = frozenset(day.number() for day in node["days"].items())
    return node.make(Weekly, days, _window(node))


def _override(node: Node) -> Override:
    windows = tuple(_window(window) for window in node["windows"].items())
    return Override(node["date"].date(), windows)


def _window(node: Node) -> Window:
    return node.make(Window, node["start"].minute_of_day(), node["end"].minute_of_day())


def _busy(node: Node) -> Busy:
    counts = node.get("counts")
    return node.make(
        Busy,
        node["start"].instant(),
        node["end"].instant(),
        _minutes(node, "buffer_before"),
        _minutes(node, "buffer_after"),
        counts.flag() if counts else False,
    )


def _minutes(node: Node, key: str) -> int:
    given = node.get(key)
    return given.number() if given else 0
