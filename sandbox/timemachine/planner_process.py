"""Plans once for each line read; ends with its input, so never outlives who started it."""

import os
import sys

from workers.app import flask_app
from workers.plan import everything


def main() -> None:
    """Answers on the original standard output; whatever else is printed goes to the log."""
    with os.fdopen(os.dup(1), "w") as answers, flask_app.app_context():
        os.dup2(2, 1)
        for _ in sys.stdin:
            everything()
            print("planned", file=answers, flush=True)


if __name__ == "__main__":
    main()
