"""A real HTTP server on this machine that plays somebody's calendar server, well or badly."""

from __future__ import annotations

import gzip
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from tempfile import NamedTemporaryFile
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

STAMP = "20260101T000000Z"


def ics(*events: str, head: str = "") -> bytes:
    """A calendar file of these events, each given as the lines between its BEGIN and END."""
    written = [f"BEGIN:VEVENT\nDTSTAMP:{STAMP}\n{event}\nEND:VEVENT\n" for event in events]
    lines = f"BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:tests\n{head}{''.join(written)}END:VCALENDAR\n"
    return lines.replace("\n", "\r\n").encode()


def event(uid: str, start: str, end: str, *more: str) -> str:
    return "\n".join([f"UID:{uid}", f"DTSTART:{start}", f"DTEND:{end}", *more])


class CalendarServer:
    """files: what each path answers: bytes, a status, a place to go on to, or a function of the
    request. asked: (path, headers) of every request, in order."""

    def __init__(self, server: ThreadingHTTPServer) -> None:
        self.port = server.server_port
        self.certificate = ""
        self.files: dict[str, Any] = {}
        self.etags: dict[str, str] = {}
        self.packed = False
        self.asked: list[tuple[str, dict[str, str]]] = []

    @property
    def host(self) -> str:
        """As PRIVATE_CALENDAR_HOSTS names it."""
        return f"127.0.0.1:{self.port}"

    def url(self, path: str = "/work.ics") -> str:
        return f"{'https' if self.certificate else 'http'}://{self.host}{path}"

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        self.asked.append((request.path, dict(request.headers)))
        found = self.files.get(request.path, 404)
        if callable(found):
            found(request)
        elif isinstance(found, int):
            send(request, found)
        elif isinstance(found, str):
            send(request, 302, Location=found)
        elif self._unchanged(request):
            send(request, 304)
        else:
            self._send_file(request, found)

    def _unchanged(self, request: BaseHTTPRequestHandler) -> bool:
        tag = self.etags.get(request.path)
        return bool(tag) and request.headers.get("If-None-Match") == tag

    def _send_file(self, request: BaseHTTPRequestHandler, body: bytes) -> None:
        headers = {"Content-Type": "text/calendar"}
        if request.path in self.etags:
            headers["ETag"] = self.etags[request.path]
        if self.packed:
            headers["Content-Encoding"], body = "gzip", gzip.compress(body)
        send(request, 200, body, **headers)


def send(request: BaseHTTPRequestHandler, status: int, body: bytes = b"", **headers: str) -> None:
    request.send_response(status)
    for name, value in headers.items():
        request.send_header(name.replace("_", "-"), value)
    request.send_header("Content-Length", str(len(body)))
    request.end_headers()
    with suppress(BrokenPipeError, ConnectionResetError):  # the reader had enough
        request.wfile.write(body)


@contextmanager
def listening(port: int = 0, tls: bool = False) -> Iterator[CalendarServer]:
    """On a port of its own, or again on the one of a server that went away."""
    server = Quiet(("127.0.0.1", port), BaseHTTPRequestHandler)
    played = CalendarServer(server)
    if tls:
        played.certificate = _behind_tls(server)
    server.RequestHandlerClass = _handler(played.answer)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield played
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class Quiet(ThreadingHTTPServer):
    """Readers that hang up are what these tests are about."""

    def handle_error(self, request: object, client_address: object) -> None:
        pass


def trusting(server: CalendarServer) -> ssl.SSLContext:
    """Whoever believes that server's own certificate."""
    return ssl.create_default_context(cadata=server.certificate)


def _behind_tls(server: ThreadingHTTPServer) -> str:
    """Have it speak TLS; its certificate, made for the occasion, as PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "calendar server")])
    now = datetime.now(UTC)
    here = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
    made = (
        x509.CertificateBuilder(issuer_name=name, subject_name=name, public_key=key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(here, critical=False)
        .sign(key, hashes.SHA256())
    )
    certificate = made.public_bytes(Encoding.PEM)
    with NamedTemporaryFile() as both:
        both.write(
            key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()) + certificate
        )
        both.flush()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(both.name)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    return certificate.decode()


def _handler(answer: Callable[[BaseHTTPRequestHandler], None]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            answer(self)

        do_PUT = do_PROPFIND = do_GET

        def log_message(self, *_: object) -> None:
            pass

    return Handler
