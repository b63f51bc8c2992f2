"""SMTP_URL, encryption and signing in; a line that is kept."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.notifications.servers import Server, only_ada, serving
from webapp.notifications.letter import Letter
from webapp.notifications.smtp import Answer, Line, MailServer

LETTER = Letter("hello@righthand.example.com", "grace@example.com", b"Subject: Hi\r\n\r\nHi", False)


@pytest.fixture
def certificate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ssl.SSLContext:
    """A server's TLS, with a certificate for 127.0.0.1 that we are told to trust."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "mail")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=400))
        .not_valid_after(now + timedelta(days=400))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), True)
        .sign(key, hashes.SHA256())
    )
    public, private = tmp_path / "certificate.pem", tmp_path / "key.pem"
    public.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    monkeypatch.setenv("SSL_CERT_FILE", str(public))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(public, private)
    return context


def send(url: str) -> Answer:
    line = Line(MailServer.parse(url))
    try:
        answer = line.announce(LETTER)
        return line.hand_over(LETTER) if answer.verdict == "taken" else answer
    finally:
        line.hang_up()


@pytest.mark.parametrize(
    ("url", "host", "port", "tls"),
    [
        ("smtp://mail.example.com", "mail.example.com", 25, (False, False)),
        ("smtp://mail.example.com?starttls=yes", "mail.example.com", 587, (False, True)),
        ("smtps://mail.example.com", "mail.example.com", 465, (True, False)),
        ("smtp://[::1]:2525", "::1", 2525, (False, False)),
    ],
)
def test_addresses(url: str, host: str, port: int, tls: tuple[bool, bool]) -> None:
    server = MailServer.parse(url)
    assert (server.host, server.port) == (host, port)
    assert (server.implicit_tls, server.starttls) == tls


def test_password_may_hold_any_character() -> None:
    server = MailServer.parse("smtps://hello%40example.com:s3%2F%2B%3A@mail.example.com")
    assert (server.user, server.password) == ("hello@example.com", "s3/+:")


@pytest.mark.parametrize(
    "url",
    ["", "http://mail.example.com", "smtp://", "smtp://u:p@mail.example.com", "smtp://h?timeout=x"],
)
def test_addresses_that_cannot_be_used(url: str) -> None:
    with pytest.raises(ValueError, match=r"SMTP_URL|float"):
        MailServer.parse(url)


def test_over_implicit_tls(certificate: ssl.SSLContext) -> None:
    with serving(Server(), ssl_context=certificate) as server:
        assert send(server.url.replace("smtp:", "smtps:")).verdict == "taken"
        assert len(server.taken) == 1


def test_starttls_then_signing_in(certificate: ssl.SSLContext) -> None:
    options = {"tls_context": certificate, "require_starttls": True, "authenticator": only_ada}
    with serving(Server(), auth_required=True, **options) as server:
        address = server.url.removeprefix("smtp://") + "&starttls=yes"
        assert send(f"smtp://ada:s3cret%2F%2B@{address}").verdict == "taken"
        refused = send(f"smtp://ada:wrong@{address}")
        assert (refused.verdict, "(535, " in refused.reason) == ("later", True)
        assert len(server.taken) == 1


def test_a_certificate_nobody_vouches_for_is_not_talked_to(
    certificate: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", "/dev/null")
    with serving(Server(), tls_context=certificate) as server:
        answer = send(server.url + "&starttls=yes")
    assert (answer.verdict, "CERTIFICATE_VERIFY_FAILED" in answer.reason) == ("later", True)
    assert server.taken == []


def test_a_server_without_tls_where_it_was_asked_for_gets_no_mail() -> None:
    with serving(Server()) as server:
        answer = send(server.url + "&starttls=yes")
    assert server.taken == []
    assert answer.verdict == "later"


def test_a_line_that_the_server_closed_is_opened_again_at_once() -> None:
    with serving(Server()) as server:
        line = Line(MailServer.parse(server.url))
        assert line.announce(LETTER).verdict == "taken"
        assert line.hand_over(LETTER).verdict == "taken"
        assert line.smtp and line.smtp.sock
        line.smtp.sock.shutdown(2)
        assert line.announce(LETTER).verdict == "taken"
        assert line.hand_over(LETTER).verdict == "taken"
        line.hang_up()
    assert (len(server.taken), server.connections) == (2, 2)


def test_a_mail_that_was_announced_and_left_does_not_spoil_the_next() -> None:
    with serving(Server()) as server:
        line = Line(MailServer.parse(server.url))
        assert line.announce(LETTER).verdict == "taken"
        assert line.announce(LETTER).verdict == "taken"
        assert line.hand_over(LETTER).verdict == "taken"
        line.hang_up()
    assert len(server.taken) == 1


def test_an_address_beyond_ascii_needs_a_server_that_knows_it() -> None:
    letter = Letter(
        LETTER.sender, "zoë@example.com", "To: zoë@example.com\r\n\r\nHi".encode(), True
    )
    for knows, verdict in ((True, "taken"), (False, "refused")):
        with serving(Server(), enable_SMTPUTF8=knows) as server:
            line = Line(MailServer.parse(server.url))
            answer = line.announce(letter)
            assert answer.verdict == verdict
            line.hang_up()
