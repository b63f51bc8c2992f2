"""Which network addresses may be asked for a calendar: those of the open internet, no others.

A consultant types the address, so our server must not become their way into the firm's network,
the machine itself, or what a cloud offers its machines (server-side request forgery).
"""

from __future__ import annotations

import queue
import socket
import threading
from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

from webapp.booking.outside.provider import OutsideRefused, OutsideUnreachable

IPAddress = IPv4Address | IPv6Address

# https://www.iana.org/assignments/ipv6-address-space: all that is routed today lies in 2000::/3.
GLOBAL_UNICAST = IPv6Network("2000::/3")
# RFC 6052: an IPv6-only network reaches IPv4 hosts under this prefix, so the inner one counts.
NAT64 = IPv6Network("64:ff9b::/96")
SPECIAL_6 = (
    # Tunnels carry an IPv4 address of anybody's choice: Teredo (RFC 4380), 6to4 (RFC 3056).
    IPv6Network("2001::/23"),
    IPv6Network("2002::/16"),
    IPv6Network("3fff::/20"),  # for documentation (RFC 9637)
)
SPECIAL_4 = (
    IPv4Network("192.88.99.0/24"),  # 6to4 relays
    IPv4Network("168.63.129.16/32"),  # a public address at which Azure answers its machines
    IPv4Network("192.0.0.0/24"),  # IETF protocols; a metadata service among them
)


def is_open(address: IPAddress) -> bool:
    """Whether an address is somebody's on the open internet."""
    if isinstance(address, IPv6Address):
        return _is_open_6(address)
    usable = address.is_global and not (address.is_multicast or address.is_reserved)
    return usable and not any(address in network for network in SPECIAL_4)


def _is_open_6(address: IPv6Address) -> bool:
    if address in NAT64:
        return is_open(IPv4Address(address.packed[-4:]))
    if address not in GLOBAL_UNICAST or any(address in network for network in SPECIAL_6):
        return False
    return address.is_global


def resolve(host: str, port: int, seconds: float) -> list[IPAddress]:
    """The addresses of a name, as the system resolves it, within so many seconds.

    The resolver itself cannot be told to hurry, so it is left behind in a thread of its own.
    """
    found: queue.SimpleQueue[list[IPAddress] | Exception] = queue.SimpleQueue()
    threading.Thread(target=_look_up, args=(host, port, found), daemon=True).start()
    try:
        answer = found.get(timeout=max(0.0, seconds))
    except queue.Empty:
        raise OutsideUnreachable(
            "The name of that server could not be looked up in time."
        ) from None
    if isinstance(answer, Exception):
        raise OutsideUnreachable("No server has that name just now.") from answer
    return answer


def _look_up(host: str, port: int, found: queue.SimpleQueue[list[IPAddress] | Exception]) -> None:
    try:
        rows = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        found.put(_distinct(ip_address(row[4][0]) for row in rows))
    except (OSError, ValueError) as error:
        found.put(error)


def _distinct(addresses: Iterable[IPAddress]) -> list[IPAddress]:
    return list(dict.fromkeys(addresses))


def only_open(addresses: Iterable[IPAddress]) -> list[IPAddress]:
    """Those that may be asked; OutsideRefused where none may."""
    found = [address for address in addresses if is_open(address)]
    if not found:
        raise OutsideRefused("That server is inside a private network, where we do not look.")
    return found
