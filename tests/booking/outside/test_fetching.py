"""What a hostile address or a hostile server can try, against real sockets on this machine."""

from __future__ import annotations

import gzip
import logging
import socket
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest

from tests.booking.outside.servers import CalendarServer, listening, send, trusting
from webapp.booking.outside.fetch import wire
from webapp.booking.outside.fetch.fetching import Errand
from webapp.booking.outside.provider import OutsideRefused, OutsideUnreachable

MB = 1024 * 1024
Patch = pytest.MonkeyPatch


@pytest.fixture
def server() -> Iterator[CalendarServer]:
    with listening() as played:
        played.files["/work.ics"] = b"BEGIN:VCALENDAR"
        yield played


def ask(
    server: CalendarServer, url: str | None = None, seconds: float = 5.0, method: str = "GET",
    **headers: str,
) -> bytes:  # fmt: skip
    """As the app would whose settings allow that server, and no other on this machine."""
    with Errand((server.host,), seconds, MB) as asking:
        return asking.ask(method, server.url() if url is None else url, headers).body


def names(patch: Patch, **hosts: list[str]) -> list[str]:
    """Have these names resolve to what is given, one answer a look-up; which were looked up."""
    looked_up: list[str] = []
    system = socket.getaddrinfo

    def resolve(host: str, port: int, *rest: Any, **options: Any) -> Any:
        known = hosts.get(host.replace(".", "_"))
        if known is None:
            return system(host, port, *rest, **options)
        looked_up.append(host)
        address = known[min(len(looked_up), len(known)) - 1]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]

    patch.setattr(socket, "getaddrinfo", resolve)
    return looked_up


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


# -- how long, how much ----------------------------------------------------------------------------


def drip(request: BaseHTTPRequestHandler) -> None:
    """A byte now and then: each wait is short, and it never ends."""
    request.send_response(200)
    request.send_header("Content-Length", "100000")
    request.end_headers()
    give(request.wfile.write, b"x")


def drip_headers(request: BaseHTTPRequestHandler) -> None:
    request.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
    give(request.wfile.write, b"x")


def give(write: Callable[[bytes], Any], piece: bytes) -> None:
    for _ in range(200):
        try:
            write(piece)
        except OSError:
            return
        time.sleep(0.05)


def silence(request: BaseHTTPRequestHandler) -> None:
    time.sleep(3)


@pytest.mark.parametrize("trick", [drip, drip_headers, silence])
def test_a_server_that_takes_its_time_is_left(
    server: CalendarServer, trick: Callable[[BaseHTTPRequestHandler], None]
) -> None:
    server.files["/work.ics"] = trick
    began = time.monotonic()
    with pytest.raises(OutsideUnreachable):
        ask(server, seconds=0.6)
    assert time.monotonic() - began < 2


def test_all_redirects_together_have_one_limit_of_time(server: CalendarServer) -> None:
    def slowly(request: BaseHTTPRequestHandler) -> None:
        time.sleep(0.4)
        send(request, 302, Location="/work.ics")

    server.files["/work.ics"] = slowly
    with pytest.raises(OutsideUnreachable, match=r"too long|in time"):
        ask(server, seconds=1.0)


def test_a_server_that_never_takes_the_connection_is_left() -> None:
    full = socket.create_server(("127.0.0.1", 0), backlog=0)
    port = full.getsockname()[1]
    waiting = [socket.socket() for _ in range(8)]
    for one in waiting:
        one.setblocking(False)
        one.connect_ex(("127.0.0.1", port))
    began = time.monotonic()
    try:
        with (
            Errand((f"127.0.0.1:{port}",), 0.6, MB) as asking,
            pytest.raises(OutsideUnreachable),
        ):
            asking.ask("GET", f"http://127.0.0.1:{port}/")
    finally:
        for one in (*waiting, full):
            one.close()
    assert time.monotonic() - began < 2


