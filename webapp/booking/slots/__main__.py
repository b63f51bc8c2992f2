"""`python -m webapp.booking.slots < case.json` prints the case's slots as JSON.

A malformed case gives a message on standard error and exit status 2.
"""

import json
import sys

from .case import answer


def main() -> int:
    try:
        found = answer(sys.stdin.buffer.read())
    except ValueError as error:
        sys.stderr.write(f"slots: {error}\n")
        return 2
    sys.stdout.write(json.dumps(found) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
