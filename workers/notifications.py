"""Mail: delivery of stored e-mails."""

from __future__ import annotations

import uuid

from webapp.notifications.delivery import deliver
from workers.job import task


@task("notifications.deliver_email")
def deliver_email(email_id: str) -> None:
    deliver(uuid.UUID(email_id))
