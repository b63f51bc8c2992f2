"""What goes over the wire: structure, characters, calendars."""

from __future__ import annotations

import base64
import quopri
import re
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.header import decode_header, make_header
from email.message import EmailMessage as Message

import pytest

from webapp.notifications.letter import Letter, Unwritable
from webapp.notifications.models import EmailAttachment, EmailMessage

FROM = "Righthand <hello@righthand.example.com>"
CALENDAR = "BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nSUMMARY:Prüfung\r\nEND:VCALENDAR\r\n"


def mail(*attachments: EmailAttachment, **values: object) -> EmailMessage:
    defaults = {
        "recipient": "grace@example.com", "recipient_name": "Grace", "subject": "Your kick-off",
        "message_id": "<fixed@righthand.example.com>",
        "text": "Good day\n", "html": "<p>Good day</p>",
        "created_at": datetime(2026, 12, 3, 10, 0, tzinfo=UTC),
    }  # fmt: skip
    return EmailMessage(**(defaults | values), attachments=list(attachments))


def invitation(content_type: str = "text/calendar; method=REQUEST") -> EmailAttachment:
    return EmailAttachment(
        filename="invite.ics", content_type=content_type, content=CALENDAR.encode()
    )


def written(email: EmailMessage, sender: str = FROM) -> Message:
    message = message_from_bytes(Letter.of(email, sender).content, policy=policy.default)
    assert isinstance(message, Message)
    return message


def outline(message: Message) -> object:
    kind = message.get_content_type()
    if not message.is_multipart():
        return kind
    return (kind, [outline(part) for part in message.iter_parts()])


def test_headers() -> None:
    message = written(mail())
    assert dict(message.items()) == {
        "From": "Righthand <hello@righthand.example.com>",
        "To": "Grace <grace@example.com>",
        "Subject": "Your kick-off",
        "Date": "Thu, 03 Dec 2026 10:00:00 +0000",
        "Message-ID": "<fixed@righthand.example.com>",
        "Auto-Submitted": "auto-generated",
        "MIME-Version": "1.0",
        "Content-Type": message["Content-Type"],
    }


def test_text_comes_before_html() -> None:
    message = written(mail())
    assert outline(message) == ("multipart/alternative", ["text/plain", "text/html"])


def test_an_invitation_is_an_alternative_and_a_file() -> None:
    message = written(mail(invitation()))
    assert outline(message) == (
        "multipart/mixed",
        [
            ("multipart/alternative", ["text/plain", "text/html", "text/calendar"]),
            "application/ics",
        ],
    )
    alternative, file = message.iter_parts()
    calendar = list(alternative.iter_parts())[-1]
    assert calendar["Content-Type"].params["method"] == "REQUEST"
    assert calendar["Content-Type"].params["charset"] == "utf-8"
    assert calendar.get_content().splitlines() == CALENDAR.splitlines()
    assert file.get_filename() == file["Content-Type"].params["name"] == "invite.ics"
    assert file.get_content_disposition() == "attachment"
    assert file.get_content() == CALENDAR.encode()


def test_the_invitation_is_the_last_and_richest_form_of_the_text() -> None:
    """Readers of multipart/alternative take the last part they understand (RFC 2046, 5.1.4)."""
    alternative = next(iter(written(mail(invitation())).iter_parts()))
    *_, calendar = alternative.iter_parts()
    assert calendar.get_content_type() == "text/calendar"
    assert calendar.get_content_disposition() is None
    decoded = calendar.get_payload(decode=True)
    assert decoded == CALENDAR.encode()


def test_a_calendar_without_a_method_is_only_a_file() -> None:
    message = written(mail(invitation("text/calendar")))
    assert outline(message) == (
        "multipart/mixed",
        [("multipart/alternative", ["text/plain", "text/html"]), "text/calendar"],
    )


def test_a_document_is_a_file() -> None:
    agreement = EmailAttachment(
        filename="Vereinbarung März.pdf", content_type="application/pdf", content=b"%PDF\x00\xff"
    )
    [_, file] = written(mail(agreement)).iter_parts()
    assert (file.get_filename(), file.get_content()) == ("Vereinbarung März.pdf", b"%PDF\x00\xff")


