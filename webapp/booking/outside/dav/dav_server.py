"""A CalDAV server as one person sees it: who asks, who may hear the password, what answers mean."""

from __future__ import annotations

import base64
from collections.abc import Mapping

import httpx

from webapp.booking.outside.dav import webdav
from webapp.booking.outside.fetch.fetching import Answer, Errand, parsed
from webapp.booking.outside.fetch.waiting import asked_to_wait
from webapp.booking.outside.provider import OutsideRefused, OutsideUnreachable

MULTISTATUS = 207
# Second levels under which strangers live side by side (example.co.uk, example.com.au).
SHARED = frozenset({"ac", "co", "com", "edu", "gov", "net", "org"})
MEANINGS = {
    403: "That server does not let this account do that.",
    404: "There is no calendar at that address.",
    405: "There is no calendar at that address.",
    410: "There is no calendar at that address.",
    501: "There is no calendar at that address.",
    507: "That calendar is full.",
}
PASSING = frozenset({408, 423, 425, 429})


class WrongPassword(OutsideRefused):
    """The server knows no such name and password."""


class DavServer:
    """Speaks for one name and password; they go to the host they were given for and its kin."""

    def __init__(self, errand: Errand, given: str, username: str, password: str) -> None:
        self._errand = errand
        self._given = parsed(given)
        pair = base64.b64encode(f"{username}:{password}".encode()).decode()
        self._sent = {"Authorization": f"Basic {pair}"}

    def ask(
        self,
        method: str,
        address: str,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """The answer, whatever its status. Redirected to a kin, the password goes there too."""
        sent = {**self._sent, **(headers or {})}
        self._check(address)
        answer = self._errand.ask(method, address, sent, content)
        if answer.status == 401 and parsed(answer.url).host != parsed(address).host:
            self._check(answer.url)
            return self._errand.ask(method, answer.url, sent, content)
        return answer

    def properties(self, address: str, *names: str, depth: int = 0) -> list[webdav.Resource]:
        """What that address has of these, and with depth 1 what lies directly beneath it."""
        return self._listed("PROPFIND", address, webdav.propfind(*names), str(depth))

    def report(self, address: str, question: bytes) -> list[webdav.Resource]:
        return self._listed("REPORT", address, question, "1")

    def _listed(
        self, method: str, address: str, question: bytes, depth: str
    ) -> list[webdav.Resource]:
        kind = "application/xml; charset=utf-8"
        headers = {"Depth": depth, "Content-Type": kind}
        answer = self.ask(method, address, question, headers)
        check(answer)
        if answer.status != MULTISTATUS:
            raise OutsideRefused(MEANINGS[404])
        return webdav.resources(answer.body, answer.url)

    def _check(self, address: str) -> None:
        other = parsed(address)
        if not akin(self._given, other):
            raise OutsideRefused(
                f"That server sends us on to {other.host}. If you know that one, give its address."
            )


def akin(given: httpx.URL, other: httpx.URL) -> bool:
    """Whether a password for one host may be told to the other.

    The same host; over https also one below it, or beside it under a name of their own, as
    providers spread people over many (p42-caldav.icloud.com beside caldav.icloud.com).
    """
    if given.host == other.host:
        return True
    if other.scheme != "https":
        return False
    labels = given.host.split(".")[1:]
    beside = len(labels) > 1 and not (len(labels) == 2 and labels[0] in SHARED)
    kin = [f".{given.host}"] + ([f".{'.'.join(labels)}"] if beside else [])
    return any(other.host.endswith(end) for end in kin)


def check(answer: Answer) -> None:
    """Nothing for an answer that says yes; else WrongPassword, OutsideRefused or …Unreachable."""
    status = answer.status
    if status < 400:
        return
    if status == 401:
        raise WrongPassword("That server does not know this name and password.")
    if status in MEANINGS:
        raise OutsideRefused(MEANINGS[status])
    if status in PASSING or status >= 500:
        raise OutsideUnreachable("That server cannot answer just now.", asked_to_wait(answer))
    raise OutsideRefused(f"That server refuses what we ask (code {status}).")
