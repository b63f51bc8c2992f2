"""The mails of the accounts room."""

from __future__ import annotations

import uuid

from webapp.accounts.models import Person, SignInLink
from webapp.db import session
from webapp.notifications.sending import send_email

LINK_DAYS = 1


def send_sign_in_link(email: str) -> None:
    """To the person of that address, if there is one; strangers get nothing and learn nothing."""
    person = Person.with_email(email)
    if person is None or not person.active:
        return
    token = SignInLink.issue(person, LINK_DAYS)
    send_email("sign_in_link", person, person, occurrence=str(uuid.uuid4()), token=token)


def tell_password_changed(person_id: uuid.UUID, at: str) -> None:
    person = session.get_one(Person, person_id)
    send_email("password_changed", person, person, occurrence=at)
