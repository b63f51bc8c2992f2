"""A stored mail as a message that goes over the wire (RFC 5322, MIME, iMIP)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from email.errors import MessageError
from email.header import Header
from email.headerregistry import Address
from email.message import EmailMessage as Message
from email.policy import SMTP, EmailPolicy
from email.utils import parseaddr
from typing import TYPE_CHECKING

from webapp.notifications.models import EmailAttachment, EmailMessage

# RFC 2047, section 2: a line with an encoded word, its line break left out.
LONGEST_LINE = 76
# A longer one would not fit beside the header's name.
LONGEST_WORD = 60


def subject_header(text: str) -> str:
    """A subject as one header, folded (RFC 5322, RFC 2047), ending in a line break.

    Text beyond ASCII goes into encoded words as a whole: the library's own folding encodes single
    words and loses or doubles the spaces between them. Its first line is never left empty.
    """
    line = " ".join(text.split())
    foldable = max(map(len, line.split()), default=0) <= LONGEST_WORD
    plain = line.isascii() and foldable and "=?" not in line
    header = Header(line, "us-ascii" if plain else "utf-8", LONGEST_LINE, "Subject")
    folded = header.encode(splitchars=" ", maxlinelen=LONGEST_LINE, linesep="\r\n")
    return f"Subject: {folded}\r\n"


if TYPE_CHECKING:
    LibraryPolicy = EmailPolicy[Message]
else:
    LibraryPolicy = EmailPolicy


class LetterPolicy(LibraryPolicy):
    """As the library writes headers, but for the subject."""

    def header_store_parse(self, name: str, value: str) -> tuple[str, str]:
        """Kept as it is: what looks like an encoded word in our own text is no such thing."""
        parsed = super().header_store_parse(name, value)
        return (name, value) if name == "Subject" else parsed

    def fold(self, name: str, value: str) -> str:
        return subject_header(value) if name == "Subject" else super().fold(name, value)

    def fold_binary(self, name: str, value: str) -> bytes:
        if name == "Subject":
            return subject_header(value).encode("ascii")
        return super().fold_binary(name, value)


# Seven bits pass through every server; a Message-ID that is folded is not found again by some.
SEVEN_BITS = LetterPolicy(linesep=SMTP.linesep, cte_type="7bit")
ALSO_UTF8 = LetterPolicy(linesep=SMTP.linesep, utf8=True)


class Unwritable(ValueError):
    """Nothing that could be sent: a line break in a header, an address that is none."""


@dataclass(frozen=True)
class Letter:
    """sender and recipient are the envelope's; utf8: an address needs SMTPUTF8 (RFC 6531)."""

    sender: str
    recipient: str
    content: bytes
    utf8: bool

    @classmethod
    def of(cls, email: EmailMessage, mail_from: str) -> Letter:
        """The same mail gives the same headers however often it is written; raises Unwritable."""
        sender = parseaddr(mail_from)[1]
        utf8 = not (sender + email.recipient).isascii()
        try:
            message = _message(email, mail_from, ALSO_UTF8 if utf8 else SEVEN_BITS)
            return cls(sender, email.recipient, message.as_bytes(), utf8)
        except (ValueError, IndexError, MessageError) as error:
            raise Unwritable(f"cannot be written: {error}") from error


def _message(email: EmailMessage, mail_from: str, policy: EmailPolicy[Message]) -> Message:
    name, address = parseaddr(mail_from)
    message = Message(policy=policy)
    message["From"] = Address(name, addr_spec=address)
    message["To"] = _address(email.recipient_name, email.recipient)
    message["Subject"] = email.subject
    message["Date"] = email.created_at
    message["Message-ID"] = email.message_id
    # RFC 3834: nobody's absence notice answers it.
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(email.text)
    message.add_alternative(email.html, subtype="html")
    _attach(message, email.attachments)
    return message


def _address(name: str, address: str) -> Address:
    """The library reads no address beyond ASCII, but writes one that comes in two parts."""
    if address.isascii():
        return Address(name, addr_spec=address)
    user, _, domain = address.rpartition("@")
    return Address(name, user, domain)


def _attach(message: Message, parts: Iterable[EmailAttachment]) -> None:
    """Ordinary files; an invitation (a calendar with a method) also as a form of the text itself.

    Mail programs read invitations from the alternative (RFC 6047 section 2.4); some show only the
    file, and would take a second text/calendar for another invitation.
    """
    files = [(part, *_content_type(part)) for part in parts]
    for part, _, method in files:
        if method:
            calendar = part.content.decode()
            message.add_alternative(calendar, subtype="calendar", params={"method": method})
    for part, kind, method in files:
        maintype, _, subtype = ("application/ics" if method else kind).partition("/")
        # Some programs look for a file's name among the parameters of its type.
        name = {"name": part.filename} if method else {}
        message.add_attachment(
            part.content, maintype=maintype, subtype=subtype, filename=part.filename, params=name
        )


def _content_type(part: EmailAttachment) -> tuple[str, str]:
    """'text/calendar; method=REQUEST' as ('text/calendar', 'REQUEST'); '' where there is none."""
    header = Message()
    header["Content-Type"] = part.content_type
    kind = header.get_content_type()
    method = header.get_param("method", "") if kind == "text/calendar" else ""
    return kind, str(method)
