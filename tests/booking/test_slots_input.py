"""Malformed slot cases are refused with a message that says where, never with a traceback."""

import json
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from tests.booking.given import named, run, solved
from webapp.booking.slots.case import answer, read_case


def changed(path: str, value: object) -> bytes:
    """A sound case with one member replaced, or taken out where the value is ABSENT."""
    case = named("collective")["case"]
    *way, last = path.split(".")
    holder: Any = case
    for key in way:
        holder = holder[int(key)] if key.isdigit() else holder[key]
    if value is ABSENT:
        del holder[last]
    else:
        holder[int(last) if last.isdigit() else last] = value
    return json.dumps(case).encode()


def stay(first: str, last: str, zone: str = "Asia/Tokyo") -> dict[str, str]:
    return {"from": first, "to": last, "time_zone": zone}


ABSENT = object()
MALFORMED: list[tuple[str, object]] = [
    ("hosts.0.time_zone", "Mars/Olympus"),
    ("hosts.0.time_zone", "America"),
    ("hosts.0.time_zone", "../UTC"),
    ("hosts.0.time_zone", "localtime"),
    ("hosts.0.time_zone", "america/denver"),
    ("hosts.0.time_zone", "Factory"),
    *[
        (path, f"{kept}/{name}")
        for path in ("hosts.0.time_zone", "invitee_time_zone")
        for kept in ("right", "posix")
        for name in ("UTC", "Europe/London")
    ],
    ("hosts.0.time_zone", ""),
    ("hosts.0.time_zone", "a\0b"),
    ("hosts.0.time_zone", "\udc80"),
    ("hosts.0.time_zone", 5),
    ("hosts.1.time_zone", ABSENT),
    ("invitee_time_zone", "Nowhere"),
    ("hosts.0.weekly.0.start", "25:00"),
    ("hosts.0.weekly.0.start", "24:00"),
    ("hosts.0.weekly.0.start", "9:00"),
    ("hosts.0.weekly.0.start", "09:60"),
    ("hosts.0.weekly.0.start", "٠٩:٠٠"),
    ("hosts.0.weekly.0.end", "24:01"),
    ("hosts.0.weekly.0.end", "09:00\n"),
    ("hosts.0.weekly.0.end", ABSENT),
    ("hosts.0.weekly.0.days", [7]),
    ("hosts.0.weekly.0.days", [-1]),
    ("hosts.0.weekly.0.days", ["1"]),
    ("hosts.0.weekly.0.days", 1),
    ("hosts.0.weekly", {}),
    ("hosts.0.weekly", None),
    ("hosts.0.overrides", "none"),
    ("hosts.1.overrides.0.date", "2027-02-29"),
    ("hosts.1.overrides.0.date", "20270609"),
    ("hosts.1.overrides.0.windows", ABSENT),
    ("hosts.0.busy.0.start", "2027-06-08T14:00:00"),
    ("hosts.0.busy.0.start", "2027-06-08T15:00:00Z"),
    ("hosts.0.busy.0.end", "yesterday"),
    ("hosts.0.busy.0.end", 1),
    ("hosts.0.busy.0.buffer_after", -1),
    ("hosts.0.busy.0.counts", "yes"),
    ("hosts.0.busy", ABSENT),
    ("hosts.0", 3),
    ("hosts", []),
    ("hosts", ABSENT),
    ("event.duration", 0),
    ("event.duration", -30),
    ("event.duration", 30.0),
    ("event.duration", "30"),
    ("event.duration", True),
    ("event.duration", 10**30),
    ("event.duration", ABSENT),
    ("event.step", 0),
    ("event.buffer_before", -1),
    ("event.buffer_after", -1),
    ("event.min_notice", -1),
    ("event.min_notice", float("nan")),
    ("event.limits", [1]),
    ("event.limits", {"per_day": -1}),
    ("event.limits", {"per_day": "two"}),
    ("event.limits", {"per_week": 1.5}),
    ("event.limits", {"per_week": -1}),
    ("event", None),
    ("hosts.0.travel", {}),
    ("hosts.0.travel", [stay("2027-06-09", "2027-06-08")]),
    ("hosts.0.travel", [stay("2027-06-08", "2027-06-09", "Mars/Base")]),
    ("hosts.0.travel", [stay("8 June", "2027-06-09")]),
    ("hosts.0.travel", [stay("2027-06-08", "2027-06-09"), stay("2027-06-09", "2027-06-10")]),
    ("window.to", "2027-06-06T00:00:00Z"),
    ("window.from", "0001-01-01T00:00:00+14:00"),
    ("window.to", "9999-12-31T23:59:59-14:00"),
    ("window.from", ABSENT),
    ("window", []),
    ("now", "now"),
    ("now", "2027-W23-1T00:00:00Z"),
    ("now", "2027-158T00:00:00Z"),
    ("now", "20270607T000000Z"),
    ("now", "2027-06-07T24:00:00Z"),
    ("now", "2027-06-07T00:00:00+00:00:30"),
    ("now", "2027-06-07"),
    ("now", "2027-06-07T00:00:00Z\n"),
    ("window.to", "2027-W23-4T00:00:00Z"),
    ("hosts.0.busy.0.end", "2027-W23-4T00:00:00Z"),
    ("now", ABSENT),
    ("mode", "any"),
    ("mode", "single"),
    ("mode", 1),
    ("mode", ABSENT),
]


