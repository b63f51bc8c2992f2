"""One engagement's page: what each side sees there and what it may do."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select

from tests import make
from tests.counting import counting
from tests.desk import rows
from tests.desk.rows import DAY, HOUR, lead
from webapp import clock
from webapp.access import CLIENT, FIRM, Role
from webapp.accounts.models import Person
from webapp.audit import AuditEvent
from webapp.billing.models import Invoice, InvoiceItem
from webapp.db import session
from webapp.engagements.models import Agreement, Engagement
from webapp.engagements.models.agreement import hash_of
from webapp.money import Money

SignIn = Callable[[Person], FlaskClient]
HOSTILE = "<img src=x onerror=alert(1)>"


@pytest.fixture
def view(app: object, sign_in: SignIn) -> Callable[[Person, Engagement], str]:
    def page(person: Person, engagement: Engagement) -> str:
        answer = sign_in(person).get(f"/engagements/{engagement.id}")
        assert answer.status_code == 200
        return answer.text

    return page


View = Callable[[Person, Engagement], str]


def member(engagement: Engagement, role: Role) -> Person:
    return make.person(role, company=engagement.company)


def full(stage: str = "active") -> Engagement:
    """An engagement with one of everything."""
    engagement = make.engagement(stage)
    rows.meeting(engagement, -10 * DAY, state="held")
    booked = rows.meeting(engagement, 5 * DAY, "review", title="Monthly review")
    rows.review(engagement, booked)
    rows.step(engagement, "client", title="Give access")
    rows.step(engagement, title="Walk through the day")
    rows.invoice(engagement)
    rows.subscription(engagement, clock.now() + 20 * DAY)
    rows.card(engagement)
    agree(engagement)
    return engagement


def agree(engagement: Engagement) -> None:
    text = "The agreement"
    accepted = {"accepted_name": "Dana Whitfield", "accepted_email": "dana@example.com"}
    make.saved(
        Agreement(engagement_id=engagement.id, terms_id=engagement.terms.id, version="1", text=text,
                  text_hash=hash_of(text), address="", agent="", **accepted)
    )  # fmt: skip


# -- who sees it -----------------------------------------------------------------------------------


@pytest.mark.parametrize("role", sorted(CLIENT))
def test_another_companys_is_not_there(app: object, sign_in: SignIn, role: Role) -> None:
    engagement = full()
    stranger = sign_in(make.person(role, company=make.company()))
    assert stranger.get(f"/engagements/{engagement.id}").status_code == 404
    assert stranger.get(f"/engagements/{uuid.uuid4()}").status_code == 404


def test_another_consultants_is_not_there(app: object, sign_in: SignIn) -> None:
    browser = sign_in(make.consultant().person)
    assert browser.get(f"/engagements/{full().id}").status_code == 404


def test_visitors_sign_in_first(client: FlaskClient, app: object) -> None:
    assert "/sign-in" in client.get(f"/engagements/{full().id}").headers["Location"]


@pytest.mark.parametrize("role", sorted(FIRM))
def test_a_look_by_the_firm_is_written_down(view: View, role: Role) -> None:
    engagement, looker = full(), make.person(role)
    view(looker, engagement)
    looked = select(AuditEvent).where(AuditEvent.action == "engagement.viewed")
    [event] = session.scalars(looked)
    assert (event.actor_id, event.subject) == (looker.id, f"engagement:{engagement.id}")


def test_a_partys_own_look_is_not(view: View) -> None:
    engagement = full()
    view(lead(engagement), engagement), view(member(engagement, Role.SPONSOR), engagement)
    looks = select(func.count()).where(AuditEvent.action == "engagement.viewed")
    assert session.scalar(looks) == 0


# -- what everybody sees ---------------------------------------------------------------------------


@pytest.mark.parametrize("role", [Role.SPONSOR, Role.OBSERVER, Role.OWNER, Role.CONSULTANT])
def test_meetings_steps_and_story(view: View, role: Role) -> None:
    engagement = full()
    persons = {Role.CONSULTANT: lead(engagement), Role.OWNER: make.person(Role.OWNER)}
    page = view(persons.get(role) or member(engagement, role), engagement)
    assert "Monthly review" in page and "Kickoff with the client" in page
    assert "Give access" in page and "0 of 2" in page
    assert "https://meet.example.com/room" in page
    # It names the prices, which a client's observer does not see.
    assert (f"/engagements/{engagement.id}/agreement" in page) is (role != Role.OBSERVER)


def test_instants_are_told_in_the_readers_zone(view: View) -> None:
    engagement = full()
    sponsor = member(engagement, Role.SPONSOR)
    sponsor.time_zone = "Asia/Kolkata"
    assert "(Kolkata, UTC+5:30)" in view(sponsor, engagement)


def test_the_client_reads_what_was_bought_the_consultant_for_whom(view: View) -> None:
    engagement = full()
    assert engagement.company is not None
    assert f"<h1>{engagement.title}</h1>" in view(member(engagement, Role.LEADER), engagement)
    assert f"<h1>{engagement.company.name}</h1>" in view(lead(engagement), engagement)


def test_hostile_text_is_escaped_and_no_link(view: View) -> None:
    engagement = make.engagement("active", company=make.company(name=HOSTILE))
    rows.meeting(engagement, DAY, title=HOSTILE, place="javascript:alert(1)")
    rows.step(engagement, title=HOSTILE)
    rows.invoice(engagement, "open", attempts=1, hosted_url="javascript:alert(1)", number=HOSTILE)
    rows.review(engagement, note=HOSTILE)
    for person in (lead(engagement), make.person(Role.OWNER), member(engagement, Role.SPONSOR)):
        page = view(person, engagement)
        assert "<img" not in page and 'href="javascript:' not in page


# -- what each may do ------------------------------------------------------------------------------


def offers(page: str, engagement: Engagement) -> set[str]:
    """The doors that the page opens, by name."""
    root = f"/engagements/{engagement.id}"
    doors = {
        "step": f"{root}/steps/", "kickoff": f"{root}/kickoff", "cancel": f"{root}/cancellation",
        "billing": 'button-wide" href="/billing"', "move": "/move", "pay": "Pay this invoice",
        "invoices": "invoice.example.com", "continue": 'href="/start/',
    }  # fmt: skip
    return {name for name, sign in doors.items() if sign in page}


@pytest.mark.parametrize(
    ("role", "expected"),
    [
        (Role.SPONSOR, {"step", "cancel", "billing", "move", "invoices"}),
        (Role.LEADER, {"step"}),
        (Role.BILLING, {"billing", "invoices"}),
        (Role.OBSERVER, set()),
        (Role.OWNER, {"cancel", "move", "invoices"}),
        (Role.COORDINATOR, {"cancel", "move", "invoices"}),
        (Role.FINANCE, {"invoices"}),
        (Role.CONSULTANT, {"step", "move"}),
    ],
)
def test_doors_before_the_kickoff(view: View, role: Role, expected: set[str]) -> None:
    engagement = make.engagement("onboarding")
    rows.meeting(engagement, 5 * DAY)
    rows.step(engagement, "client"), rows.invoice(engagement), rows.card(engagement)
    page = view(someone(engagement, role), engagement)
    assert offers(page, engagement) == expected


def someone(engagement: Engagement, role: Role) -> Person:
    """A person in that role; the sponsor and the consultant are the ones who attend."""
    if role == Role.CONSULTANT:
        return lead(engagement)
    if role == Role.SPONSOR and engagement.sponsor:
        return engagement.sponsor
    return member(engagement, role) if role in CLIENT else make.person(role)


def test_a_kickoff_that_is_over_can_still_be_opened(view: View) -> None:
    engagement = make.engagement("onboarding")
    kickoff = rows.meeting(engagement, -40 * DAY)
    page = view(lead(engagement), engagement)
    assert f'href="/meetings/{kickoff.id}"' in page and "Not recorded yet" in page
    assert "kickoff" in offers(page, engagement)
    kickoff.state = "missed"
    session.flush()
    page = view(lead(engagement), engagement)
    assert f'href="/meetings/{kickoff.id}"' in page and ">Missed<" in page
    assert "kickoff" not in offers(page, engagement)


@pytest.mark.parametrize(
    ("role", "may"),
    [(Role.CONSULTANT, True), (Role.COORDINATOR, True), (Role.OWNER, True),
     (Role.FINANCE, False), (Role.SPONSOR, False)],
)  # fmt: skip
def test_the_kickoff_is_recorded_by_those_who_run_it(view: View, role: Role, may: bool) -> None:
    engagement = make.engagement("onboarding")
    rows.meeting(engagement, -2 * HOUR)
    found = offers(view(someone(engagement, role), engagement), engagement)
    assert ("kickoff" in found) is may
    assert "cancel" not in found


def test_clients_tick_their_own_steps_only(view: View) -> None:
    engagement = make.engagement("onboarding")
    rows.meeting(engagement, 5 * DAY)
    theirs, ours = rows.step(engagement, "client"), rows.step(engagement, "consultant")
    page = view(member(engagement, Role.LEADER), engagement)
    assert f"/steps/{theirs.id}" in page and f"/steps/{ours.id}" not in page
    page = view(lead(engagement), engagement)
    assert f"/steps/{theirs.id}" in page and f"/steps/{ours.id}" in page


def test_a_sponsor_of_one_company_who_observes_another_only_reads_there(view: View) -> None:
    engagement = make.engagement("onboarding")
    rows.meeting(engagement, 5 * DAY)
    rows.step(engagement, "client"), rows.card(engagement)
    person = member(engagement, Role.OBSERVER)
    make.saved(person.join(Role.SPONSOR, make.company()))
    assert offers(view(person, engagement), engagement) == set()


def test_an_open_step_past_its_date_is_overdue(view: View) -> None:
    engagement = make.engagement("onboarding")
    late = rows.step(engagement, "client", due_on=clock.now().date() - 3 * DAY)
    rows.step(engagement, "client", due_on=clock.now().date() + 3 * DAY)
    person = member(engagement, Role.LEADER)
    assert view(person, engagement).count("Overdue") == 1
    late.complete(person)
    assert "Overdue" not in view(person, engagement)


def test_done_steps_can_be_opened_again(app: object, sign_in: SignIn, view: View) -> None:
    engagement = make.engagement("onboarding")
    step = rows.step(engagement, "client")
    browser = sign_in(member(engagement, Role.SPONSOR))
    address = f"/engagements/{engagement.id}/steps/{step.id}"
    assert browser.post(address).status_code == 303
    assert step.done and "1 of 1" in view(lead(engagement), engagement)
    assert 'name="undo"' in browser.get(f"/engagements/{engagement.id}").text
    assert browser.post(address, data={"undo": "1"}).status_code == 303
    assert not step.done


# -- money -----------------------------------------------------------------------------------------


def test_invoices_with_their_documents_next_charge_and_card(view: View) -> None:
    engagement = full()
    invoice = rows.invoice(engagement, number="RH-7001")
    page = view(member(engagement, Role.BILLING), engagement)
    assert "RH-7001" in page and "$5,000.00" in page
    assert invoice.hosted_url in page and invoice.pdf_url in page
    assert "Visa ending 4242" in page and "Next charge" in page


def test_the_consultant_learns_that_it_is_paid_and_no_more(view: View) -> None:
    engagement = full()
    invoice = rows.invoice(engagement)
    page = view(lead(engagement), engagement)
    assert "Paid" in page and "The latest invoice was paid on" in page
    assert invoice.number not in page and "4242" not in page and "$5,000.00" not in page


@pytest.mark.parametrize("role", [Role.LEADER, Role.OBSERVER])
def test_the_clients_leaders_and_observers_read_what_was_agreed_and_no_amount(
    view: View, role: Role
) -> None:
    """Neither of what is paid, nor of what failed, waits, is planned or came back."""
    engagement = full()
    [invoice] = session.scalars(select(Invoice))
    rows.invoice(engagement, "open", attempts=2)
    InvoiceItem.add(engagement, "one_off", "one_off:1", "A workshop", Money.of(777, "USD"))
    page = view(member(engagement, role), engagement)
    assert engagement.terms.name in page and "30 days" in page
    assert "Payment failed" in page and "Your billing contact has been told" in page
    assert "A workshop" not in page and invoice.number not in page
    assert not re.search(r"[$£€]\s?\d|USD", page)


@pytest.mark.parametrize(
    ("role", "pays"),
    [(Role.SPONSOR, True), (Role.BILLING, True), (Role.LEADER, False), (Role.OBSERVER, False),
     (Role.OWNER, False), (Role.CONSULTANT, False)],
)  # fmt: skip
def test_a_failed_payment_is_told_with_a_way_to_pay(view: View, role: Role, pays: bool) -> None:
    engagement = make.engagement("active")
    rows.invoice(engagement, "open", attempts=2)
    page = view(someone(engagement, role), engagement)
    assert "A payment failed" in page
    assert ("pay" in offers(page, engagement)) is pays


def test_the_firm_reads_what_the_bank_says_as_said_to_the_payer_and_no_grace_that_is_over(
    view: View,
) -> None:
    engagement = make.engagement("active")
    rows.invoice(engagement, "open", attempts=3, failure="Your card has insufficient funds.",
                 issued_at=clock.now() - 13 * DAY)  # fmt: skip
    theirs, ours = "Your card has insufficient funds.", "Their bank says: “Your card has"
    page = view(make.person(Role.COORDINATOR), engagement)
    assert ours in page and "until a coordinator decides otherwise" in page
    page = view(member(engagement, Role.SPONSOR), engagement)
    assert theirs in page and ours not in page and "until we decide otherwise" in page


def test_an_invoice_just_issued_is_no_trouble(view: View) -> None:
    engagement = make.engagement("active")
    rows.invoice(engagement, "open")
    assert "A payment failed" not in view(member(engagement, Role.SPONSOR), engagement)


def test_one_that_is_not_paid_yet_goes_on(view: View) -> None:
    engagement = make.engagement("signed", hold={"state": "held"})
    assert engagement.sponsor is not None
    page = view(engagement.sponsor, engagement)
    assert "Waiting for the first payment" in page and "continue" in offers(page, engagement)
    observer = member(engagement, Role.OBSERVER)
    assert "continue" not in offers(view(observer, engagement), engagement)


def test_the_firm_sees_an_enquiry_that_has_no_company_yet(view: View) -> None:
    engagement = make.engagement("signed", hold={"state": "held"})
    engagement.stage, engagement.company, engagement.sponsor = "enquiry", None, None
    engagement.draft = {"company_name": "Typed Only Ltd"}
    make.saved(engagement)
    assert "Typed Only Ltd" in view(make.person(Role.COORDINATOR), engagement)


# -- reviews ---------------------------------------------------------------------------------------


def test_a_review_that_is_over_asks_its_consultant_to_record_it(view: View) -> None:
    engagement = make.engagement("active")
    review = rows.review(engagement, rows.meeting(engagement, -2 * HOUR, "review"))
    assert f"/reviews/{review.id}" in view(lead(engagement), engagement)
    assert "How did the review go?" not in view(member(engagement, Role.SPONSOR), engagement)


def test_reviews_that_are_over_stay_within_reach(view: View) -> None:
    engagement = make.engagement("active")
    held = rows.review(engagement, rows.meeting(engagement, -DAY, "review", state="held"))
    held.state = "held"
    page = view(member(engagement, Role.OBSERVER), engagement)
    assert f"/reviews/{held.id}" in page and "January 2026" in page


def test_calendar_files_are_for_those_who_attend(view: View) -> None:
    engagement = make.engagement("onboarding")
    booked = rows.meeting(engagement, 5 * DAY)
    address = f"/meetings/{booked.id}.ics"
    for person in (lead(engagement), engagement.sponsor, make.person(Role.FINANCE)):
        assert person and address in view(person, engagement)
    assert address not in view(member(engagement, Role.LEADER), engagement)


def test_a_long_story_folds_its_beginning(view: View) -> None:
    engagement = make.engagement("active")
    for number in range(25):
        rows.meeting(
            engagement, -(number + 1) * DAY, "review", state="held", title=f"Review {number}"
        )
    page = view(lead(engagement), engagement)
    assert "<details" in page and "17 earlier entries" in page
    latest = page.rindex('class="is-now"')
    assert page.count('class="is-now"') == 1 and "Review 0" in page[latest:]


def test_the_same_statements_however_much_there_is(app: object, sign_in: SignIn) -> None:
    assert statements(sign_in, 1) == statements(sign_in, 3)


def statements(sign_in: SignIn, times: int) -> int:
    engagement = full()
    for number in range(times):
        booked = rows.meeting(engagement, (number + 6) * DAY, "review")
        rows.review(engagement, booked, month=f"2026-0{number + 2}-01")
        rows.step(engagement), rows.invoice(engagement)
    browser = sign_in(lead(engagement))
    with counting() as sent:
        assert browser.get(f"/engagements/{engagement.id}").status_code == 200
    return len(sent)
