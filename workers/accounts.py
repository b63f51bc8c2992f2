"""Accounts: sign-in links, what a person must hear about their account, what has lapsed."""

from __future__ import annotations

import uuid

from webapp.accounts import mails, upkeep
from workers.job import task
from workers.plan import planner


@task("accounts.send_sign_in_link")
def send_sign_in_link(email: str) -> None:
    mails.send_sign_in_link(email)


@task("accounts.tell_password_changed")
def tell_password_changed(person_id: str, at: str) -> None:
    mails.tell_password_changed(uuid.UUID(person_id), at)


planner("accounts.sweep")(upkeep.sweep)
