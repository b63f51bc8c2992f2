"""Connected accounts: through onboarding, paid, called back, paid out, held up."""

import pytest
import stripe

from tests.sandbox.stripe_desk import DAY, Desk
from tests.sandbox.test_stripe_balance import amounts, paid


def account(desk: Desk, **values: object) -> stripe.Account:
    given = {
        "type": "express",
        "email": "ann@example.com",
        "capabilities": {"transfers": {"requested": True}},
    }
    return desk.api.v1.accounts.create(given | values)  # type: ignore[arg-type]


def link(desk: Desk, connected: str) -> str:
    return desk.api.v1.account_links.create(
        {
            "account": connected,
            "type": "account_onboarding",
            "refresh_url": "http://app.test/again",
            "return_url": "http://app.test/back",
        }
    ).url


def onboarded(desk: Desk, **values: object) -> str:
    made = account(desk, **values).id
    desk.control("POST", f"accounts/{made}", {"do": "finish"})
    return made


def held(desk: Desk, connected: str) -> int:
    found = desk.api.v1.balance.retrieve({}, {"stripe_account": connected})
    return sum(one.amount for one in [*found.available, *found.pending])


def send(desk: Desk, to: str, amount: int, **values: object) -> stripe.Transfer:
    given = {"amount": amount, "currency": "usd", "destination": to}
    return desk.api.v1.transfers.create(given | values)  # type: ignore[arg-type]


def test_a_new_account_owes_details_and_receives_nothing(desk: Desk) -> None:
    made = account(desk, metadata={"person": "p1"})
    assert (made.payouts_enabled, made.charges_enabled, made.details_submitted) == (False,) * 3
    assert made.capabilities and made.capabilities.transfers == "inactive"
    assert made.requirements and "external_account" in (made.requirements.currently_due or [])
    charge = paid(desk, 10_000)
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        send(desk, made.id, 100, source_transaction=charge.id)
    assert refusal.value.code == "insufficient_capabilities_for_transfer"


def test_onboarding_can_be_finished_or_left(desk: Desk) -> None:
    made = account(desk)
    page = desk.browser.get(link(desk, made.id))
    assert "Tos acceptance, date" in page.text
    left = desk.browser.post(page.url, data={"outcome": "leave"}, allow_redirects=False)
    assert left.headers["Location"] == "http://app.test/back"
    assert not desk.api.v1.accounts.retrieve(made.id).payouts_enabled
    page = desk.browser.get(link(desk, made.id))
    done = desk.browser.post(page.url, data={"outcome": "finish"}, allow_redirects=False)
    assert done.headers["Location"] == "http://app.test/back"
    ready = desk.api.v1.accounts.retrieve(made.id)
    assert ready.payouts_enabled and ready.details_submitted
    assert ready.capabilities and ready.capabilities.transfers == "active"
    assert ready.external_accounts and ready.external_accounts.data[0].last4 == "6789"


def test_the_link_opens_once_and_for_five_minutes(desk: Desk) -> None:
    made = account(desk)
    for address, seconds in ((link(desk, made.id), 0), (link(desk, made.id), 301)):
        if seconds:
            desk.advance(seconds)
        else:
            assert desk.browser.get(address).status_code == 200
        again = desk.browser.get(address, allow_redirects=False)
        assert again.headers["Location"] == "http://app.test/again"


def test_an_account_s_events_name_it_and_are_listed_for_it_alone(desk: Desk) -> None:
    made = onboarded(desk)
    desk.deliver()
    told = [e for e in desk.receiver.events if e.type == "account.updated"]
    assert told and {e.account for e in told} == {made}
    assert told[-1].data.object["payouts_enabled"]
    assert desk.api.v1.events.list({"type": "account.*"}).data == []
    own = desk.api.v1.events.list({"type": "account.updated"}, {"stripe_account": made}).data
    assert [e.id for e in own] == [e.id for e in told[::-1]]


def test_more_details_can_be_asked_for_and_hold_everything_up(desk: Desk) -> None:
    made = onboarded(desk)
    desk.control("POST", f"accounts/{made}", {"do": "require", "owed": ["individual.id_number"]})
    found = desk.api.v1.accounts.retrieve(made)
    assert not found.payouts_enabled
    assert found.requirements and found.requirements.disabled_reason == "requirements.past_due"
    with pytest.raises(stripe.InvalidRequestError):
        send(desk, made, 100, source_transaction=paid(desk, 10_000).id)
    desk.control("POST", f"accounts/{made}", {"do": "finish"})
    assert desk.api.v1.accounts.retrieve(made).payouts_enabled


