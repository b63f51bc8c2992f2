"""TCP ports on the loopback interface."""

import contextlib
import random
import socket
from urllib.request import ProxyHandler, build_opener

LOOPBACK = "127.0.0.1"
# A proxy named in the environment has no business here.
DIRECT = build_opener(ProxyHandler({}))


def free_port() -> int:
    """A port nobody listens on. Below those that the system hands out for outgoing connections
    (ip(7): from 32768), one of which could take it before it is listened on."""
    candidates = (random.randrange(20_000, 32_000) for _ in range(1000))
    return next(port for port in candidates if is_free(port))


def is_free(port: int) -> bool:
    try:
        listen(port).close()
    except OSError:
        return False
    return True


def listen(port: int) -> socket.socket:
    """A listening socket; raises OSError where the port cannot be had."""
    return socket.create_server((LOOPBACK, port))


def listen_near(first: int) -> socket.socket:
    """At ``first`` or soon after, so that an address stays easy to remember."""
    for port in range(first, first + 100):
        with contextlib.suppress(OSError):
            return listen(port)
    return listen(0)


def answers(port: int) -> bool:
    """Whether something accepts connections on ``port``."""
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex((LOOPBACK, port)) == 0
