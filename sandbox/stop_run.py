"""``make stop``: ends a demo that runs somewhere else."""

import os
import signal
import time

from sandbox.state import State
from sandbox.supervisor import say

PATIENCE = 40


def stop(_: list[str]) -> int:
    """Returns when it has stopped; 1 when it would not."""
    state = State.chosen()
    if not state.is_claimed():
        say("Nothing is running.")
        return 0
    pid, url = state.holder()
    os.kill(pid, signal.SIGTERM)
    say(f"Stopping {url} (pid {pid}) …")
    return 0 if wait_for_end(state) else 1


def wait_for_end(state: State) -> bool:
    deadline = time.monotonic() + PATIENCE
    while state.is_claimed():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)
    return True
