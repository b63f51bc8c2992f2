"""SMTP, as far as the app needs it (RFC 5321), by aiosmtpd."""

import asyncio
import logging
from dataclasses import dataclass

from aiosmtpd.smtp import SMTP, Envelope, Session

from sandbox.mail.store import MailStore
from sandbox.mail.switches import Stage, Switches
from sandbox.ports import LOOPBACK
from webapp import clock

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Sink:
    """The hooks aiosmtpd calls, named as it wants them; each answers with a reply line."""

    store: MailStore

    @property
    def switches(self) -> Switches:
        return Switches.read(self.store.folder)

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        refusal = await self.misbehave("recipient")
        if refusal:
            return refusal
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        refusal = await self.misbehave("data")
        if refusal:
            return refusal
        number = self.keep(envelope)
        if self.switches.mode == "drop":
            await cut(server)
        return f"250 OK, kept as {number}"

    async def misbehave(self, stage: Stage) -> str | None:
        switches = self.switches
        if switches.stage != stage:
            return None
        if switches.mode == "stall":
            await asyncio.sleep(switches.seconds)
        return switches.answer()

    def keep(self, envelope: Envelope) -> int:
        content = envelope.original_content or b""
        number = self.store.add(envelope.mail_from or "", envelope.rcpt_tos, content, clock.now())
        log.info("mail %d for %s", number, ", ".join(envelope.rcpt_tos))
        return number


async def cut(server: SMTP) -> None:
    """Ends the connection without an answer; aiosmtpd cancels us for it while we wait."""
    if isinstance(server.transport, asyncio.WriteTransport):
        server.transport.abort()
    await asyncio.sleep(60)


class Door(SMTP):
    """A connection, which ``refuse`` closes before a word is said."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        handler: Sink = self.event_handler
        if handler.switches.mode == "refuse" and isinstance(transport, asyncio.WriteTransport):
            transport.abort()


async def serve(store: MailStore, port: int) -> None:
    """Takes mail until cancelled."""
    sink = Sink(store)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: Door(sink, hostname="mail.righthand.example", enable_SMTPUTF8=True, loop=loop),
        LOOPBACK,
        port,
    )
    async with server:
        await server.serve_forever()
