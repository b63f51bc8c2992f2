"""No more time and no more bytes are given to an outside server than a calendar needs."""

from __future__ import annotations

import gzip
import socket
import threading
import time
import zlib
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest

from tests.booking.outside.fetching.conftest import (
    MB,
    Patch,
    ask,
)
from tests.booking.outside.servers import CalendarServer, send
from webapp.booking.outside.fetch.fetching import Errand
from webapp.booking.outside.provider import OutsideRefused, OutsideUnreachable

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
