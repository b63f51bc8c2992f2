"""The conversation with the mail server (RFC 5321), by the standard library's smtplib."""

from __future__ import annotations

import smtplib
import ssl
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Self
from urllib.parse import parse_qs, unquote, urlsplit

from webapp.notifications.letter import Letter

Verdict = Literal["taken", "later", "refused", "unknown"]

# Longer than a working server takes, and short of the task's time limit even if each step is slow.
STEP_SECONDS = 15.0
IDLE_SECONDS = 20.0
LOOPBACK = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True)
class Answer:
    """taken: it is the server's now. later: ask again (4xx, no connection). refused: 5xx.

    unknown: the content went out and no answer came, so it may have been taken or not.
    """

    verdict: Verdict
    reason: str = ""

    @classmethod
    def to(cls, code: int, reply: bytes) -> Self:
        """What a reply code means (RFC 5321 section 4.2.1)."""
        said = f"{code} {reply.decode(errors='replace')}"
        if 200 <= code < 300:
            return cls("taken", said)
        return cls("refused" if code >= 500 else "later", said)


@dataclass(frozen=True)
class MailServer:
    """What SMTP_URL says: smtp://user:password@host:587?starttls=yes, or smtps:// (port 465).

    A password goes over TLS, or to this machine. timeout=SECONDS: for one step.
    """

    host: str
    port: int
    user: str
    password: str
    implicit_tls: bool
    starttls: bool
    timeout: float

    @classmethod
    def parse(cls, url: str) -> Self:
        parts = urlsplit(url)
        options = {name: values[-1] for name, values in parse_qs(parts.query).items()}
        implicit, starttls = parts.scheme == "smtps", options.get("starttls") == "yes"
        if parts.scheme not in {"smtp", "smtps"} or not parts.hostname:
            raise ValueError("SMTP_URL must be smtp://host:port or smtps://host:port")
        if parts.username and not (implicit or starttls or parts.hostname in LOOPBACK):
            raise ValueError("SMTP_URL would send its password in the clear: add ?starttls=yes")
        return cls(
            host=parts.hostname,
            port=parts.port or (465 if implicit else 587 if starttls else 25),
            user=unquote(parts.username or ""),
            password=unquote(parts.password or ""),
            implicit_tls=implicit,
            starttls=starttls,
            timeout=float(options.get("timeout", STEP_SECONDS)),
        )

    def connect(self, name: str) -> smtplib.SMTP:
        """Ready for mail; `name` is what we call ourselves."""
        # Reading the machine's certificates takes longer than a mail does.
        tls = ssl.create_default_context() if self.implicit_tls or self.starttls else None
        if self.implicit_tls:
            smtp: smtplib.SMTP = smtplib.SMTP_SSL(
                self.host, self.port, local_hostname=name, timeout=self.timeout, context=tls
            )
        else:
            smtp = smtplib.SMTP(self.host, self.port, local_hostname=name, timeout=self.timeout)
        try:
            if self.starttls:
                smtp.starttls(context=tls)
            smtp.ehlo_or_helo_if_needed()
            if self.user:
                smtp.login(self.user, self.password)
        except OSError:
            smtp.close()
            raise
        return smtp


class Line:
    """A connection that is kept from mail to mail; for one thread.

    A mail is announced, and then either handed over or left: until then it costs nothing to stop.
    """

    def __init__(self, server: MailServer) -> None:
        self.server = server
        self.smtp: smtplib.SMTP | None = None
        self.used_at = 0.0
        self.announced = False

    @classmethod
    def of_this_thread(cls, url: str) -> Line:
        lines: dict[str, Line] = kept.__dict__.setdefault("lines", {})
        return lines.setdefault(url, cls(MailServer.parse(url)))

    def announce(self, letter: Letter) -> Answer:
        """MAIL and RCPT: whether the server would take it."""
        if self.announced or time.monotonic() - self.used_at > IDLE_SECONDS:
            self.hang_up()
        was_open = self.smtp is not None
        answer = self._safely("later", lambda: self._announce(letter))
        if was_open and self.smtp is None:  # the server had closed it: that says nothing of now
            answer = self._safely("later", lambda: self._announce(letter))
        self.announced = answer.verdict == "taken"
        return answer

    def hand_over(self, letter: Letter) -> Answer:
        """DATA: after this the mail may be under way, whatever we hear."""
        self.announced = False
        return self._safely("unknown", lambda: self._hand_over(letter))

    def hang_up(self) -> None:
        if self.smtp:
            self.smtp.close()
        self.smtp, self.announced = None, False

    def _announce(self, letter: Letter) -> Answer:
        self.smtp = self.smtp or self.server.connect(letter.sender.rpartition("@")[2])
        if letter.utf8 and not self.smtp.has_extn("smtputf8"):
            return Answer("refused", "the mail server takes no address beyond ASCII (SMTPUTF8)")
        options = ["SMTPUTF8", "BODY=8BITMIME"] if letter.utf8 else []
        answer = Answer.to(*self.smtp.mail(letter.sender, options))
        if answer.verdict == "taken":
            answer = Answer.to(*self.smtp.rcpt(letter.recipient))
        if answer.verdict != "taken":
            self.smtp.rset()
        return answer

    def _hand_over(self, letter: Letter) -> Answer:
        assert self.smtp and self.smtp.sock
        self.smtp.sock.settimeout(3 * self.server.timeout)  # it may look through the content first
        answer = Answer.to(*self.smtp.data(letter.content))
        self.smtp.sock.settimeout(self.server.timeout)
        return answer

    def _safely(self, otherwise: Verdict, step: Callable[[], Answer]) -> Answer:
        """A step's answer; `otherwise` when the connection breaks or is silent."""
        self.used_at = time.monotonic()
        try:
            return step()
        except smtplib.SMTPDataError as error:  # DATA itself was declined: no content went out
            return Answer.to(error.smtp_code, _bytes(error.smtp_error))
        except OSError as error:
            self.hang_up()
            return Answer(otherwise, f"{type(error).__name__}: {error}")


def _bytes(reply: bytes | str) -> bytes:
    return reply if isinstance(reply, bytes) else reply.encode()


kept = threading.local()