def test_any_language_passes_a_server_that_knows_seven_bits() -> None:
    email = mail(
        invitation(),
        subject="Prüfung – 経営会議",
        recipient_name="Zoë Ångström",
        text="Tschüß\n.\n..ende\n" + "a" * 2000 + "\n",
        html="<p>Tschüß</p>",
    )
    content = Letter.of(email, FROM).content
    assert content.isascii()
    assert max(len(line) for line in content.splitlines()) <= 998
    message = written(email)
    assert message["Subject"] == "Prüfung – 経営会議"
    assert message["To"].addresses[0].display_name == "Zoë Ångström"
    body = message.get_body(("plain",))
    assert body is not None and body.get_content().replace("\r\n", "\n") == email.text


SUBJECTS = [
    "Moved: Monthly review with Ada Stone, now Fri 4 December 2026, 10:00 (New York, UTC−5)",
    "Moved: Monthly review with Ada Stone and Benjamin Whitfield, now Fri 4 December 2026, 10:00",
    "Ada Stone and Benjamin Whitfield meet you instead of Zoë, Wed 2 December (New York, UTC−3:30)",
    "経営会議" * 30,
    "Did not take place: =?utf-8?q?a=0D=0ABcc:_all?= and others " * 2,
    "Short",
    "a" * 190,
]


def subject_of(content: bytes) -> list[str]:
    """The lines of the header as they go over the wire, without its name."""
    [header] = re.findall(rb"^(Subject:(?:.*\r\n)(?:[ \t].*\r\n)*)", content, re.M)
    return str(header, "ascii").removeprefix("Subject:").split("\r\n")[:-1]


def by_hand(lines: list[str]) -> str:
    """RFC 2047: white space between two encoded words is not shown, any other is."""
    word = re.compile(r"=\?utf-8\?([bq])\?([^?\s]*)\?=", re.I)

    def decoded(found: re.Match[str]) -> str:
        if found[1].lower() == "b":
            return base64.b64decode(found[2]).decode()
        return quopri.decodestring(found[2].replace("_", "=20")).decode()

    joined = re.sub(r"(\?=)\s+(?==\?)", r"\1", "".join(lines).strip())
    return word.sub(decoded, joined)


@pytest.mark.parametrize("recipient", ["grace@example.com", "zoë@example.com"])
@pytest.mark.parametrize("subject", SUBJECTS)
def test_a_subject_is_read_as_it_was_written(subject: str, recipient: str) -> None:
    content = Letter.of(mail(subject=subject, recipient=recipient), FROM).content
    lines = subject_of(content)
    assert lines[0].strip(), "the first line has nothing after the name"
    expected = " ".join(subject.split())
    assert by_hand(lines) == expected
    assert message_from_bytes(content, policy=policy.default)["Subject"] == expected
    classic = message_from_bytes(content)["Subject"]
    assert str(make_header(decode_header(classic))).replace("\r\n", "") == expected
    assert all(len(line) <= 78 for line in lines) or " " not in subject


def test_the_message_id_stays_in_one_piece() -> None:
    long = f"<{'a' * 40}@{'subdomain.' * 12}example.com>"
    content = Letter.of(mail(message_id=long), FROM).content.decode()
    assert long in content


def test_the_same_mail_has_the_same_headers() -> None:
    def headers() -> list[tuple[str, str]]:
        message = written(mail())
        return [pair for pair in message.items() if pair[0] != "Content-Type"]

    assert headers() == headers()


def test_an_address_beyond_ascii_asks_for_smtputf8() -> None:
    assert not Letter.of(mail(), FROM).utf8
    letter = Letter.of(mail(recipient="zoë@example.com"), FROM)
    assert letter.utf8
    assert "zoë@example.com".encode() in letter.content


@pytest.mark.parametrize(
    "values",
    [
        {"subject": "Hello\r\nBcc: everyone@example.com"},
        {"recipient": "grace@example.com\r\nRCPT TO:<everyone@example.com>"},
        {"recipient_name": "Grace\nBcc: everyone@example.com"},
        {"message_id": "<a@b>\r\nBcc: everyone@example.com"},
        {"recipient": "nobody"},
        {"recipient": ""},
    ],
)
def test_what_would_be_another_header_is_refused(values: dict[str, object]) -> None:
    with pytest.raises(Unwritable):
        Letter.of(mail(**values), FROM)
