"""The back office: what the firm sees and changes, and who may not."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from tests import make
from tests.counting import counting
from webapp import clock, outbox
from webapp.access import Role
from webapp.accounts.models import Person
from webapp.audit import AuditEvent
from webapp.catalog.models import Consultant, Offering
from webapp.db import session
from webapp.engagements.models import FollowUp, PulseAnswer
from webapp.notifications.models import EmailMessage
from webapp.outbox import Job

SignIn = Callable[[Person], FlaskClient]
PAGES = ("", "/offerings", "/consultants", "/emails", "/jobs", "/stripe-events", "/audit")
OFFERING = {
    "name": "Integrator, two days", "role": "integrator", "kind": "retainer",
    "summary": "Leaders who pull together", "days_per_month": "2", "currency": "USD",
    "price": "2500.00", "deposit": "500", "overage_rate": "180", "minimum_months": "3",
    "notice_days": "30", "full_refund_days": "7", "late_refund_percent": "50", "sold": "y",
}  # fmt: skip
CONSULTANT = {
    "name": "Noor Achebe", "email": "noor@example.com", "headline": "Steadies operations",
    "roles": ["coo"], "industries": "software, logistics", "languages": "English",
    "time_zone": "Africa/Lagos", "country": "NG", "days_per_month": "8",
    "meeting_place": "https://meet.example.com/noor", "published": "y",
}  # fmt: skip


@pytest.fixture
def coordinator(app: object, sign_in: SignIn) -> FlaskClient:
    return sign_in(make.person(Role.COORDINATOR))


def email(state: str = "sent", number: int = 1, **values: object) -> EmailMessage:
    defaults = {
        "kind": "welcome", "about": f"engagement:{number}", "occurrence": "", "state": state,
        "recipient": "client@example.com", "recipient_name": "A Client", "text": "Hello there",
        "message_id": f"<{number}@example.com>", "subject": f"Welcome {number}",
        "html": "<p>Hello there</p><script>alert(1)</script>", "created_at": clock.now(),
    }  # fmt: skip
    return make.saved(EmailMessage(**(defaults | values)))  # type: ignore[no-any-return]


@pytest.mark.parametrize("page", PAGES)
def test_empty_pages_are_calm(coordinator: FlaskClient, page: str) -> None:
    assert coordinator.get(f"/practice{page}").status_code == 200


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("role", [Role.CONSULTANT, Role.SPONSOR])
def test_others_are_refused(sign_in: SignIn, app: object, page: str, role: Role) -> None:
    company = make.company() if role == Role.SPONSOR else None
    stranger = sign_in(make.person(role, company=company))
    assert stranger.get(f"/practice{page}").status_code == 403


def test_finance_reads_offerings_but_does_not_edit_them(sign_in: SignIn, app: object) -> None:
    finance = sign_in(make.person(Role.FINANCE))
    assert finance.get("/practice/offerings").status_code == 200
    assert finance.post("/practice/offerings/new", data=OFFERING).status_code == 403


def test_an_offering_is_added_in_minor_units(coordinator: FlaskClient) -> None:
    assert coordinator.post("/practice/offerings/new", data=OFFERING).status_code == 303
    [added] = session.scalars(select(Offering))
    assert (added.price_minor, added.deposit_minor, added.overage_rate_minor) == (
        250000,
        50000,
        18000,
    )
    assert (added.included_minutes, added.slug, added.version) == (960, "integrator-two-days", 1)


def test_an_edit_is_a_new_version(coordinator: FlaskClient) -> None:
    offering = make.offering()
    page = coordinator.get(f"/practice/offerings/{offering.id}")
    assert 'value="5000.00"' in page.text
    coordinator.post(f"/practice/offerings/{offering.id}", data=OFFERING | {"sold": ""})
    assert (offering.version, offering.price_minor) == (2, 250000)


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("name", "", "Give it a name."),
        ("price", "10.005", "At most 2 digits"),
        ("price", "-5", "Number must be"),
        ("price", "a lot", "Enter an amount such as"),
        ("days_per_month", "99", "Number must be"),
        ("late_refund_percent", "101", "Number must be"),
        ("role", "emperor", "Not a valid choice"),
    ],
)
def test_a_bad_offering_keeps_what_was_typed(
    coordinator: FlaskClient, field: str, value: str, message: str
) -> None:
    answer = coordinator.post("/practice/offerings/new", data=OFFERING | {field: value})
    assert answer.status_code == 422
    assert message in answer.text and "Leaders who pull together" in answer.text
    assert session.scalars(select(Offering)).all() == []


def test_a_consultant_is_added_with_hours_and_a_sign_in_link(coordinator: FlaskClient) -> None:
    assert coordinator.post("/practice/consultants/new", data=CONSULTANT).status_code == 303
    [added] = session.scalars(select(Consultant))
    assert (added.name, added.country, added.industries) == (
        "Noor Achebe", "NG", ["software", "logistics"],
    )  # fmt: skip
    tasks = session.scalars(select(Job.task)).all()
    assert tasks == ["accounts.send_sign_in_link"]
    assert added.person.role_names == {Role.CONSULTANT}


def test_an_address_belongs_to_one_person(coordinator: FlaskClient) -> None:
    make.person(Role.CONSULTANT, email="noor@example.com")
    answer = coordinator.post("/practice/consultants/new", data=CONSULTANT)
    assert answer.status_code == 422 and "Somebody else has this address." in answer.text


def test_hostile_text_is_escaped(coordinator: FlaskClient) -> None:
    coordinator.post(
        "/practice/consultants/new", data=CONSULTANT | {"name": "<script>alert(1)</script>"}
    )
    page = coordinator.get("/practice/consultants")
    assert "<script>alert" not in page.text and "&lt;script&gt;alert" in page.text


def test_a_mail_is_shown_as_text_and_its_html_never_runs(coordinator: FlaskClient) -> None:
    written = email()
    assert "Hello there" in coordinator.get(f"/practice/emails/{written.id}").text
    alone = coordinator.get(f"/practice/emails/{written.id}/html")
    assert "sandbox" in alone.headers["Content-Security-Policy"]
    looked = select(AuditEvent).where(AuditEvent.action == "email.looked_at")
    assert set(session.scalars(looked.with_only_columns(AuditEvent.subject))) == {
        f"email:{written.id}"
    }


def test_mails_are_found_by_state_and_word(coordinator: FlaskClient) -> None:
    email(number=1)
    email("uncertain", number=2, subject="Your receipt 100%")
    page = coordinator.get("/practice/emails?state=uncertain").text
    assert "Your receipt" in page and "Welcome 1" not in page
    assert "Welcome 1" not in coordinator.get("/practice/emails?q=100%25").text


def test_an_uncertain_mail_is_for_a_person_to_decide(coordinator: FlaskClient) -> None:
    written = email("uncertain")
    assert (
        "We do not know whether it arrived"
        in coordinator.get(f"/practice/emails/{written.id}").text
    )
    assert coordinator.post(f"/practice/emails/{written.id}/send").status_code == 303
    assert written.state == "waiting"


def test_a_failed_job_is_tried_again(coordinator: FlaskClient) -> None:
    outbox.enqueue("tests.work", "a")
    [job] = session.scalars(select(Job))
    job.state, job.last_error = "failed", "it broke"
    assert "it broke" in coordinator.get("/practice/jobs").text
    assert coordinator.post(f"/practice/jobs/{job.id}/retry").status_code == 303
    assert (job.state, job.attempts) == ("waiting", 0)
    assert coordinator.post(f"/practice/jobs/{job.id}/retry").status_code == 409


@pytest.mark.parametrize("page", ["", "/offerings", "/consultants", "/emails", "/jobs", "/audit"])
def test_lists_cost_the_same_with_one_row_and_with_three(
    coordinator: FlaskClient, page: str
) -> None:
    def statements() -> int:
        with counting() as sent:
            assert coordinator.get(f"/practice{page}").status_code == 200
        return len(sent)

    one_more(1)
    statements()
    first = statements()
    one_more(2)
    one_more(3)
    assert statements() == first


def one_more(number: int) -> None:
    make.engagement("active")
    email(number=number)
    outbox.enqueue("tests.work", number, run_after=clock.now() + timedelta(days=1))


def test_a_page_beyond_the_last_is_empty_not_an_error(coordinator: FlaskClient) -> None:
    assert coordinator.get("/practice/emails?page=99").status_code == 200
    assert coordinator.get("/practice/emails?page=nonsense").status_code == 200


def test_a_low_pulse_is_followed_up(coordinator: FlaskClient, sign_in: SignIn) -> None:
    engagement = make.engagement("active", company=make.company(name="Quiet & Co"))
    PulseAnswer.give(engagement.id, clock.now().date(), 2)
    page = coordinator.get("/practice").text
    assert "Needs a call" in page and "Quiet &amp; Co" in page and "Pulse of 2 out of 5" in page
    [asked] = session.scalars(select(FollowUp))
    finance = sign_in(make.person(Role.FINANCE))
    address = f"/practice/follow-ups/{asked.id}/done"
    assert finance.post(address).status_code == 403
    assert coordinator.post(address).status_code == 303
    assert "Needs a call" not in coordinator.get("/practice").text


def test_a_colleagues_sign_in_link_is_not_shown(coordinator: FlaskClient) -> None:
    link = "https://app.example.com/sign-in/link/ab-C_9"
    written = email(text=f"Sign in: {link}", html=f'<a href="{link}">Sign in</a>')
    pages = [coordinator.get(f"/practice/emails/{written.id}{tail}").text for tail in ("", "/html")]
    assert all("/sign-in/link/…" in page and "ab-C_9" not in page for page in pages)
