"""A consultant sets up their account at Stripe."""

from __future__ import annotations

import pytest

from tests import make
from tests.billing.conftest import rows
from tests.billing.earnings.conftest import (
    SignIn,
)
from tests.standin import StandIn, visible
from webapp.billing.models import ConnectedAccount
from webapp.catalog.models import Consultant


def test_account_is_set_up_at_stripe_and_the_page_says_what_is_missing(
    consultant: Consultant, sign_in: SignIn, stripe: StandIn
) -> None:
    browser = sign_in(consultant.person)
    first = browser.post(f"/earnings/{consultant.id}/account")
    assert first.status_code == 303 and first.headers["Location"].startswith(stripe.base)
    [account] = rows(ConnectedAccount)
    page = visible(browser.get("/earnings/account/back", follow_redirects=True).text)
    assert "The bank account to pay into" in page and "Your date of birth" in page
    assert "Go on at Stripe" in page
    browser.post(f"/earnings/{consultant.id}/account")
    assert len(stripe.objects("account", id=account.stripe_id)) == 1
    made = [call for call in stripe.calls("/v1/accounts") if call["method"] == "POST"]
    assert len([call for call in made if call["path"] == "/v1/accounts"]) >= 1
    stripe.control(f"accounts/{account.stripe_id}", do="finish")
    done = visible(browser.get("/earnings/account/back", follow_redirects=True).text)
    assert "Your account is ready" in done and "Account ready" in done


def test_nobody_sets_up_the_account_of_another(consultant: Consultant, sign_in: SignIn) -> None:
    other = make.consultant()
    assert sign_in(consultant.person).post(f"/earnings/{other.id}/account").status_code == 404
    assert rows(ConnectedAccount) == []


def test_an_old_link_of_stripes_leads_back_to_the_button(
    consultant: Consultant, sign_in: SignIn
) -> None:
    answer = sign_in(consultant.person).get("/earnings/account/again", follow_redirects=True)
    assert "was used or is too old" in visible(answer.text)


@pytest.mark.parametrize("kind", ["500", "lost_response", "timeout"])
def test_with_stripe_down_nothing_is_lost_and_there_is_one_account(
    consultant: Consultant, sign_in: SignIn, stripe: StandIn, kind: str
) -> None:
    browser = sign_in(consultant.person)
    stripe.fault("POST /v1/accounts", kind, times=9)
    assert browser.post(f"/earnings/{consultant.id}/account").status_code in {303, 503}
    stripe.web.delete(f"{stripe.base}/_sandbox/faults")
    assert browser.post(f"/earnings/{consultant.id}/account").status_code == 303
    ours = [one for one in stripe.objects("account")
            if one["metadata"].get("consultant") == str(consultant.id)]  # fmt: skip
    assert len(ours) == 1
