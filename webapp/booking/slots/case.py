"""A whole slot search as one JSON document, for the command line and for tests."""

from dataclasses import dataclass
from datetime import datetime
from typing import cast

from .hours import Busy, Event, Host, Mode, Override, Weekly, Window
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
    per_day = limits.get("per_day") if limits else None
    return node.make(
        Event,
        node["duration"].number(),
        node["step"].number(),
        node["buffer_before"].number(),
        node["buffer_after"].number(),
        node["min_notice"].number(),
        per_day.number() if per_day else None,
    )


def _host(node: Node) -> Host:
    return Host(
        time_zone=_zone(node["time_zone"]),
        weekly=tuple(_weekly(part) for part in node["weekly"].items()),
        overrides=tuple(_override(part) for part in node["overrides"].items()),
        busy=tuple(_busy(part) for part in node["busy"].items()),
    )


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