def test_transfers_of_a_payment_come_to_no_more_than_it(desk: Desk) -> None:
    made, charge = onboarded(desk), paid(desk, 100_000)
    first = send(desk, made, 60_000, source_transaction=charge.id, metadata={"invoice": "i1"})
    assert first.source_transaction == charge.id and first.metadata["invoice"] == "i1"
    assert first.transfer_group == f"group_{charge.payment_intent}"
    with pytest.raises(stripe.InvalidRequestError, match="must not exceed the source amount"):
        send(desk, made, 40_001, source_transaction=charge.id)
    send(desk, made, 40_000, source_transaction=charge.id)
    assert held(desk, made) == 100_000
    listed = desk.api.v1.transfers.list({"transfer_group": first.transfer_group}).data
    assert [one.amount for one in listed] == [40_000, 60_000]
    with pytest.raises(stripe.InvalidRequestError, match="same as the transfer currency"):
        send(desk, made, 1, source_transaction=paid(desk, 100, "eur").id)


def test_without_a_payment_only_what_is_available_can_be_sent(desk: Desk) -> None:
    made = onboarded(desk)
    pending = paid(desk, 100_000, number="4242424242424242")
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        send(desk, made, 1_000)
    assert refusal.value.code == "balance_insufficient"
    assert send(desk, made, 1_000, source_transaction=pending.id).amount == 1_000
    desk.advance(5 * DAY)
    left = amounts(desk)["usd"][0]
    send(desk, made, left)
    assert amounts(desk) == {"usd": (0, 0)}


def test_a_transfer_is_called_back_in_parts(desk: Desk) -> None:
    made, charge = onboarded(desk), paid(desk, 100_000)
    sent = send(desk, made, 50_000, source_transaction=charge.id)
    reversals = desk.api.v1.transfers.reversals
    part = reversals.create(sent.id, {"amount": 20_000, "metadata": {"refund": "r1"}})
    assert (part.amount, part.transfer) == (20_000, sent.id)
    with pytest.raises(stripe.InvalidRequestError, match="greater than unreversed"):
        reversals.create(sent.id, {"amount": 30_001})
    reversals.create(sent.id)
    found = desk.api.v1.transfers.retrieve(sent.id)
    assert (found.reversed, found.amount_reversed) == (True, 50_000)
    assert [one.amount for one in reversals.list(sent.id).data] == [30_000, 20_000]
    assert reversals.retrieve(sent.id, part.id).metadata["refund"] == "r1"  # type: ignore[index]
    told = desk.api.v1.events.list({"type": "transfer.reversed"}).data[::-1]
    assert [e.data.object["amount_reversed"] for e in told] == [20_000, 50_000]
    assert held(desk, made) == 0


def test_what_is_gone_cannot_be_called_back(desk: Desk) -> None:
    made, charge = onboarded(desk), paid(desk, 100_000)
    sent = send(desk, made, 50_000, source_transaction=charge.id)
    desk.control("POST", f"accounts/{made}", {"do": "empty"})
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        desk.api.v1.transfers.reversals.create(sent.id)
    assert refusal.value.code == "balance_insufficient"
    assert desk.api.v1.transfers.retrieve(sent.id).amount_reversed == 0


def test_an_account_is_paid_out_by_itself_once_its_money_is_there(desk: Desk) -> None:
    made = onboarded(desk)
    charge = paid(desk, 100_000, number="4242424242424242")
    send(desk, made, 50_000, source_transaction=charge.id)
    desk.advance_to(charge.balance_transaction.available_on)  # type: ignore[union-attr]
    assert held(desk, made) == 50_000
    desk.advance(DAY)
    assert held(desk, made) == 0
    [payout] = desk.api.v1.payouts.list({}, {"stripe_account": made}).data
    assert (payout.amount, payout.automatic) == (50_000, True)
    desk.advance(DAY)
    [payout] = desk.api.v1.payouts.list({}, {"stripe_account": made}).data
    assert payout.status == "paid"


def test_a_manual_schedule_leaves_the_money_where_it_is(desk: Desk) -> None:
    schedule = {"payouts": {"schedule": {"interval": "manual"}}}
    made, charge = onboarded(desk, settings=schedule), paid(desk, 100_000)
    send(desk, made, 50_000, source_transaction=charge.id)
    desk.advance(9 * DAY)
    assert held(desk, made) == 50_000


def test_the_express_dashboard_opens_after_onboarding(desk: Desk) -> None:
    made = account(desk).id
    with pytest.raises(stripe.InvalidRequestError, match="not completed onboarding"):
        desk.api.v1.accounts.login_links.create(made)
    desk.control("POST", f"accounts/{made}", {"do": "finish"})
    send(desk, made, 50_000, source_transaction=paid(desk, 100_000).id, description="May")
    page = desk.browser.get(desk.api.v1.accounts.login_links.create(made).url)
    assert page.status_code == 200 and "May" in page.text and "$500.00" in page.text


def test_accounts_of_other_kinds_and_strange_calls_are_refused(desk: Desk) -> None:
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        account(desk, type="custom")
    assert refusal.value.code == "not_imitated"
    made = onboarded(desk)
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        desk.api.v1.customers.list({}, {"stripe_account": made})
    assert refusal.value.code == "not_imitated"
    assert desk.api.v1.accounts.delete(made).deleted
    with pytest.raises(stripe.InvalidRequestError, match="No such destination"):
        send(desk, made, 1)
