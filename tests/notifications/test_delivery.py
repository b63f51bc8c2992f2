"""Delivery against real mail servers that refuse, stall and break off."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import select

from tests import make
from tests.mail import free_port
from tests.notifications.conftest import due_now, job, now_reads, stored
from tests.notifications.servers import Server
from webapp import clock
from webapp.access import Role
from webapp.audit import AuditEvent
from webapp.db import session, transaction
from webapp.notifications.models import EmailMessage, NotUndecided

Drain = Callable[[], int]


def test_a_mail_arrives_once_and_is_marked_sent(
    email: EmailMessage, server: Server, drain: Drain
) -> None:
    drain()
    assert now_reads(email) == ("sent", "")
    assert email.sent_at is not None and email.sent_at <= clock.now()
    assert server.envelopes == [("hello@righthand.example.com", ["grace@example.com"])]
    assert job().state == "done"
    drain()
    assert len(server.taken) == 1


def test_one_connection_carries_many_mails_and_survives_the_server(
    email: EmailMessage, server: Server, drain: Drain
) -> None:
    for number in range(5):
        stored(about=f"test:{number + 2}", message_id=f"<{number}@righthand.example.com>")
    drain()
    assert (len(server.taken), server.connections) == (6, 1)


def test_a_recipient_refused_for_good_fails_once_and_is_seen(
    email: EmailMessage, server: Server, drain: Drain
) -> None:
    server.recipient = "550 5.1.1 no such user"
    drain()
    assert now_reads(email) == ("failed", "550 5.1.1 no such user")
    assert job().state == "done"
    assert server.taken == []


def test_content_refused_for_good_fails_once(
    email: EmailMessage, server: Server, drain: Drain
) -> None:
    server.data = "554 5.7.1 looks like spam"
    drain()
    assert now_reads(email) == ("failed", "554 5.7.1 looks like spam")


@pytest.mark.parametrize("step", ["recipient", "data"])
def test_a_passing_refusal_is_tried_again(
    email: EmailMessage, server: Server, drain: Drain, step: str
) -> None:
    setattr(server, step, "451 4.3.0 greylisted")
    drain()
    assert now_reads(email) == ("waiting", "451 4.3.0 greylisted")
    assert job().state == "waiting"
    assert (job().run_after - clock.now()).total_seconds() > 20
    setattr(server, step, "")
    due_now()
    drain()
    assert now_reads(email) == ("sent", "")
    assert len(server.taken) == 1


def test_nobody_listening_is_waited_for(
    email: EmailMessage, server: Server, drain: Drain, mail_through: Callable[[str], None]
) -> None:
    mail_through(f"smtp://127.0.0.1:{free_port()}")
    drain()
    state, reason = now_reads(email)
    assert (state, job().state) == ("waiting", "waiting")
    assert "ConnectionRefused" in reason
    mail_through(server.url)
    due_now()
    drain()
    assert now_reads(email)[0] == "sent"


def test_silence_before_the_content_is_waited_out(
    email: EmailMessage, server: Server, drain: Drain
) -> None:
    server.silent = "recipient"
    drain()
    state, reason = now_reads(email)
    assert (state, "TimeoutError" in reason or "timed out" in reason) == ("waiting", True)


def test_silence_after_the_content_leaves_it_uncertain(
    email: EmailMessage, server: Server, drain: Drain
) -> None:
    server.silent = "data"
    drain()
    assert now_reads(email)[0] == "uncertain"
    assert job().state == "done"


def test_a_line_cut_after_the_content_leaves_it_uncertain_and_it_is_not_resent(
    email: EmailMessage, server: Server, drain: Drain
) -> None:
    server.cut = True
    drain()
    assert now_reads(email)[0] == "uncertain"
    server.cut = False
    due_now()
    drain()
    assert len(server.taken) == 1


def test_a_mail_found_half_handed_over_becomes_uncertain(
    email: EmailMessage, server: Server, drain: Drain
) -> None:
    with transaction():
        EmailMessage.advance(email.id, "waiting", state="handing_over")
    drain()
    state, reason = now_reads(email)
    assert state == "uncertain"
    assert "nobody lived" in reason
    assert server.taken == []


def test_a_server_that_shuts_down_is_waited_for(
    email: EmailMessage, server: Server, drain: Drain
) -> None:
    server.recipient = "421 4.3.2 shutting down"
    drain()
    assert now_reads(email)[0] == "waiting"
    server.recipient = ""
    due_now()
    drain()
    assert now_reads(email)[0] == "sent"


def test_a_line_break_in_a_header_is_refused(app: Flask, server: Server, drain: Drain) -> None:
    hostile = stored(recipient_name="Grace\r\nBcc: everyone@example.com")
    drain()
    state, reason = now_reads(hostile)
    assert (state, reason.startswith("cannot be written")) == ("failed", True)


def test_an_address_that_is_none_is_refused(app: Flask, drain: Drain) -> None:
    assert not drain()
    broken = stored(recipient="grace@@example..com")
    drain()
    assert now_reads(broken)[0] == "failed"


def test_a_coordinator_sends_an_uncertain_mail_again(
    email: EmailMessage, server: Server, drain: Drain
) -> None:
    with transaction():
        EmailMessage.advance(email.id, "waiting", state="uncertain")
    drain()
    coordinator = make.person(Role.COORDINATOR)
    with transaction():
        email.send_again(coordinator)
    assert now_reads(email)[0] == "waiting"
    drain()
    assert now_reads(email)[0] == "sent"
    assert len(server.taken) == 1
    event = session.scalars(select(AuditEvent).filter_by(action="email.sent_again")).one()
    assert event.subject == f"email:{email.id}"
    assert (event.detail["was"], event.detail["by"]) == ("uncertain", str(coordinator.id))


def test_a_coordinator_found_out_that_it_arrived(email: EmailMessage, drain: Drain) -> None:
    with transaction():
        EmailMessage.advance(email.id, "waiting", state="uncertain")
        email.mark_sent(make.person(Role.COORDINATOR))
    assert now_reads(email)[0] == "sent"


def test_what_was_sent_is_nobodys_decision(
    email: EmailMessage, server: Server, drain: Drain
) -> None:
    drain()
    coordinator = make.person(Role.COORDINATOR)
    for decide in (email.send_again, email.mark_sent):
        with pytest.raises(NotUndecided):
            decide(coordinator)
    drain()
    assert len(server.taken) == 1
