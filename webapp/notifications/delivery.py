"""Delivering a stored mail, effectively once.

MAIL and RCPT, commit `handing_over`, DATA, commit the answer. Who dies after the first commit
leaves a mail of which nobody knows whether it arrived: it becomes `uncertain`, a person decides.
SMTP cannot promise more.
"""

from __future__ import annotations

import uuid

import structlog
from flask import current_app
from sqlalchemy.orm import joinedload

from webapp import clock
from webapp.db import attempt, session
from webapp.notifications.letter import Letter, Unwritable
from webapp.notifications.models import EmailMessage
from webapp.notifications.smtp import Answer, Line
from webapp.outbox import RetryLater

RETRY_SECONDS = 30
UNHEARD = "Handed over, but nobody lived to hear the answer: it may have arrived or not."
log = structlog.get_logger()


def deliver(email_id: uuid.UUID) -> None:
    """Hand a waiting mail to the mail server; raises RetryLater while that takes none.

    One that is found being handed over was left by a process that died.
    """
    whole = joinedload(EmailMessage.attachments)
    email = session.get_one(EmailMessage, email_id, options=[whole])
    if email.state == "handing_over":
        EmailMessage.advance(email_id, "handing_over", state="uncertain", last_error=UNHEARD)
        log.warning("email.uncertain", email=str(email_id))
    elif email.state == "waiting":
        _deliver(email)


def _deliver(email: EmailMessage) -> None:
    settings, email_id = current_app.config["SETTINGS"], email.id
    try:
        letter = Letter.of(email, settings.mail_from)
    except Unwritable as error:
        EmailMessage.advance(email_id, "waiting", state="failed", last_error=str(error))
        return
    line = Line.of_this_thread(settings.smtp_url)
    answer = attempt(lambda: line.announce(letter), lambda heard: _announced(email_id, heard))
    if answer.verdict == "taken":
        answer = attempt(lambda: line.hand_over(letter), lambda heard: _answered(email_id, heard))
    if answer.verdict == "later":
        raise RetryLater(answer.reason, RETRY_SECONDS)


def _announced(email_id: uuid.UUID, answer: Answer) -> Answer:
    """Only who moved the mail to `handing_over` goes on; another delivery of it stops here."""
    if answer.verdict != "taken":
        return _note(email_id, answer, "waiting")
    if EmailMessage.advance(email_id, "waiting", state="handing_over"):
        return answer
    return Answer("refused", "another delivery was faster")


def _answered(email_id: uuid.UUID, answer: Answer) -> Answer:
    if answer.verdict == "taken":
        sent = {"state": "sent", "sent_at": clock.now(), "last_error": ""}
        EmailMessage.advance(email_id, "handing_over", "uncertain", **sent)
        return answer
    return _note(email_id, answer, "handing_over")


def _note(email_id: uuid.UUID, answer: Answer, before: str) -> Answer:
    states = {"later": "waiting", "refused": "failed", "unknown": "uncertain"}
    state = states[answer.verdict]
    EmailMessage.advance(email_id, before, state=state, last_error=answer.reason[:2000])
    if state != "waiting":
        log.warning(f"email.{state}", email=str(email_id), reason=answer.reason)
    return answer
