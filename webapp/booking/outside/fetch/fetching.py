"""Asking an outside calendar's server: few redirects, each checked anew, and no secret carried
elsewhere."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass
from http.cookiejar import CookieJar, DefaultCookiePolicy

import httpx
from flask import current_app

from webapp.booking.outside.fetch.wire import Wire, check_port, port_of
from webapp.booking.outside.provider import OutsideRefused, OutsideUnreachable
from webapp.config import Settings

SECONDS = 20.0
MOST_BYTES = 5 * 1024 * 1024
MOST_REDIRECTS = 4
REDIRECTS = frozenset({301, 302, 303, 307, 308})
# What changes nothing may be asked again elsewhere; anything else is not sent on.
FOLLOWED = frozenset({"GET", "HEAD", "OPTIONS", "PROPFIND", "REPORT"})
HOST = re.compile(rb"[A-Za-z0-9._:-]*")
WEBCAL = {"webcal": "https", "webcals": "https"}

# It notes every address that is asked, and the address of a calendar is its password.
logging.getLogger("httpx").setLevel(logging.WARNING)


@dataclass(frozen=True)
class Answer:
    """url: where it came from, redirects followed. body: unpacked."""

    status: int
    headers: httpx.Headers
    body: bytes
    url: str


def errand(seconds: float = SECONDS, most_bytes: int = MOST_BYTES) -> Errand:
    """An errand under the settings of the running app."""
    settings: Settings = current_app.config["SETTINGS"]
    return Errand(settings.private_calendar_hosts, seconds, most_bytes)


class Errand:
    """One piece of business with a server: any number of questions within one limit of time.

    Close it, or use it with `with`. Raises OutsideRefused and OutsideUnreachable, in words that a
    consultant can read beside the field.
    """

    def __init__(self, private_hosts: tuple[str, ...], seconds: float, most_bytes: int) -> None:
        self._private = frozenset(private_hosts)
        self._client = httpx.Client(
            transport=Wire(private_hosts, seconds, most_bytes),
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
            headers={"User-Agent": "Righthand"},
            trust_env=False,
            follow_redirects=False,
            timeout=None,  # noqa: S113 - the wire ends every wait itself
        )

    def __enter__(self) -> Errand:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def ask(
        self,
        method: str,
        address: str,
        headers: Mapping[str, str] | None = None,
        content: bytes | None = None,
    ) -> Answer:
        """The answer, whatever its status, except redirects, which are followed or refused.

        An Authorization header goes to the address given and its own origin, nowhere else, and
        never over plain http on the open internet.
        """
        url, sent = parsed(address), httpx.Headers(dict(headers or {}))
        for _ in range(MOST_REDIRECTS + 1):
            self._check(url, sent)
            answer = self._once(method, url, sent, content)
            if answer.status not in REDIRECTS or "Location" not in answer.headers:
                return answer
            if method not in FOLLOWED:
                raise OutsideRefused("That server sends us elsewhere, where we may not write.")
            url = self._next(url, answer.headers["Location"], sent)
        raise OutsideRefused("That server sends us from one address to the next, too often.")

    def _check(self, url: httpx.URL, sent: httpx.Headers) -> None:
        check_port(url, self._private)
        private = f"{url.host}:{port_of(url)}" in self._private
        if "Authorization" in sent and url.scheme == "http" and not private:
            raise OutsideRefused("A password is only sent over https://.")

    def _once(
        self, method: str, url: httpx.URL, sent: httpx.Headers, content: bytes | None
    ) -> Answer:
        request = self._client.build_request(method, url, headers=sent, content=content)
        try:
            with_body = self._client.send(request)
        except (httpx.HTTPError, httpx.InvalidURL) as error:  # where it sends us is none
            raise OutsideUnreachable("That server's answer makes no sense.") from error
        return Answer(with_body.status_code, with_body.headers, with_body.content, str(url))

    def _next(self, url: httpx.URL, location: str, sent: httpx.Headers) -> httpx.URL:
        following = parsed(str(_joined(url, location)))
        if url.scheme == "https" and following.scheme != "https":
            raise OutsideRefused("That server sends us on to an address without https.")
        if _origin(following) != _origin(url):
            sent.pop("Authorization", None)
        return following


def parsed(address: str) -> httpx.URL:
    """A web address as it is asked for; OutsideRefused says what is wrong with it."""
    try:
        written = httpx.URL(address.strip())
        scheme = WEBCAL.get(written.scheme, written.scheme)
        url = written.copy_with(scheme=scheme, fragment=None)
    except (httpx.InvalidURL, ValueError, TypeError):
        raise OutsideRefused("That is not a web address.") from None
    if url.userinfo:
        raise OutsideRefused("Leave the user name and password out of the address.")
    if not HOST.fullmatch(url.raw_host):
        raise OutsideRefused("That is not a web address.")
    return url


def _joined(url: httpx.URL, location: str) -> httpx.URL:
    try:
        return url.join(location)
    except (httpx.InvalidURL, ValueError):
        raise OutsideUnreachable("That server sends us to an address that is none.") from None


def _origin(url: httpx.URL) -> tuple[str, str, int]:
    return url.scheme, url.host, port_of(url)
