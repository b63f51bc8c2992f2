"""A server that plays tricks, and how it is asked."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from typing import Any

import pytest

from tests.booking.outside.servers import CalendarServer, listening
from webapp.booking.outside.fetch.fetching import Errand

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
