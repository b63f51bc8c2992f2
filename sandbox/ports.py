"""TCP ports on the loopback interface."""

import socket
from urllib.request import ProxyHandler, build_opener

LOOPBACK = "127.0.0.1"
# A proxy named in the environment has no business here.
DIRECT = build_opener(ProxyHandler({}))


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def free_port() -> int:
    """A port nobody listens on, from the system's own range."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        port: int = probe.getsockname()[1]
        return port


def free_near(first: int, tries: int = 50) -> int:
    """The first free port from ``first`` on, so that an address stays easy to remember."""
    nearby = (port for port in range(first, first + tries) if is_free(port))
    return next(nearby, None) or free_port()


def answers(port: int) -> bool:
    """Whether something accepts connections on ``port``."""
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex((LOOPBACK, port)) == 0
