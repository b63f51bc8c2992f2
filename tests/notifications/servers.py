"""Mail servers that misbehave, as real listeners."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from tests.mail import free_port


@dataclass
class Server:
    """recipient and data: replies in place of taking it; silent: the step at which nothing is said;
    cut: the line is cut after the content. Each mail that was taken in is kept."""

    recipient: str = ""
    data: str = ""
    silent: str = ""
    cut: bool = False
    url: str = ""
    taken: list[EmailMessage] = field(default_factory=list)
    raw: list[bytes] = field(default_factory=list)
    envelopes: list[tuple[str | None, list[str]]] = field(default_factory=list)
    connections: int = 0

    async def handle_EHLO(
        self,
        _server: SMTP,
        session: Session,
        _envelope: Envelope,
        hostname: str,
        replies: list[str],
    ) -> list[str]:
        session.host_name = hostname
        self.connections += 1
        return replies

    async def handle_RCPT(
        self,
        _server: SMTP,
        _session: Session,
        envelope: Envelope,
        address: str,
        _options: list[str],
    ) -> str:
        await self.pause("recipient")
        if self.recipient:
            return self.recipient
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, _session: Session, envelope: Envelope) -> str:
        await self.pause("data")
        if self.data:
            return self.data
        content = envelope.original_content or b""
        message = message_from_bytes(content, policy=policy.default)
        assert isinstance(message, EmailMessage)
        self.raw.append(content)
        self.taken.append(message)
        self.envelopes.append((envelope.mail_from, envelope.rcpt_tos))
        if self.cut:
            assert isinstance(server.transport, asyncio.WriteTransport)
            server.transport.abort()
            await asyncio.sleep(60)
        return "250 kept"

    async def pause(self, step: str) -> None:
        if self.silent == step:
            await asyncio.sleep(60)


@contextmanager
def serving(server: Server, **options: object) -> Iterator[Server]:
    """Listening on a port of its own; `url` says where."""
    port = free_port()
    controller = Controller(server, hostname="127.0.0.1", port=port, **options)  # type: ignore[arg-type]
    controller.start()
    server.url = f"smtp://127.0.0.1:{port}?timeout=0.5"
    try:
        yield server
    finally:
        controller.stop()


def only_ada(
    _server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, who: object
) -> AuthResult:
    assert isinstance(who, LoginPassword)
    known = (who.login, who.password) == (b"ada", b"s3cret/+")
    return AuthResult(success=known, handled=False)