def test_a_name_server_that_takes_its_time_is_left(
    server: CalendarServer, monkeypatch: Patch
) -> None:
    asleep = threading.Event()

    def sleep(*_: Any, **__: Any) -> list[Any]:
        asleep.wait(3)
        return []

    monkeypatch.setattr(socket, "getaddrinfo", sleep)
    began = time.monotonic()
    with pytest.raises(OutsideUnreachable, match="looked up in time"):
        ask(server, "https://slow.example/", seconds=0.5)
    asleep.set()
    assert time.monotonic() - began < 2


def endless(request: BaseHTTPRequestHandler) -> None:
    """A body that names no length and does not end."""
    request.send_response(200)
    request.end_headers()
    request.close_connection = True
    for _ in range(1000):
        try:
            request.wfile.write(b"x" * 65536)
        except OSError:
            return


def bomb(request: BaseHTTPRequestHandler) -> None:
    """A hundred megabytes in a hundred kilobytes."""
    packed = gzip.compress(b"\0" * (100 * MB))
    send(request, 200, packed, Content_Encoding="gzip")


def bomb_in_bomb(request: BaseHTTPRequestHandler) -> None:
    packed = gzip.compress(gzip.compress(b"\0" * (100 * MB)))
    send(request, 200, packed, Content_Encoding="gzip, gzip")


def huge_headers(request: BaseHTTPRequestHandler) -> None:
    request.wfile.write(b"HTTP/1.1 200 OK\r\n" + b"X-Large: " + b"x" * (2 * MB) + b"\r\n\r\n")


@pytest.mark.parametrize("trick", [endless, bomb, bomb_in_bomb, huge_headers])
def test_more_than_is_wanted_is_not_taken(
    server: CalendarServer, trick: Callable[[BaseHTTPRequestHandler], None]
) -> None:
    server.files["/work.ics"] = trick
    with pytest.raises((OutsideRefused, OutsideUnreachable)):
        ask(server)


def test_a_bomb_is_unpacked_no_further_than_the_limit(
    server: CalendarServer, monkeypatch: Patch
) -> None:
    unpacked: list[int] = []

    class Counted:
        def __init__(self, window: int) -> None:
            self._real = real(window)

        def decompress(self, data: bytes, most: int) -> bytes:
            out = self._real.decompress(data, most)
            unpacked.append(len(out))
            return out

        def __getattr__(self, name: str) -> Any:
            return getattr(self._real, name)

    real = zlib.decompressobj
    monkeypatch.setattr(zlib, "decompressobj", Counted)
    server.files["/work.ics"] = bomb
    with pytest.raises(OutsideRefused, match="larger than 1 MB"):
        ask(server)
    assert sum(unpacked) <= MB + 65536
    assert max(unpacked) <= 65536


def test_packed_answers_are_unpacked(server: CalendarServer) -> None:
    server.files["/work.ics"] = b"BEGIN:VCALENDAR" * 1000
    server.packed = True
    assert ask(server) == b"BEGIN:VCALENDAR" * 1000


def cut_short(request: BaseHTTPRequestHandler) -> None:
    packed = gzip.compress(bytes(range(256)) * 50)
    send(request, 200, packed[: len(packed) // 2], Content_Encoding="gzip")


def not_packed(request: BaseHTTPRequestHandler) -> None:
    send(request, 200, b"BEGIN:VCALENDAR", Content_Encoding="gzip")


def no_http(request: BaseHTTPRequestHandler) -> None:
    request.wfile.write(b"220 mail.example.com ESMTP\r\n")
    request.close_connection = True


def hang_up(request: BaseHTTPRequestHandler) -> None:
    request.send_response(200)
    request.send_header("Content-Length", "100")
    request.end_headers()
    request.wfile.write(b"BEGIN")
    request.close_connection = True


@pytest.mark.parametrize("fault", [cut_short, not_packed, no_http, hang_up])
def test_half_an_answer_is_none(
    server: CalendarServer, fault: Callable[[BaseHTTPRequestHandler], None]
) -> None:
    server.files["/work.ics"] = fault
    with pytest.raises(OutsideUnreachable):
        ask(server)