@pytest.mark.parametrize(("path", "value"), MALFORMED)
def test_a_malformed_case_is_refused_with_a_message(path: str, value: object) -> None:
    with pytest.raises(ValueError, match=r"\w{3}"):
        answer(changed(path, value))


@pytest.mark.parametrize(
    "source",
    [b"", b"{", b"\xff\xfe\xfa", b"[]", b"null", b"7", b"{}", b"[" * 100_000, b"9" * 5000],
)
def test_what_is_not_a_case_is_refused(source: bytes) -> None:
    with pytest.raises(ValueError, match=r"\w{3}"):
        answer(source)


def test_the_message_names_the_place() -> None:
    with pytest.raises(ValueError, match=r"^hosts\[0\]\.weekly\[0\]\.start: "):
        answer(changed("hosts.0.weekly.0.start", "25:00"))


def test_far_away_numbers_and_dates_are_no_trouble() -> None:
    assert solved(json.loads(changed("event.min_notice", 10**50))) == []
    assert solved(json.loads(changed("event.step", 10**50)))
    assert solved(json.loads(changed("hosts.0.busy.0.end", "9999-12-31T23:59:59-14:00")))
    assert solved(json.loads(changed("now", "0001-01-01T00:00:00+14:00")))
    assert solved(json.loads(changed("now", "9999-12-31T23:59:59-14:00"))) == []


@pytest.mark.parametrize(
    "source",
    [
        b"not json",
        changed("event.duration", 0),
        changed("mode", "any"),
        changed("hosts.0.time_zone", "\udc80"),
        changed("hosts.0.time_zone", "right/UTC"),
        changed("window.from", "2027-W23-1T00:00:00Z"),
    ],
)
def test_the_command_exits_2_with_one_message_and_no_traceback(source: bytes) -> None:
    done = run(source)
    assert (done.returncode, done.stdout) == (2, b"")
    assert done.stderr.startswith(b"slots: ") and done.stderr.count(b"\n") == 1


def test_zones_that_only_the_servers_own_files_hold_are_refused_there_too(tmp_path: Path) -> None:
    """Debian keeps right/UTC, another system does not: both answer alike."""
    (tmp_path / "right").mkdir()
    (tmp_path / "right" / "UTC").write_bytes(files("tzdata").joinpath("zoneinfo/UTC").read_bytes())
    done = run(changed("hosts.0.time_zone", "right/UTC"), PYTHONTZPATH=str(tmp_path))
    assert (done.returncode, done.stdout) == (2, b"")
    assert b"unknown time zone 'right/UTC'" in done.stderr


@pytest.mark.parametrize("written", [
    "2027-06-06T22:00:00Z", "2027-06-06T22:00Z", "2027-06-06t22:00:00z", "2027-06-06 22:00:00Z",
    "2027-06-06T22:00:00.000Z", "2027-06-07T00:00:00+02:00",
])  # fmt: skip
def test_the_ways_to_write_an_instant(written: str) -> None:
    assert read_case(changed("now", written)).now == datetime(2027, 6, 6, 22, tzinfo=UTC)
