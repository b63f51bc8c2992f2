"""The mail server of a year: tens of thousands of mails are counted rather than kept."""

from __future__ import annotations

from collections import Counter
from email.parser import BytesHeaderParser

from aiosmtpd.smtp import SMTP, Envelope, Session

from tests.mail import Mailbox


class Postbox(Mailbox):
    """arrived: how often each mail did, by its Message-ID."""

    def __init__(self) -> None:
        super().__init__()
        self.arrived: Counter[str] = Counter()

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:
        head = BytesHeaderParser().parsebytes(envelope.original_content or b"")
        self.arrived[str(head["Message-ID"]).strip()] += 1
        return "250 kept"
