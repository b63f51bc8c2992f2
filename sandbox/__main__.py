"""``python3 -m sandbox demo | test | lint | run -- CMD | stop``, with nothing but Python installed.

Only the standard library is imported here: the first thing to happen is that ``.venv`` is made from
the lock file, the second that its Python takes over this very process.
"""

import sys

# Before anything is imported: a Python that is too old cannot even read the other modules.
if sys.version_info < (3, 11):  # noqa: UP036
    sys.exit("sandbox: Python 3.11 or newer is needed, this is %s" % sys.version)  # noqa: UP031

from sandbox.bootstrap import BootstrapError, hand_over

if __name__ == "__main__":
    try:
        hand_over(sys.argv[1:])
    except BootstrapError as error:
        sys.exit("sandbox: " + str(error))
    except KeyboardInterrupt:
        sys.exit("\nsandbox: stopped; the next start takes up where this one was")
