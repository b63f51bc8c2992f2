"""`python -m tests.notifications.killed EMAIL_ID MOMENT`: deliver and die on the way.

MOMENT: 'before' the content is sent, or 'after' the server has taken it; dying is SIGKILL.
"""

from __future__ import annotations

import os
import signal
import sys
import uuid

from webapp.notifications.delivery import deliver
from webapp.notifications.letter import Letter
from webapp.notifications.smtp import Answer, Line
from workers.app import flask_app

hand_over = Line.hand_over


def die_handing_over(line: Line, letter: Letter) -> Answer:
    if sys.argv[2] == "after":
        assert hand_over(line, letter).verdict == "taken"
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError("still alive")


def main() -> None:
    Line.hand_over = die_handing_over  # type: ignore[method-assign]
    with flask_app.app_context():
        deliver(uuid.UUID(sys.argv[1]))


if __name__ == "__main__":
    main()
