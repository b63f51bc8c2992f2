"""CalDAV's smaller rules: whom a password may reach, how answers are read, what is typed."""

from __future__ import annotations

import httpx
import pytest

from webapp.booking.outside.dav import webdav
from webapp.booking.outside.dav.dav_server import WrongPassword, akin, check
from webapp.booking.outside.dav.discovery import full_address
from webapp.booking.outside.fetch.fetching import Answer
from webapp.booking.outside.provider import OutsideRefused, OutsideUnreachable
from webapp.booking.outside.standing import Standing

ASKED = "https://dav.example.com/home/"
HOME = b"""<?xml version="1.0"?>
<d:multistatus xmlns:d="DAV:" xmlns:c="urn:ietf:params:xml:ns:caldav">
 <d:response><d:href>/home/work%20team/</d:href>
  <d:propstat><d:prop><d:displayname> Work </d:displayname>
   <d:resourcetype><d:collection/><c:calendar/></d:resourcetype></d:prop>
   <d:status>HTTP/1.1 200 OK</d:status></d:propstat>
  <d:propstat><d:prop><d:getetag/></d:prop><d:status>HTTP/1.1 404 Not Found</d:status></d:propstat>
 </d:response>
 <d:response><d:href>https://other.example.com/gone/</d:href>
  <d:status>HTTP/1.1 404 Not Found</d:status></d:response>
</d:multistatus>"""
BOMB = b"""<?xml version="1.0"?><!DOCTYPE b [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]>
<d:multistatus xmlns:d="DAV:"><d:response><d:href>&b;</d:href></d:response></d:multistatus>"""
FILE_OF_OURS = b"""<!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/passwd">]><x>&f;</x>"""


@pytest.mark.parametrize(
    ("given", "other", "told"),
    [
        ("https://caldav.icloud.com", "https://caldav.icloud.com/123", True),
        ("https://caldav.icloud.com", "https://p42-caldav.icloud.com:443/123", True),
        ("https://example.com", "https://dav.example.com", True),
        ("https://dav.example.com", "https://example.org", False),
        ("https://dav.example.com", "https://evil-example.com", False),
        ("https://dav.example.com", "https://example.com.evil.org", False),
        ("https://example.com", "https://another.com", False),
        ("https://example.co.uk", "https://stranger.co.uk", False),
        ("https://dav.example.co.uk", "https://p1.example.co.uk", True),
        ("https://dav.example.com", "http://p1.example.com", False),
        ("http://127.0.0.1:5232", "http://127.0.0.1:5232/dana/", True),
    ],
)
def test_a_password_is_told_to_the_host_it_was_given_for_and_its_kin(
    given: str, other: str, told: bool
) -> None:
    assert akin(httpx.URL(given), httpx.URL(other)) is told


def test_an_answer_is_read_as_far_as_it_says_yes() -> None:
    [one] = webdav.resources(HOME, ASKED)
    assert one.address == "https://dav.example.com/home/work%20team/"
    assert one.text(webdav.NAME) == "Work"
    assert one.has(webdav.KIND, f"{webdav.CALDAV}calendar")
    assert webdav.ETAG not in one.properties


@pytest.mark.parametrize("answer", [b"", b"<html><br></html>", BOMB, FILE_OF_OURS, b"\xff\xfe"])
def test_what_is_no_plain_xml_is_not_believed(answer: bytes) -> None:
    with pytest.raises(OutsideUnreachable):
        webdav.resources(answer, ASKED)


def test_a_uid_is_no_xml() -> None:
    assert b"&lt;/C:text-match&gt;" in webdav.event_with("</C:text-match>")


@pytest.mark.parametrize(
    ("status", "meaning"),
    [
        (401, WrongPassword),
        (403, OutsideRefused),
        (404, OutsideRefused),
        (418, OutsideRefused),
        (423, OutsideUnreachable),
        (429, OutsideUnreachable),
        (500, OutsideUnreachable),
        (507, OutsideRefused),
    ],
)
def test_what_answers_mean(status: int, meaning: type[Exception]) -> None:
    with pytest.raises(meaning):
        check(Answer(status, httpx.Headers(), b"", ASKED))


def test_a_server_that_asks_for_a_pause_is_given_it() -> None:
    with pytest.raises(OutsideUnreachable) as told:
        check(Answer(503, httpx.Headers({"Retry-After": "120"}), b"", ASKED))
    assert told.value.seconds == 120


@pytest.mark.parametrize(
    ("typed", "address"),
    [
        (" dana@example.com ", "https://example.com"),
        ("example.com", "https://example.com"),
        ("example.com/dav", "https://example.com/dav"),
        ("http://calendar.lan:5232/", "http://calendar.lan:5232/"),
    ],
)
def test_what_is_typed_becomes_an_address(typed: str, address: str) -> None:
    assert full_address(typed) == address


def test_a_standing_is_kept_as_text() -> None:
    for standing in (Standing("https://dav.example.com/a.ics", 'W/"a b"'), Standing("id", "")):
        assert Standing.known(str(standing)) == standing
    assert Standing("id", "").condition == {}


def test_a_persons_addresses_are_read_as_they_are_written() -> None:
    answer = b"""<d:multistatus xmlns:d="DAV:" xmlns:c="urn:ietf:params:xml:ns:caldav"><d:response>
      <d:href>/dana/</d:href><d:propstat><d:prop><c:calendar-user-address-set>
      <d:href>mailto:dana@example.com</d:href><d:href>/dana/</d:href><d:href/>
      </c:calendar-user-address-set></d:prop><d:status>HTTP/1.1 200 OK</d:status></d:propstat>
      </d:response></d:multistatus>"""
    [one] = webdav.resources(answer, ASKED)
    assert one.hrefs(webdav.ADDRESSES) == ["mailto:dana@example.com", "/dana/"]
    assert one.hrefs(webdav.NAME) == []
