"""send_email: render a mail now, store it once, and let a job deliver it."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from email.utils import parseaddr
from typing import Any, Protocol

from flask import current_app, render_template
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from webapp import clock, outbox
from webapp.config import Settings
from webapp.db import session
from webapp.notifications.models import EmailAttachment, EmailMessage


class Recipient(Protocol):
    """Whoever a mail is addressed to; a Person is one."""

    @property
    def name(self) -> str: ...
    @property
    def email(self) -> str: ...
    @property
    def time_zone(self) -> str: ...


@dataclass(frozen=True)
class Attachment:
    """content_type may carry parameters, such as 'text/calendar; method=REQUEST'."""

    filename: str
    content_type: str
    content: bytes


def send_email(
    kind: str,
    to: Recipient,
    about: object,
    occurrence: str = "",
    attachments: Iterable[Attachment] = (),
    **context: Any,
) -> bool:
    """Store the mail `kind` about a fact for one recipient, once; True when it is new.

    Renders email/<kind>/{subject.txt,body.txt,body.html} with `to`, `zone` (the reader's) and the
    context. about: a mapped object, or '<table>:<id>'. occurrence: which time, when the same kind
    about the same fact may recur ('2027-01', a start time …).
    """
    identity = (kind, _name(about), occurrence, to.email.lower())
    if _stored(identity):
        return False
    email_id = _store(identity, to, _rendered(kind, to, context))
    if email_id is None:
        return False
    for part in attachments:
        session.add(EmailAttachment(email_id=email_id, **vars(part)))
    outbox.enqueue("notifications.deliver_email", email_id)
    return True


def _stored(identity: tuple[str, str, str, str]) -> bool:
    kind, about, occurrence, recipient = identity
    same = select(EmailMessage.id).filter_by(
        kind=kind, about=about, occurrence=occurrence, recipient=recipient
    )
    return session.scalar(same) is not None


def _store(
    identity: tuple[str, str, str, str], to: Recipient, parts: dict[str, str]
) -> uuid.UUID | None:
    kind, about, occurrence, recipient = identity
    row = insert(EmailMessage).values(
        kind=kind, about=about, occurrence=occurrence, recipient=recipient,
        recipient_name=_folded(to.name), message_id=message_id(identity), state="waiting",
        created_at=clock.now(), last_error="", **parts,
    )  # fmt: skip
    return session.scalar(row.on_conflict_do_nothing().returning(EmailMessage.id))


def _rendered(kind: str, to: Recipient, context: dict[str, Any]) -> dict[str, str]:
    values = {"to": to, "zone": to.time_zone, **context}
    subject = _folded(render_template(f"email/{kind}/subject.txt", **values))
    values["subject"] = subject
    return {
        "subject": subject[:200],
        "text": render_template(f"email/{kind}/body.txt", **values).strip() + "\n",
        "html": render_template(f"email/{kind}/body.html", **values),
    }


def _folded(text: str) -> str:
    """On one line, as a mail header must be: a name with a line break would stop the mail."""
    return " ".join(text.split())


def message_id(identity: tuple[str, ...]) -> str:
    """Stable: the same mail has the same Message-ID however often it is handed over."""
    settings: Settings = current_app.config["SETTINGS"]
    domain = parseaddr(settings.mail_from)[1].partition("@")[2] or "localhost"
    digest = hashlib.sha256("\n".join(identity).encode()).hexdigest()[:40]
    return f"<{digest}@{domain}>"


def _name(about: object) -> str:
    if isinstance(about, str):
        return about
    return f"{getattr(about, '__tablename__', '')}:{getattr(about, 'id', '')}"
