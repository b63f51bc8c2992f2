"""Which addresses outside calendars may be read from, and what is taken along to them."""

from __future__ import annotations

import logging
import socket
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest

from tests.booking.outside.fetching.conftest import (
    MB,
    Patch,
    ask,
    names,
)
from tests.booking.outside.servers import CalendarServer, listening, send, trusting
from webapp.booking.outside.fetch import wire
from webapp.booking.outside.fetch.fetching import Errand
from webapp.booking.outside.provider import OutsideRefused, OutsideUnreachable

# -- where it may go -------------------------------------------------------------------------------


def test_what_the_settings_name_may_be_private(server: CalendarServer) -> None:
    assert ask(server) == b"BEGIN:VCALENDAR"


@pytest.mark.parametrize(
    "address",
    ["http://127.0.0.1:{port}", "http://localhost:{port}", "http://127.1:{port}",
     "http://2130706433:{port}", "http://0x7f000001:{port}", "http://0177.0.0.1:{port}",
     "http://0:{port}", "http://[::1]:{port}", "http://[::ffff:127.0.0.1]:{port}",
     "http://[64:ff9b::7f00:1]:{port}", "http://[2002:7f00:1::]:{port}"],
)  # fmt: skip
def test_this_machine_is_not_asked_however_it_is_written(
    server: CalendarServer, address: str
) -> None:
    with (
        listening() as other,
        pytest.raises(OutsideRefused),
    ):
        ask(server, address.format(port=other.port) + "/work.ics")
    assert other.asked == []


def test_a_name_that_stands_for_a_private_address_is_refused(
    server: CalendarServer, monkeypatch: Patch
) -> None:
    names(monkeypatch, evil_example=["10.1.2.3"])
    with pytest.raises(OutsideRefused, match="private network"):
        ask(server, f"http://evil.example:{server.port}/work.ics")


def test_a_name_is_looked_up_once_and_what_was_checked_is_connected_to(
    server: CalendarServer, monkeypatch: Patch
) -> None:
    """Rebinding: open to the internet when it is checked, this machine when it is used."""
    looked_up = names(monkeypatch, evil_example=["203.0.113.9", "127.0.0.1"])
    connected: list[str] = []

    def connect(address: tuple[str, int], *_: Any, **__: Any) -> socket.socket:
        connected.append(address[0])
        raise ConnectionRefusedError

    monkeypatch.setattr(socket, "create_connection", connect)
    monkeypatch.setattr(
        "webapp.booking.outside.fetch.wire.only_open", lambda found: [*found]
    )  # a documentation address stands for one on the internet
    with pytest.raises(OutsideUnreachable):
        ask(server, f"http://evil.example:{server.port}/work.ics")
    assert (looked_up, connected) == (["evil.example"], ["203.0.113.9"])


def test_redirects_are_checked_anew(server: CalendarServer) -> None:
    with listening() as inner:
        inner.files["/secret"] = b"not for you"
        server.files["/work.ics"] = inner.url("/secret")
        with pytest.raises(OutsideRefused, match="private network"):
            ask(server)
    assert inner.asked == []


@pytest.mark.parametrize(
    "elsewhere", ["file:///etc/passwd", "ftp://example.com/", "gopher://127.0.0.1/", "javascript:1"]
)
def test_redirects_lead_to_web_addresses_only(server: CalendarServer, elsewhere: str) -> None:
    server.files["/work.ics"] = elsewhere
    with pytest.raises((OutsideRefused, OutsideUnreachable), match=r"must begin with|no sense"):
        ask(server)


def test_redirects_within_reason_are_followed(server: CalendarServer) -> None:
    server.files |= {"/a": "/b", "/b": server.url("/c"), "/c": "work.ics"}
    assert ask(server, server.url("/a")) == b"BEGIN:VCALENDAR"


def test_redirects_that_go_round_in_circles_end(server: CalendarServer) -> None:
    server.files["/work.ics"] = "/work.ics"
    with pytest.raises(OutsideRefused, match="too often"):
        ask(server)
    assert len(server.asked) == 5


