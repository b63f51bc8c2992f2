"""The commands, once ``.venv`` is there."""

import sys

from sandbox.demo_run import demo
from sandbox.programs import PortTaken
from sandbox.state import AlreadyRunning
from sandbox.stop_run import stop
from sandbox.supervisor import ProgramFailed, StopRequested, say
from sandbox.test_run import lint, run, test

COMMANDS = {
    "demo": (demo, "everything, with demo data, until Ctrl-C"),
    "stop": (stop, "ends a running demo"),
    "test": (test, "all checks and tests; with pytest's arguments only those tests"),
    "lint": (lint, "the checks alone"),
    "run": (run, "-- CMD: CMD with PostgreSQL and Valkey up and the settings exported"),
}


def main(arguments: list[str]) -> int:
    """Returns the exit code."""
    if not arguments or arguments[0] not in COMMANDS:
        say(usage())
        return 2
    try:
        return COMMANDS[arguments[0]][0](arguments[1:])
    except AlreadyRunning as running:
        say(f"{running}. Stop it with Ctrl-C there, or: make stop")
        return 1
    except (ProgramFailed, PortTaken) as failure:
        say(str(failure))
        return 1
    except StopRequested:
        return 130


def usage() -> str:
    lines = (f"  {name:<6} {text}" for name, (_, text) in COMMANDS.items())
    return "python3 -m sandbox COMMAND\n" + "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
