"""A kept message, taken apart for reading."""

from collections.abc import Iterator
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage


@dataclass(frozen=True)
class Attachment:
    """``number`` counts the message's attachments from 0; calendar parts are among them."""

    number: int
    name: str
    content_type: str
    content: bytes

    @property
    def is_calendar(self) -> bool:
        return self.content_type == "text/calendar"

    @property
    def text(self) -> str:
        return self.content.decode(errors="replace")


@dataclass(frozen=True)
class Letter:
    """Its headers, its two bodies ("" where there is none) and its attachments."""

    headers: list[tuple[str, str]]
    text: str
    html: str
    attachments: list[Attachment]

    @classmethod
    def parse(cls, raw: bytes) -> "Letter":
        message = message_from_bytes(raw, _class=EmailMessage, policy=policy.default)
        return cls(
            headers=[(name, str(value)) for name, value in message.items()],
            text=body(message, "plain"),
            html=body(message, "html"),
            attachments=list(attachments(message)),
        )


def body(message: EmailMessage, kind: str) -> str:
    part = message.get_body(preferencelist=(kind,))
    return str(part.get_content()) if part else ""


def attachments(message: EmailMessage) -> Iterator[Attachment]:
    """Parts with a file name, and calendar parts, which invitations carry as an alternative."""
    found = (part for part in message.walk() if not part.is_multipart())
    wanted = (p for p in found if p.get_filename() or p.get_content_type() == "text/calendar")
    for number, part in enumerate(wanted):
        name = part.get_filename() or f"invitation-{number}.ics"
        content = part.get_payload(decode=True)
        yield Attachment(number, name, part.get_content_type(), bytes(content or b""))
