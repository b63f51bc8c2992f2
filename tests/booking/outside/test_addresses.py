"""Which network addresses may be asked: those of the open internet, however they are written."""

from __future__ import annotations

from ipaddress import ip_address

import pytest

from webapp.booking.outside.fetch.addresses import is_open

OPEN = [
    "93.184.215.14", "1.1.1.1", "172.15.0.1", "172.32.0.1", "192.167.255.1", "100.128.0.1",
    "2606:4700::1111", "2a00:1450:4001:80b::200e",
    "64:ff9b::101:101",  # 1.1.1.1 from an IPv6-only network
]  # fmt: skip
CLOSED = [
    "0.0.0.0", "127.0.0.1", "127.255.255.254",
    "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "100.64.0.1",  # private networks
    "169.254.169.254", "168.63.129.16", "100.100.100.200", "192.0.0.192",  # metadata of clouds
    "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255",  # multicast, reserved
    "192.0.2.1", "198.51.100.1", "203.0.113.1", "198.18.0.1", "192.88.99.1",  # special
    "::", "::1", "fe80::1", "fe80::1%eth0", "fec0::1", "fc00::1", "fd00:ec2::254", "ff02::1",
    "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:1.1.1.1", "::127.0.0.1",  # IPv4 in IPv6
    "2002:7f00:1::", "2002:a00:1::1",  # 6to4 of 127.0.0.1 and 10.0.0.1
    "2001:0:7f00:1::", "2001:db8::1", "2001:10::1", "100::1", "3fff::1", "5f00::1",
    "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::a00:1",  # NAT64 of what is closed
]  # fmt: skip


@pytest.mark.parametrize("written", OPEN)
def test_the_open_internet_may_be_asked(written: str) -> None:
    assert is_open(ip_address(written))


@pytest.mark.parametrize("written", CLOSED)
def test_nothing_else_may(written: str) -> None:
    assert not is_open(ip_address(written))
