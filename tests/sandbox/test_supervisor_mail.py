"""The mail sink: keeps what it gets, shows it, and misbehaves as it is told."""

import smtplib
import subprocess
import sys
import time
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path

import pytest

from sandbox.bootstrap import ROOT
from sandbox.mail.letter import Letter
from sandbox.mail.store import MailStore
from sandbox.mail.switches import BadSwitch, Switches
from sandbox.ports import LOOPBACK, answers, free_port
from tests.sandbox.supervised import eventually


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> int:
    return free_port()


@pytest.fixture(scope="module")
def store(port: int, tmp_path_factory: pytest.TempPathFactory) -> Iterator[MailStore]:
    """A running sink's."""
    folder = tmp_path_factory.mktemp("mail")
    words = [sys.executable, "-m", "sandbox.mail", "--port", str(port), "--state", str(folder)]
    process = subprocess.Popen(words, cwd=ROOT)
    assert eventually(lambda: answers(port))
    yield MailStore(folder)
    process.terminate()
    assert process.wait(10) == 0


@pytest.fixture(autouse=True)
def _behave(store: MailStore) -> Iterator[None]:
    yield
    Switches().write(store.folder)


def letter(subject: str = "Grüße", message_id: str = "<1@righthand.example>") -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"] = "hello@righthand.example", "Zoë <Zoe@Acme.example>"
    message["Subject"], message["Message-ID"] = subject, message_id
    message.set_content("Dear Zoë,\n.\nuntil Thursday")
    message.add_alternative("<p>Dear Zoë</p>", subtype="html")
    message.add_attachment(
        b"BEGIN:VCALENDAR", maintype="text", subtype="calendar", filename="kick-off.ics"
    )
    return message


def send(port: int, message: EmailMessage, timeout: float = 5) -> None:
    with smtplib.SMTP(LOOPBACK, port, timeout=timeout) as client:
        client.send_message(message)


def test_a_mail_is_kept_as_it_came_and_can_be_taken_apart(port: int, store: MailStore) -> None:
    send(port, letter())
    mail = store.all()[0]
    assert mail.subject == "Grüße"
    assert mail.recipients == ["zoe@acme.example"]
    assert mail.message_id == "<1@righthand.example>"

    found = Letter.parse(store.raw(mail.id))
    assert found.text.splitlines() == ["Dear Zoë,", ".", "until Thursday"]
    assert found.html.strip() == "<p>Dear Zoë</p>"
    (attachment,) = found.attachments
    assert (attachment.name, attachment.text) == ("kick-off.ics", "BEGIN:VCALENDAR")
    assert attachment.is_calendar


def test_mails_are_found_by_part_of_an_address_newest_first(port: int, store: MailStore) -> None:
    send(port, letter("first", "<first@x>"))
    send(port, letter("second", "<second@x>"))
    assert [mail.subject for mail in store.all("ACME")][:2] == ["second", "first"]
    assert store.all("nobody@acme.example") == []


def test_a_mail_that_comes_twice_is_kept_twice_and_counted(port: int, store: MailStore) -> None:
    for _ in range(2):
        send(port, letter(message_id="<twice@x>"))
    assert store.duplicates()["<twice@x>"] == 2


def test_refusing_closes_the_line_at_once(port: int, store: MailStore) -> None:
    Switches("refuse").write(store.folder)
    with pytest.raises(smtplib.SMTPServerDisconnected):
        send(port, letter())


@pytest.mark.parametrize(("mode", "code"), [("temporary", 451), ("permanent", 550)])
def test_an_address_can_be_refused(port: int, store: MailStore, mode: str, code: int) -> None:
    Switches.parse({"mode": mode}).write(store.folder)
    with pytest.raises(smtplib.SMTPRecipientsRefused) as refusal:
        send(port, letter())
    assert refusal.value.recipients["Zoe@Acme.example"][0] == code


@pytest.mark.parametrize(("mode", "code"), [("temporary", 451), ("permanent", 550)])
def test_the_content_can_be_refused(port: int, store: MailStore, mode: str, code: int) -> None:
    Switches.parse({"mode": mode, "stage": "data"}).write(store.folder)
    before = len(store.all())
    with pytest.raises(smtplib.SMTPDataError) as refusal:
        send(port, letter())
    assert refusal.value.smtp_code == code
    assert len(store.all()) == before


def test_it_can_take_its_time(port: int, store: MailStore) -> None:
    Switches("stall", seconds=0.5).write(store.folder)
    began = time.monotonic()
    send(port, letter())
    assert time.monotonic() - began >= 0.5


def test_a_line_cut_after_the_content_leaves_the_mail_here(port: int, store: MailStore) -> None:
    Switches("drop").write(store.folder)
    with pytest.raises(smtplib.SMTPServerDisconnected):
        send(port, letter(message_id="<cut@x>"))
    assert store.all()[0].message_id == "<cut@x>"


@pytest.mark.parametrize("fields", [{"mode": "explode"}, {"stage": "helo"}, {"seconds": "long"}])
def test_switches_that_do_not_exist_are_refused(fields: dict[str, object], tmp_path: Path) -> None:
    with pytest.raises(BadSwitch):
        Switches.parse(fields)
