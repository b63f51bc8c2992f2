"""The real worker and relay, as programs of a year: leases run out soon, since they are killed.

`celery -A tests.simulation.crew worker`, `python -m tests.simulation.crew` (the relay).
"""

from __future__ import annotations

from workers import job, relay
from workers.app import app

__all__ = ["app"]

relay.LEASE_SECONDS = 3
# As in production the lease outlives the task, only that both are shorter.
job.LEASE_SECONDS, app.conf.task_time_limit = 8, 6

if __name__ == "__main__":
    relay.main()
