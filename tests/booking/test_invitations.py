"""Calendar files as the standards and the programs that read them want them.

Read with vobject, as icalendar wrote them; the rules are RFC 5545's and RFC 5546's own.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import parseaddr

import pytest
import vobject  # type: ignore[import-untyped]
from flask import current_app

from tests import make
from tests.booking.rows import at
from tests.mail import Mailbox
from webapp.access import Role
from webapp.accounts.models import Person
from webapp.booking.files import calendar_files
from webapp.booking.models import Booking
from webapp.db import session

pytestmark = pytest.mark.usefixtures("today")
ZONE = "America/New_York"
HOSTILE = 'Zoë; "Z", Quint\\n\r\nATTENDEE:mailto:x@example.com\x07\u202e\u2028'


@pytest.fixture
def meeting(app: object) -> Booking:
    return review()


def review(zone: str = ZONE, start: datetime | None = None, place: str = "") -> Booking:
    engagement = make.engagement()
    client = make.person(Role.LEADER, company=engagement.company, name=HOSTILE)
    lead = engagement.hold.consultant
    made = Booking.schedule(
        "review", engagement.id, [lead], start or at(3, 10), 60, zone, "Review",
        place or "https://meet.example.com/a?b=1,2;c=3",
        [(client, "client"), (lead.person, "consultant")],
    )  # fmt: skip
    session.commit()
    return made


def client_of(meeting: Booking) -> Person:
    return meeting.people("client")[0]


def read(written: bytes) -> vobject.base.Component:
    return vobject.readOne(written.decode())


def lines(written: bytes) -> list[str]:
    """Content lines, unfolded."""
    return written.decode().replace("\r\n ", "").split("\r\n")


def named(written: bytes, name: str) -> list[str]:
    return [line for line in lines(written) if re.match(rf"{name}[;:]", line)]


def request_of(meeting: Booking) -> bytes:
    return calendar_files.invitation(meeting, "REQUEST", client_of(meeting))


def cancel_of(meeting: Booking) -> bytes:
    return calendar_files.invitation(meeting, "CANCEL", client_of(meeting))


# -- behaviour 21, as the files tell it ------------------------------------------------------------


def test_b21_a_moved_meetings_file_keeps_its_uid_and_counts_on(meeting: Booking) -> None:
    first = read(request_of(meeting))
    meeting.move(at(4, 11))
    session.commit()
    moved = read(request_of(meeting))
    assert moved.method.value == "REQUEST" and moved.vevent.status.value == "CONFIRMED"
    assert moved.vevent.uid.value == first.vevent.uid.value
    assert int(moved.vevent.sequence.value) == int(first.vevent.sequence.value) + 1
    assert moved.vevent.dtstart.value == at(4, 11)


def test_b21_a_cancelled_meetings_file_says_so_under_the_same_uid(meeting: Booking) -> None:
    first = read(request_of(meeting))
    meeting.cancel("off")
    session.commit()
    written = cancel_of(meeting)
    off = read(written)
    assert off.method.value == "CANCEL" and off.vevent.status.value == "CANCELLED"
    assert off.vevent.uid.value == first.vevent.uid.value
    assert int(off.vevent.sequence.value) == int(first.vevent.sequence.value) + 1
    assert off.vevent.transp.value == "TRANSPARENT"
    assert "VALARM" not in written.decode()  # RFC 5546, 3.2.5: none in a CANCEL


def test_b21_the_mail_that_moves_it_carries_the_file(
    meeting: Booking, drain: Callable[[], int], mailbox: Mailbox
) -> None:
    meeting.move(at(4, 11))
    session.commit()
    drain()
    [mail] = [mail for mail in mailbox.to(client_of(meeting).email) if "Moved" in mail["Subject"]]
    [part] = [part for part in mail.walk() if part.get_content_type() == "text/calendar"]
    assert part["Content-Type"].params["method"] == "REQUEST"
    event = read(part.get_content().encode()).vevent
    assert (event.uid.value, event.sequence.value) == (meeting.uid, "1")
    assert event.dtstart.value == at(4, 11)
    organizer = event.organizer.value.removeprefix("mailto:")
    assert organizer == mail["From"].addresses[0].addr_spec
    told = {who.value.removeprefix("mailto:").lower() for who in event.attendee_list}
    assert mail["To"].addresses[0].addr_spec.lower() in told


# -- RFC 5545 and 5546 -----------------------------------------------------------------------------


@pytest.mark.parametrize("written_by", [request_of, cancel_of])
def test_every_file_keeps_the_rules_of_the_standard(
    meeting: Booking, written_by: Callable[[Booking], bytes]
) -> None:
    written = written_by(meeting)
    assert b"\n" not in written.replace(b"\r\n", b"") and written.endswith(b"\r\n")
    assert all(len(line) <= 75 for line in written.split(b"\r\n"))
    assert not re.search(
        r"[\x00-\x08\x0b-\x1f\x7f\u2028\u202e]", written.decode().replace("\r", "")
    )
    for name in ("VERSION", "PRODID", "METHOD", "UID", "DTSTAMP", "SEQUENCE", "ORGANIZER",
                 "STATUS", "TRANSP", "URL", "LAST-MODIFIED", "CREATED", "SUMMARY"):  # fmt: skip
        assert len(named(written, name)) == 1, name
    assert re.fullmatch(r"DTSTAMP:\d{8}T\d{6}Z", named(written, "DTSTAMP")[0])
    assert re.fullmatch(r"LAST-MODIFIED:\d{8}T\d{6}Z", named(written, "LAST-MODIFIED")[0])
    assert written.decode().count("BEGIN:VEVENT\r\n") == 1


def test_a_zone_that_is_named_is_told(meeting: Booking) -> None:
    written = request_of(meeting)
    used = set(re.findall(r"TZID=([^:;]+)", written.decode()))
    assert used == {line.removeprefix("TZID:") for line in named(written, "TZID")} == {ZONE}
    assert written.index(b"BEGIN:VTIMEZONE") < written.index(b"BEGIN:VEVENT")


def test_who_is_invited_is_asked_to_answer(meeting: Booking) -> None:
    event = read(request_of(meeting)).vevent
    assert {who.value for who in event.attendee_list} == {
        f"mailto:{attendee.person.email}" for attendee in meeting.attendees
    }
    for who in event.attendee_list:
        params = {name: value[0] for name, value in who.params.items()}
        assert params["ROLE"] == "REQ-PARTICIPANT" and params["PARTSTAT"] == "NEEDS-ACTION"
        assert params["RSVP"] == "TRUE" and params["CUTYPE"] == "INDIVIDUAL" and params["CN"]


def test_the_organizer_is_who_sends_the_mail(meeting: Booking) -> None:
    name, address = parseaddr(current_app.config["SETTINGS"].mail_from)
    organizer = read(request_of(meeting)).vevent.organizer
    assert organizer.value == f"mailto:{address}" and organizer.params["CN"] == [name]


def test_what_people_typed_stays_text(meeting: Booking) -> None:
    written = request_of(meeting)
    assert len(named(written, "ATTENDEE")) == 2
    [client] = [line for line in named(written, "ATTENDEE") if "Zoë" in line]
    assert re.search(r'CN="Zoë; \'Z\', Quint\\\\?n ATTENDEE:mailto:x@example.com"', client)
    event = read(written).vevent
    assert HOSTILE.split(";")[0] in event.description.value
    assert event.location.value == meeting.place


def test_a_video_room_can_be_joined_by_a_press(meeting: Booking) -> None:
    [line] = named(request_of(meeting), "CONFERENCE")
    assert "VALUE=URI" in line and "FEATURE=VIDEO" in line and line.endswith(f":{meeting.place}")
    assert named(request_of(review(place="By phone: +1 312 555 0142")), "CONFERENCE") == []


def test_the_second_of_two_equal_wall_times_is_written_in_utc(app: object) -> None:
    """01:30 comes twice in New York on 1 November 2026: in wall time only the first has a name."""
    spring = review()
    fold = datetime(2026, 11, 1, 6, 30, tzinfo=UTC)
    spring.starts_at, spring.ends_at = fold, fold + timedelta(hours=1)
    written = request_of(spring)
    assert "VTIMEZONE" not in written.decode()
    assert named(written, "DTSTART") == ["DTSTART:20261101T063000Z"]
    assert named(written, "DTEND") == ["DTEND:20261101T073000Z"]


@pytest.mark.parametrize(
    "zone", ["Europe/Dublin", "Africa/Casablanca", "Asia/Kathmandu", "America/Santiago", "UTC"]
)
def test_the_instant_survives_any_zone(app: object, zone: str) -> None:
    made = review(zone)
    event = read(request_of(made)).vevent
    assert (event.dtstart.value, event.dtend.value) == (made.starts_at, made.ends_at)


@pytest.mark.parametrize("called_off_since", [False, True])
def test_who_is_no_longer_invited_is_uninvited_alone(
    meeting: Booking, called_off_since: bool
) -> None:
    """RFC 5546, 3.2.5: ATTENDEE names who is removed, and a STATUS would end it for everyone."""
    gone = make.person(Role.CONSULTANT)
    if called_off_since:
        meeting.cancel("off")
    written = calendar_files.invitation(meeting, "CANCEL", gone)
    assert read(written).method.value == "CANCEL"
    assert [who.value for who in read(written).vevent.attendee_list] == [f"mailto:{gone.email}"]
    assert named(written, "STATUS") == []


def test_who_is_still_invited_reads_that_all_of_it_is_off(meeting: Booking) -> None:
    meeting.cancel("off")
    written = cancel_of(meeting)
    assert named(written, "STATUS") == ["STATUS:CANCELLED"]
    assert len(read(written).vevent.attendee_list) == 2


# -- a feed ----------------------------------------------------------------------------------------


def test_a_feed_asks_nobody_and_names_no_address(meeting: Booking) -> None:
    written = calendar_files.feed([meeting], "Righthand", client_of(meeting))
    for name in ("METHOD", "ATTENDEE", "ORGANIZER"):
        assert named(written, name) == []
    assert b"example.com/a" in written and b"person" not in b"".join(
        line.encode() for line in named(written, "DESCRIPTION")
    )
    assert named(written, "REFRESH-INTERVAL") == ["REFRESH-INTERVAL;VALUE=DURATION:PT1H"]
    assert named(written, "X-PUBLISHED-TTL") == ["X-PUBLISHED-TTL:PT1H"]
    assert named(written, "NAME") == ["NAME:Righthand"]


def test_a_feeds_bytes_change_only_with_the_meeting(
    meeting: Booking, set_clock: Callable[[datetime], None]
) -> None:
    def bytes_now() -> bytes:
        session.expire_all()
        return calendar_files.feed([meeting], "Righthand", client_of(meeting))

    first = bytes_now()
    set_clock(at(1, 20))
    assert bytes_now() == first
    meeting.move(at(4, 10))
    session.commit()
    assert bytes_now() != first
    assert named(bytes_now(), "LAST-MODIFIED")[0] > named(first, "LAST-MODIFIED")[0]


def test_meetings_of_one_series_are_events_of_their_own(app: object) -> None:
    pair = [review(), review("Europe/Paris", at(4, 10))]
    feed = read(calendar_files.feed(pair, "Righthand", client_of(pair[0])))
    assert len({event.uid.value for event in feed.vevent_list}) == 2
    assert not any(hasattr(event, "rrule") for event in feed.vevent_list)
    assert len(feed.vtimezone_list) == 2
