"""The sandbox page: mails, payments, time, components, and the same as JSON."""

from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from sandbox.mail.store import MailStore
from sandbox.page.app import create_page
from sandbox.page.payments import MOST_DELIVERIES
from sandbox.timemachine.stand_in import StandIn
from tests.sandbox.stripe_desk import Desk
from webapp import clock


@pytest.fixture
def store(tmp_path: Path) -> MailStore:
    return MailStore.open(tmp_path / "mail")


@pytest.fixture
def environment(tmp_path: Path, clock_file: Path, database_url: str, desk: Desk) -> dict[str, str]:
    return {
        "RIGHTHAND_STATE": str(tmp_path),
        "CLOCK_OFFSET_FILE": str(clock_file),
        "DATABASE_URL": database_url,
        "STRIPE_API_BASE": desk.url,
        "BASE_URL": "http://127.0.0.1:8000",
        "FIRM_TIME_ZONE": "America/New_York",
    }


@pytest.fixture
def page(environment: dict[str, str]) -> Iterator[FlaskClient]:
    app = create_page(environment)
    app.config.update(WTF_CSRF_ENABLED=False)
    yield app.test_client()


def keep(store: MailStore, subject: str, to: str, html: str = "<p>Hello</p>") -> int:
    message = EmailMessage()
    message["Subject"], message["To"], message["Message-ID"] = subject, to, f"<{subject}@x>"
    message.set_content("See http://127.0.0.1:8000/book <now>")
    message.add_alternative(html, subtype="html")
    message.add_attachment(
        b"BEGIN:VCALENDAR", maintype="text", subtype="calendar", filename="k.ics"
    )
    return store.add(
        "hello@x.example",
        [to],
        message.as_bytes(policy=message.policy.clone(linesep="\r\n")),
        clock.now(),
    )


def test_mails_are_listed_newest_first_and_by_recipient(
    page: FlaskClient, store: MailStore
) -> None:
    keep(store, "First", "ann@acme.example")
    keep(store, "Second", "bob@other.example")
    listed = page.get("/mails").text
    assert listed.index("Second") < listed.index("First")
    filtered = page.get("/mails?to=acme").text
    assert "First" in filtered
    assert "Second" not in filtered
    assert "No mail to nobody" in page.get("/mails?to=nobody").text


def test_a_mail_shows_links_text_and_calendar(page: FlaskClient, store: MailStore) -> None:
    number = keep(store, "Kick-off", "ann@acme.example")
    shown = page.get(f"/mails/{number}").text
    assert 'href="http://127.0.0.1:8000/book"' in shown
    assert "&lt;now&gt;" in shown
    assert "BEGIN:VCALENDAR" in shown
    attachment = page.get(f"/mails/{number}/attachments/0")
    assert attachment.data == b"BEGIN:VCALENDAR"
    assert attachment.headers["Content-Disposition"] == "attachment; filename=k.ics"


def test_a_mails_html_can_do_no_harm(page: FlaskClient, store: MailStore) -> None:
    number = keep(store, "Bad", "ann@acme.example", "<script>alert(1)</script>")
    policy = page.get(f"/mails/{number}/html").headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "script-src" not in policy
    assert "sandbox allow-popups allow-popups-to-escape-sandbox" in policy
    assert (
        'sandbox="allow-popups allow-popups-to-escape-sandbox"' in page.get(f"/mails/{number}").text
    )


@pytest.mark.parametrize(
    "path", ["/mails/99", "/mails/99/html", "/api/mails/99", "/mails/1/attachments/9"]
)
def test_what_is_not_there_answers_404(page: FlaskClient, store: MailStore, path: str) -> None:
    keep(store, "Only", "ann@acme.example")
    assert page.get(path).status_code == 404


def test_the_books_show_what_was_bought(page: FlaskClient, desk: Desk) -> None:
    assert "Nothing yet" in page.get("/payments").text
    subscription = desk.subscribed()
    shown = page.get("/payments").text
    assert subscription.id in shown
    assert "$6,000.00" in shown, "the first invoice: a month and the deposit"
    assert "checkout.session.completed" in shown
    paid = desk.api.v1.events.list({"type": "invoice.paid"}).data[0]
    assert paid.id in shown, "which event, for whoever looks for it"