def test_https_is_never_left_for_http(server: CalendarServer, monkeypatch: Patch) -> None:
    with listening(tls=True) as safe:
        monkeypatch.setattr(wire, "trusted", lambda: trusting(safe))
        safe.files |= {"/work.ics": b"read over https", "/onward": server.url()}
        with Errand((safe.host, server.host), 5, MB) as asking:
            assert asking.ask("GET", safe.url()).body == b"read over https"
            with pytest.raises(OutsideRefused, match="without https"):
                asking.ask("GET", safe.url("/onward"))
    assert server.asked == []


def test_a_certificate_that_nobody_vouches_for_is_not_believed(server: CalendarServer) -> None:
    with listening(tls=True) as pretender:
        pretender.files["/work.ics"] = b"x"
        with (
            Errand((pretender.host,), 5, MB) as asking,
            pytest.raises(OutsideUnreachable, match="could not be reached"),
        ):
            asking.ask("GET", pretender.url())
    assert pretender.asked == []


def test_what_changes_something_is_not_sent_on(server: CalendarServer) -> None:
    server.files["/work.ics"] = "/elsewhere"
    with pytest.raises(OutsideRefused, match="may not write"):
        ask(server, method="PUT")
    assert len(server.asked) == 1


@pytest.mark.parametrize("port", [0, 22, 25, 110, 6379, 5432, 11211, 6667])
def test_ports_of_other_protocols_are_not_asked(server: CalendarServer, port: int) -> None:
    with pytest.raises(OutsideRefused, match="port"):
        ask(server, f"http://1.1.1.1:{port}/")


@pytest.mark.parametrize(
    ("address", "words"),
    [("ftp://example.com/a", "must begin with"), ("file:///etc/passwd", "must begin with"),
     ("work.ics", "must begin with"), ("", "must begin with"), ("http://", "must begin with"),
     ("https://vera:secret@example.com/a", "user name and password"),
     ("http://[::1/", "not a web address"), ("http://a\r\nb/", "not a web address"),
     ("http://exa mple.com/", "web address"), ("http://" + "a" * 300 + ".com/", "name")],
)  # fmt: skip
def test_odd_addresses_are_refused_in_words(
    server: CalendarServer, address: str, words: str
) -> None:
    with pytest.raises((OutsideRefused, OutsideUnreachable), match=words):
        ask(server, address)


# -- what it takes along ---------------------------------------------------------------------------


def test_a_password_stays_with_its_server(server: CalendarServer) -> None:
    with listening() as other:
        other.files["/there"] = b"x"
        server.files |= {"/work.ics": "/here", "/here": other.url("/there")}
        with Errand((server.host, other.host), 5, MB) as asking:
            asking.ask("GET", server.url(), {"Authorization": "Basic c2VjcmV0"})
    assert [headers.get("Authorization") for _, headers in server.asked] == ["Basic c2VjcmV0"] * 2
    assert [headers.get("Authorization") for _, headers in other.asked] == [None]


def test_a_password_is_not_sent_in_the_clear(server: CalendarServer) -> None:
    with pytest.raises(OutsideRefused, match="only sent over https"):
        ask(server, "http://example.com/", Authorization="Basic c2VjcmV0")


def test_cookies_are_not_kept(server: CalendarServer) -> None:
    def bake(request: BaseHTTPRequestHandler) -> None:
        send(request, 302, Location="/again", Set_Cookie="session=1; Path=/")

    server.files |= {"/work.ics": bake, "/again": b"x"}
    ask(server)
    assert "Cookie" not in server.asked[-1][1]


def test_a_proxy_in_the_environment_is_not_used(server: CalendarServer, monkeypatch: Patch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert ask(server) == b"BEGIN:VCALENDAR"


def test_no_log_names_the_address(server: CalendarServer, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    server.files["/private-7b2f/work.ics"] = b"x"
    ask(server, server.url("/private-7b2f/work.ics"))
    assert "7b2f" not in caplog.text
