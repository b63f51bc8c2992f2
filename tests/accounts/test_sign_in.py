"""Signing in, by password and by link; sessions; what strangers may not learn."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from flask import Response, request
from flask.testing import FlaskClient
from flask_security import hash_password
from sqlalchemy import delete, func, select, update
from werkzeug.test import TestResponse

from tests import make
from tests.mail import Mailbox
from webapp import clock
from webapp.access import Role
from webapp.accounts.models import Person, SignInAttempt, SignInLink, WebSession
from webapp.audit import AuditEvent
from webapp.db import session

PASSWORD = "several unrelated words"


@pytest.fixture
def consultant(app: object) -> Person:
    person = make.consultant().person
    person.password = hash_password(PASSWORD)
    session.commit()
    return person


def post_password(client: FlaskClient, email: str, password: str, **query: str) -> TestResponse:
    return client.post("/sign-in", data={"email": email, "password": password}, query_string=query)


def alike(answer: TestResponse, email: str) -> str:
    """A page without the address typed and without the instant at which it was made."""
    return re.sub(r"\d{4}-\d\d-\d\dT[0-9:.+]+", "", answer.text.replace(email, ""))


def test_right_password_opens_the_account(client: FlaskClient, consultant: Person) -> None:
    answer = post_password(client, consultant.email.upper(), PASSWORD)
    assert answer.status_code == 302
    assert client.get("/account").status_code == 200


def test_wrong_password_and_unknown_person_are_answered_alike(
    client: FlaskClient, consultant: Person
) -> None:
    wrong = post_password(client, consultant.email, "not it at all")
    unknown = post_password(client, "nobody@example.com", "not it at all")
    assert wrong.status_code == unknown.status_code == 422
    assert "That e-mail and password do not go together." in wrong.text
    assert alike(wrong, consultant.email) == alike(unknown, "nobody@example.com")


def test_too_many_tries_must_wait(client: FlaskClient, consultant: Person) -> None:
    codes = [post_password(client, consultant.email, "wrong")
             .status_code for _ in range(9)]  # fmt: skip
    assert codes == [422] * 8 + [429]
    assert post_password(client, consultant.email, PASSWORD).status_code == 429


@pytest.mark.parametrize(
    "target", ["//evil.example.com", "https://evil.example.com", "/\\evil.test"]
)
def test_next_leads_nowhere_else(client: FlaskClient, consultant: Person, target: str) -> None:
    answer = post_password(client, consultant.email, PASSWORD, next=target)
    location = answer.headers.get("Location", "/")
    assert urlsplit(location).netloc == "" and not location.startswith(("//", "/\\"))


def test_session_token_is_stored_hashed_and_changes_at_sign_in(
    client: FlaskClient, consultant: Person
) -> None:
    client.get("/sign-in")
    before = client.get_cookie("session").value
    post_password(client, consultant.email, PASSWORD)
    after = client.get_cookie("session").value
    assert before != after
    stored = session.scalars(select(WebSession.token_hash)).all()
    assert after.encode() not in stored and len(stored) == 1


def test_cookie_replayed_after_sign_out_is_refused(client: FlaskClient, consultant: Person) -> None:
    post_password(client, consultant.email, PASSWORD)
    stolen = client.get_cookie("session").value
    client.post("/sign-out")
    client.set_cookie("session", stolen)
    assert client.get("/account").status_code == 302


def test_disabled_person_is_out_at_once(client: FlaskClient, consultant: Person) -> None:
    post_password(client, consultant.email, PASSWORD)
    session.execute(update(Person).values(active=False))
    session.commit()
    assert client.get("/account").status_code == 302


def test_idle_session_ends(client: FlaskClient, consultant: Person) -> None:
    post_password(client, consultant.email, PASSWORD)
    session.execute(update(WebSession).values(seen_at=clock.machine_now() - timedelta(days=8)))
    session.commit()
    assert client.get("/account").status_code == 302


def link_from(mailbox: Mailbox) -> str:
    [message] = mailbox.messages
    body = message.get_body(("plain",)).get_content()
    return re.search(r"/sign-in/link/\S+", body)[0]


def test_link_signs_in_once(
    client: FlaskClient, consultant: Person, drain: Callable[[], int], mailbox: Mailbox
) -> None:
    client.post("/sign-in/link", data={"email": consultant.email})
    drain()
    link = link_from(mailbox)
    assert client.get(link).status_code == 200
    assert client.get("/account").status_code == 302, "looking at the link signs nobody in"
    assert client.post(link).status_code == 303
    assert client.get("/account").status_code == 200
    assert client.post(link).status_code == 404, "a spent link is spent"


def test_expired_link_is_refused(client: FlaskClient, consultant: Person) -> None:
    token = SignInLink.issue(consultant, days=1)
    session.execute(update(SignInLink).values(expires_at=clock.machine_now()))
    session.commit()
    assert client.post(f"/sign-in/link/{token}").status_code == 404


def test_asking_for_a_link_tells_strangers_nothing(
    client: FlaskClient, consultant: Person, drain: Callable[[], int], mailbox: Mailbox
) -> None:
    known = client.post("/sign-in/link", data={"email": consultant.email})
    unknown = client.post("/sign-in/link", data={"email": "nobody@example.com"})
    assert alike(known, consultant.email) == alike(unknown, "nobody@example.com")
    drain()
    assert [
        str(message["To"]) for message in mailbox.messages if "nobody" in str(message["To"])
    ] == []


def test_bad_address_gets_its_error_beside_the_field(client: FlaskClient, app: object) -> None:
    answer = client.post("/sign-in/link", data={"email": "no address"})
    assert answer.status_code == 422
    assert 'value="no address"' in answer.text and "aria-invalid" in answer.text


def test_new_password_ends_other_sessions(
    consultant: Person, sign_in: Callable[[Person], FlaskClient], drain: Callable[[], int],
    mailbox: Mailbox,
) -> None:  # fmt: skip
    here, elsewhere = sign_in(consultant), sign_in(consultant)
    words = {"current": PASSWORD, "new": "quite another phrase", "again": "quite another phrase"}
    assert here.post("/account/password", data=words).status_code == 303
    assert here.get("/account").status_code == 200
    assert elsewhere.get("/account").status_code == 302
    drain()
    assert mailbox.subjects == ["Your password for Righthand was changed"]


def test_present_password_is_asked_for(
    consultant: Person, sign_in: Callable[[Person], FlaskClient]
) -> None:
    words = {"current": "wrong", "new": "quite another phrase", "again": "quite another phrase"}
    answer = sign_in(consultant).post("/account/password", data=words)
    assert answer.status_code == 422 and "not your present password" in answer.text


def test_refused_role_is_written_down(
    sign_in: Callable[[Person], FlaskClient], app: object
) -> None:
    client_company = make.company()
    observer = make.person(Role.OBSERVER, company=client_company)
    assert sign_in(observer).get("/practice/jobs").status_code == 403
    refused = select(func.count()).where(AuditEvent.action == "access.refused")
    assert session.scalar(refused) == 1


def test_sign_in_takes_forms_only_so_that_every_try_is_counted(
    client: FlaskClient, consultant: Person
) -> None:
    words = {"email": consultant.email, "password": "wrong"}
    assert client.post("/sign-in", json=words).status_code == 415
    asks = {"Accept": "application/json"}
    assert client.post("/sign-in", data=words, headers=asks).status_code == 415


def test_a_foreign_next_is_refused_and_counts_as_no_failure(
    client: FlaskClient, consultant: Person
) -> None:
    foreign = "https://evil.example.com"
    assert post_password(client, consultant.email, PASSWORD, next=foreign).status_code == 400
    assert session.scalar(select(func.count()).select_from(SignInAttempt)) == 0


def test_no_bearer_token_opens_anything(client: FlaskClient, consultant: Person) -> None:
    token = consultant.get_auth_token()
    assert client.get("/account", headers={"Authentication-Token": token}).status_code == 302
    assert client.get(f"/account?auth_token={token}").status_code == 302


def test_a_session_ended_meanwhile_does_not_come_back(
    client: FlaskClient, consultant: Person
) -> None:
    post_password(client, consultant.email, PASSWORD)
    cookie = client.get_cookie("session").value
    with client.application.test_request_context("/", headers={"Cookie": f"session={cookie}"}):
        stored = client.application.session_interface.open_session(client.application, request)
        session.execute(delete(WebSession))
        session.commit()
        stored["late"] = True
        answer = Response()
        client.application.session_interface.save_session(client.application, stored, answer)
    assert session.scalar(select(func.count()).select_from(WebSession)) == 0
    assert "session=;" in answer.headers["Set-Cookie"]