def test_what_banks_do_can_be_pressed(page: FlaskClient, desk: Desk) -> None:
    """A card that fails, a dispute that is opened and lost; each button is on the page."""
    desk.subscribed()
    books = StandIn(desk.url)
    [card], [charge] = books.objects("payment_method"), books.objects("charge")
    for label in ("Decline", "Ask each time", "Pay again", "Expire", "Replace", "Dispute"):
        assert f">{label}</button>" in page.get("/payments").text, label

    def press(doing: str, subject: str) -> str:
        answer = page.post("/payments/doings", data={"doing": doing, "subject": subject})
        assert answer.status_code == 303
        return page.get("/payments").text

    assert "declined from now on" in press("decline", card["id"])
    assert "opened a dispute" in press("dispute", charge["id"])
    [dispute] = books.objects("dispute")
    assert dispute["charge"] == charge["id"]
    assert "was lost" in press("lose", dispute["id"])
    assert books.objects("dispute")[0]["status"] == "lost"
    assert "did not work" in press("win", dispute["id"]), "it is decided"


@pytest.mark.parametrize(
    "fields",
    [{}, {"doing": "melt", "subject": "pm_1"}, {"doing": "decline", "subject": "../time"}],
)
def test_what_nobody_can_do_is_not_done(page: FlaskClient, fields: dict[str, str]) -> None:
    assert page.post("/payments/doings", data=fields).status_code == 404


def test_a_cut_list_of_webhooks_says_so(page: FlaskClient, desk: Desk) -> None:
    for number in range(MOST_DELIVERIES + 1):
        desk.api.v1.customers.create({"name": f"Customer {number}"})
    shown = page.get("/payments").text
    assert "The latest 50 of 51" in shown
    assert "51 in all" in shown, "the customers"


def test_many_mails_come_in_pages(page: FlaskClient, store: MailStore) -> None:
    for number in range(51):
        keep(store, f"Mail {number:02}", "ann@acme.example")
    first, second = (page.get(f"/mails?page={n}").text for n in (1, 2))
    assert "51 mails" in first and "Mail 50" in first and "Mail 00" not in first
    assert "Older" in first and "Newer" in second and "Mail 00" in second


def test_without_the_stand_in_the_page_says_so(environment: dict[str, str]) -> None:
    page = create_page(environment | {"STRIPE_API_BASE": "http://127.0.0.1:9"}).test_client()
    answer = page.get("/payments")
    assert answer.status_code == 503
    assert "does not answer" in answer.text


def test_every_component_can_be_shown(page: FlaskClient) -> None:
    answer = page.get("/components")
    assert answer.status_code == 200
    assert "Enter the company’s name." in answer.text, "the form that was filled in badly"


def test_bad_targets_are_told_and_nothing_moves(page: FlaskClient) -> None:
    before = clock.offset()
    for form in ({"to": "soon"}, {"to": "2020-01-01T00:00"}, {"to": "2999-01-01T00:00"}):
        assert page.post("/time/travels", data=form).status_code == 303
        assert "notice-bad" in page.get("/time").text
    for asked in ({}, {"days": "x"}, {"to": "soon"}, {"days": -1}, {"to": True, "x": []}):
        answer = page.post("/api/advance", json=asked)
        assert answer.status_code == 400, asked
        assert answer.json["error"]
    assert clock.offset() == before


def test_the_json_tells_the_same(page: FlaskClient, store: MailStore) -> None:
    number = keep(store, "Kick-off", "ann@acme.example")
    (listed,) = page.get("/api/mails?to=ann@acme.example").json
    assert listed["subject"] == "Kick-off"
    whole = page.get(f"/api/mails/{number}").json
    assert whole["attachments"][0]["text"] == "BEGIN:VCALENDAR"
    assert page.get("/api/time").json["running"] is False
    assert page.post("/api/drain").json == {"drained": True, "outstanding": []}
    assert page.get("/api/mails/duplicates").json == {}


def test_the_sinks_switches_are_set_here(page: FlaskClient) -> None:
    wanted = {"mode": "stall", "stage": "data", "seconds": 3.0}
    assert page.put("/api/mail-switches", json=wanted).json == wanted
    assert page.get("/api/mail-switches").json == wanted
    assert page.put("/api/mail-switches", json={"mode": "explode"}).status_code == 400
    assert page.get("/api/mail-switches").json == wanted


def test_the_demos_calendar_can_be_made_to_fail_and_to_answer_again(page: FlaskClient) -> None:
    assert "Let it fail" in page.get("/time").text
    assert page.post("/calendars/own/switch", data={"away": "y"}).status_code == 303
    assert page.get("/calendars/own.ics").status_code == 503
    assert "Let it answer again" in page.get("/time").text
    page.post("/calendars/own/switch")
    assert page.get("/calendars/own.ics").status_code == 200
