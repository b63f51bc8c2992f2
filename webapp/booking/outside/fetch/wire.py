"""The transport under every request to an outside calendar: checked, timed and measured.

A Wire serves one errand. It looks each name up itself and connects to the very address it has
checked, so that a name which answers differently a second time (rebinding) gains nothing; it knows
no proxies, and no cookies; and it ends an errand that takes too long or grows too large, however
slowly the bytes drip and however small they were packed.
"""

from __future__ import annotations

import ssl
import time
import zlib
from collections.abc import Collection, Iterable, Iterator
from functools import cache
from typing import Any

import httpcore
import httpx

from webapp.booking.outside.fetch.addresses import only_open, resolve
from webapp.booking.outside.provider import OutsideRefused, OutsideSlow, OutsideUnreachable

TRIED_AT_MOST = 3
PIECE = 64 * 1024
# Ports that other protocols listen on, and might take a request for an order of their own.
NOT_WEB = frozenset(
    {1080, 1433, 1521, 2049, 3306, 3659, 4045, 4190, 5432, 5672, 6000, 6379, 6566, 6697, 9200,
     10080, 11211, 27017, *range(6665, 6670)}
)  # fmt: skip
PACKED = {"gzip": 31, "x-gzip": 31, "deflate": 15}


class Wire(httpx.BaseTransport):
    """private_hosts: 'host:port' that may lie in a private network. Limits are for the errand."""

    def __init__(self, private_hosts: Collection[str], seconds: float, most_bytes: int) -> None:
        self._private = frozenset(private_hosts)
        self._limits = Limits(seconds, most_bytes)
        self._pool = httpcore.ConnectionPool(
            ssl_context=trusted(), network_backend=_Backend(self._private, self._limits)
        )

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """OutsideRefused, OutsideUnreachable, or the answer with its body unpacked."""
        check_port(request.url, self._private)
        request.headers["Accept-Encoding"] = "gzip"
        try:
            answer = self._pool.handle_request(_as_sent(request))
        except httpcore.ConnectTimeout as error:
            raise OutsideUnreachable("That server did not answer in time.") from error
        except httpcore.TimeoutException as error:
            raise OutsideSlow("That server did not answer in time.") from error
        except (httpcore.NetworkError, httpcore.ProtocolError) as error:
            raise OutsideUnreachable("That server could not be reached.") from error
        headers = httpx.Headers(answer.headers)
        body = _Body(answer, headers.pop("Content-Encoding", ""), self._limits)
        return httpx.Response(answer.status, headers=headers, stream=body)

    def close(self) -> None:
        self._pool.close()


class Limits:
    """What is left of an errand's time and bytes."""

    def __init__(self, seconds: float, most_bytes: int) -> None:
        self._until = time.monotonic() + seconds
        self._most_bytes = most_bytes

    def seconds_left(self) -> float:
        left = self._until - time.monotonic()
        if left <= 0:
            raise OutsideSlow("That server took too long.")
        return left

    def check_size(self, size: int) -> None:
        if size > self._most_bytes:
            most = self._most_bytes // (1024 * 1024)
            raise OutsideRefused(f"That calendar is larger than {most} MB, too large to be read.")


def check_port(url: httpx.URL, private_hosts: Collection[str]) -> None:
    """OutsideRefused for what is no web address, or a port where no web server is expected."""
    if url.scheme not in ("http", "https") or not url.host:
        raise OutsideRefused("An address must begin with https://, http:// or webcal://.")
    port = port_of(url)
    usual = port in (80, 443) or (port >= 1024 and port not in NOT_WEB)
    if not usual and f"{url.host}:{port}" not in private_hosts:
        raise OutsideRefused(f"Calendars are not read from port {port}.")


def port_of(url: httpx.URL) -> int:
    if url.port is None:
        return 443 if url.scheme == "https" else 80
    return url.port


@cache
def trusted() -> ssl.SSLContext:
    """Whose certificates are believed: certifi's list, or what SSL_CERT_FILE names."""
    return httpx.create_ssl_context()


def _as_sent(request: httpx.Request) -> httpcore.Request:
    url = request.url
    target = httpcore.URL(
        scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path
    )
    return httpcore.Request(
        method=request.method, url=target, headers=request.headers.raw, content=request.read()
    )


class _Backend(httpcore.NetworkBackend):
    def __init__(self, private_hosts: frozenset[str], limits: Limits) -> None:
        self._private = private_hosts
        self._limits = limits

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        addresses = resolve(host, port, self._limits.seconds_left())
        if f"{host}:{port}" not in self._private:
            addresses = only_open(addresses)
        return _Stream(self._first_that_answers(addresses[:TRIED_AT_MOST], port), self._limits)

    def _first_that_answers(self, addresses: list[Any], port: int) -> httpcore.NetworkStream:
        share = self._limits.seconds_left() / len(addresses)
        for address in addresses[:-1]:
            try:
                return httpcore.SyncBackend().connect_tcp(str(address), port, timeout=share)
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                continue
        left = self._limits.seconds_left()
        return httpcore.SyncBackend().connect_tcp(str(addresses[-1]), port, timeout=left)


class _Stream(httpcore.NetworkStream):
    """A connection whose every wait ends with the errand's time, and whose bytes are counted."""

    def __init__(self, stream: httpcore.NetworkStream, limits: Limits) -> None:
        self._stream = stream
        self._limits = limits
        self._taken = 0

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        got = self._stream.read(max_bytes, self._limits.seconds_left())
        self._taken += len(got)
        self._limits.check_size(self._taken)
        return got

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, self._limits.seconds_left())

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        left = self._limits.seconds_left()
        return _Stream(self._stream.start_tls(ssl_context, server_hostname, left), self._limits)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


class _Body(httpx.SyncByteStream):
    """The body, unpacked a piece at a time: a few bytes may hold a mountain."""

    def __init__(self, answer: httpcore.Response, encoding: str, limits: Limits) -> None:
        self._answer = answer
        self._encoding = encoding.strip().lower()
        self._limits = limits

    def __iter__(self) -> Iterator[bytes]:
        size = 0
        try:
            for piece in self._unpacked():
                size += len(piece)
                self._limits.check_size(size)
                yield piece
        except httpcore.TimeoutException as error:
            raise OutsideSlow("That server took too long.") from error
        except (httpcore.NetworkError, httpcore.ProtocolError, zlib.error) as error:
            raise OutsideUnreachable("That server broke off in the middle.") from error

    def _unpacked(self) -> Iterator[bytes]:
        pieces: Iterable[bytes] = self._answer.iter_stream()
        if self._encoding in ("", "identity"):
            yield from pieces
        elif self._encoding in PACKED:
            yield from inflated(pieces, PACKED[self._encoding])
        else:
            raise OutsideUnreachable("That server packs its answer in a way we cannot read.")

    def close(self) -> None:
        self._answer.close()


def inflated(pieces: Iterable[bytes], window: int) -> Iterator[bytes]:
    """Unpack, never more than PIECE at a time; zlib.error for what is broken or cut short."""
    packed = zlib.decompressobj(window)
    begun = False
    for piece in pieces:
        begun, waiting = True, piece
        while out := packed.decompress(waiting, PIECE):
            yield out
            waiting = packed.unconsumed_tail
    if begun and not packed.eof:
        raise zlib.error("cut short")
