"""A stranger's file worked out in a process of its own: what it may cost, and what it may say."""

from __future__ import annotations

import time
import tracemalloc
from datetime import timedelta

import pytest

from tests.booking.outside.servers import ics
from tests.booking.outside.test_calendar_contents import FIRST, LAST, ONE, ZONE
from webapp.booking.outside.ics import expanding
from webapp.booking.outside.ics.expanding import expanded
from webapp.booking.outside.ics.ics_file import busy_times
from webapp.booking.outside.provider import OutsideRefused, OutsideSlow


def test_apart_or_not_the_answer_is_the_same() -> None:
    file = ics(ONE, "UID:b\nDTSTART;VALUE=DATE:20260320\nRRULE:FREQ=WEEKLY;COUNT=3")
    assert expanded(file, ZONE, FIRST, LAST) == busy_times(file, ZONE, FIRST, LAST)


def test_apart_a_bad_file_is_refused_in_the_same_words() -> None:
    with pytest.raises(OutsideRefused, match="not a calendar file"):
        expanded(b"<html>", ZONE, FIRST, LAST)


MANY = ",".join(map(str, range(60)))
HOURS = ",".join(map(str, range(24)))
BOMBS = {
    "3,600 an hour": f"RRULE:FREQ=HOURLY;BYMINUTE={MANY};BYSECOND={MANY}",
    "never found": "RRULE:FREQ=HOURLY;BYMONTH=2;BYMONTHDAY=30",
    "since the year one": f"RRULE:FREQ=DAILY;BYHOUR={HOURS};BYMINUTE={MANY}",
}


@pytest.mark.parametrize("rule", BOMBS.values(), ids=BOMBS.keys())
def test_a_bomb_neither_hangs_nor_eats_memory(rule: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(expanding, "WALL_SECONDS", 6)
    start = "00010101T000000Z" if "DAILY" in rule else "20260301T000000Z"
    began = time.monotonic()
    with pytest.raises((OutsideRefused, OutsideSlow), match="takes too long"):
        expanded(ics(*[f"UID:{n}\nDTSTART:{start}\nDURATION:PT1S\n{rule}" for n in range(3)]),
                 ZONE, FIRST, LAST + timedelta(days=400))  # fmt: skip
    assert time.monotonic() - began < 12


def test_the_process_knows_none_of_our_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    given = {}

    def start(*_: object, **options: object) -> object:
        given.update(options)
        raise ValueError

    monkeypatch.setattr("subprocess.Popen", start)
    with pytest.raises(OutsideRefused):
        expanded(b"", ZONE, FIRST, LAST)
    assert given["env"] == {}


def test_a_name_of_a_mile_is_not_said_for_each_occurrence() -> None:
    """Else a file of 60 KB becomes an answer of 300 MB, in our own process."""
    named = f"UID:{'u' * 60_000}\nDTSTART:20260301T000000Z\nDURATION:PT10M"
    tracemalloc.start()
    found = expanded(ics(f"{named}\nRRULE:FREQ=HOURLY;COUNT=500"), ZONE, FIRST, LAST)
    grown = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(found) == 500
    assert grown < 10_000_000
    assert {len(row.uid) for row in found} == {64}


def test_nor_are_the_names_of_published_periods() -> None:
    periods = ",".join(f"202603{day:02}T100000Z/PT1H" for day in range(1, 31))
    file = ics().replace(
        b"END:VCALENDAR",
        f"BEGIN:VFREEBUSY\r\nUID:{'u' * 60_000}\r\nFREEBUSY:{periods}\r\n"
        "END:VFREEBUSY\r\nEND:VCALENDAR".encode(),
    )
    found = busy_times(file, ZONE, FIRST, LAST)
    assert len(found) == 30
    assert max(len(row.uid) for row in found) < 100


def test_different_names_of_a_mile_stay_different() -> None:
    one, other = ("u" * 1000 + end for end in "ab")
    both = ics(ONE.replace("UID:a", f"UID:{one}"), ONE.replace("UID:a", f"UID:{other}"))
    found = busy_times(both, ZONE, FIRST, LAST)
    assert len({row.uid for row in found}) == 2


def test_a_process_that_says_too_much_is_not_listened_to(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(expanding, "MOST_ANSWER_BYTES", 200)
    many = "UID:a\nDTSTART:20260302T100000Z\nDURATION:PT1H\nRRULE:FREQ=DAILY;COUNT={}"
    assert len(expanded(ics(many.format(2)), ZONE, FIRST, LAST)) == 2
    with pytest.raises(OutsideRefused, match="takes too long"):
        expanded(ics(many.format(50)), ZONE, FIRST, LAST)


def test_one_that_takes_longer_than_it_may_is_ended() -> None:
    began = time.monotonic()
    with pytest.raises(OutsideSlow):
        expanded(ics(f"{ONE}\n{BOMBS['never found']}"), ZONE, FIRST, LAST, seconds=1.5)
    assert time.monotonic() - began < 6
