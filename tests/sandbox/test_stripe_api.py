"""The API's manners: keys, idempotency, errors, lists, expansion, search."""

import pytest
import requests
import stripe

from tests.sandbox.stripe_desk import KEY, Desk, client_of


def test_a_wrong_key_is_refused(desk: Desk) -> None:
    with pytest.raises(stripe.AuthenticationError, match="Invalid API Key"):
        client_of(desk.url, "sk_test_other").v1.customers.list()
    with pytest.raises(stripe.AuthenticationError):
        client_of(desk.url, "sk_live_something").v1.customers.list()
    assert requests.get(f"{desk.url}/v1/customers").status_code == 401


def test_a_key_given_twice_answers_twice_and_acts_once(desk: Desk) -> None:
    options: stripe.RequestOptions = {"idempotency_key": "customer:1:1"}
    first = desk.api.v1.customers.create({"email": "a@b.co"}, options)
    second = desk.api.v1.customers.create({"email": "a@b.co"}, options)
    assert first.id == second.id and len(desk.api.v1.customers.list().data) == 1
    assert second.last_response.headers["Idempotent-Replayed"] == "true"
    assert desk.event_types().count("customer.created") == 1


def test_a_key_used_for_something_else_is_an_idempotency_error(desk: Desk) -> None:
    options: stripe.RequestOptions = {"idempotency_key": "k"}
    desk.api.v1.customers.create({"email": "a@b.co"}, options)
    with pytest.raises(stripe.IdempotencyError) as refusal:
        desk.api.v1.customers.create({"email": "other@b.co"}, options)
    assert refusal.value.http_status == 400
    with pytest.raises(stripe.IdempotencyError):
        desk.api.v1.products.create({"name": "a@b.co"}, options)


def test_a_refused_parameter_leaves_the_key_free(desk: Desk) -> None:
    options: stripe.RequestOptions = {"idempotency_key": "k"}
    with pytest.raises(stripe.InvalidRequestError):
        desk.api.v1.customers.create({"nonsense": 1}, options)  # type: ignore[typeddict-unknown-key]
    assert desk.api.v1.customers.create({"email": "a@b.co"}, options).email == "a@b.co"


def test_a_refusal_that_came_of_running_is_kept(desk: Desk) -> None:
    options: stripe.RequestOptions = {"idempotency_key": "k"}
    for _ in range(2):
        with pytest.raises(stripe.InvalidRequestError, match="No such customer"):
            desk.api.v1.subscriptions.create({"customer": "cus_later"}, options)
    with pytest.raises(stripe.IdempotencyError):
        desk.api.v1.subscriptions.create({"customer": desk.customer().id}, options)


def test_a_key_is_forgotten_after_a_day_and_metadata_finds_the_object(desk: Desk) -> None:
    options: stripe.RequestOptions = {"idempotency_key": "k"}
    values: stripe.params.CustomerCreateParams = {"metadata": {"company": "c1"}}
    first = desk.api.v1.customers.create(values, options)
    desk.advance(86400 + 60)
    found = desk.api.v1.customers.search({"query": "metadata['company']:'c1'"}).data
    assert [c.id for c in found] == [first.id]
    assert desk.api.v1.customers.create(values, options).id != first.id


def test_calls_are_listed_with_their_keys(desk: Desk) -> None:
    desk.api.v1.customers.create({"email": "a@b.co"}, {"idempotency_key": "customer:1:1"})
    [call] = desk.control("GET", "calls")
    assert (call["method"], call["path"], call["status"]) == ("POST", "/v1/customers", 200)
    assert (call["idempotency_key"], call["params"]) == ("customer:1:1", {"email": "a@b.co"})
    assert call["request"].startswith("req_")


def test_what_does_not_exist_is_missing(desk: Desk) -> None:
    for find in (desk.api.v1.customers, desk.api.v1.subscriptions, desk.api.v1.invoices):
        with pytest.raises(stripe.InvalidRequestError) as refusal:
            find.retrieve("nothing")
        assert (refusal.value.http_status, refusal.value.code) == (404, "resource_missing")
        assert refusal.value.param == "id"
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        desk.api.v1.invoices.retrieve(desk.customer().id)
    assert refusal.value.code == "resource_missing"
    assert requests.get(f"{desk.url}/v1/unicorns", auth=(KEY, "")).status_code == 404


def test_lists_come_in_pages_newest_first(desk: Desk) -> None:
    made = [desk.customer(email=f"{n}@b.co").id for n in range(5)]
    first = desk.api.v1.customers.list({"limit": 2})
    assert ([c.id for c in first.data], first.has_more) == (made[:2:-1], True)
    assert [c.id for c in first.auto_paging_iter()] == made[::-1]
    back = desk.api.v1.customers.list({"limit": 2, "ending_before": made[0]})
    assert [c.id for c in back.data] == [made[2], made[1]]
    assert not desk.api.v1.customers.list({"starting_after": made[1]}).has_more
    assert desk.api.v1.customers.list({"email": "3@b.co"}).data[0].id == made[3]
    with pytest.raises(stripe.InvalidRequestError):
        desk.api.v1.customers.list({"limit": 101})
    with pytest.raises(stripe.InvalidRequestError):
        desk.api.v1.customers.list({"starting_after": "cus_unknown"})


def test_pages_go_on_among_what_a_filter_lets_through(desk: Desk) -> None:
    old = desk.customer(email="a@b.co").id
    desk.advance(1000)
    since = desk.now
    made = [desk.customer(email=email).id for email in ("a@b.co", "c@d.co", "a@b.co")]
    lately = {"created": {"gte": since}, "limit": 1}
    assert [c.id for c in desk.api.v1.customers.list(lately).auto_paging_iter()] == made[::-1]
    theirs = {"email": "a@b.co", "limit": 1}
    found = [c.id for c in desk.api.v1.customers.list(theirs).auto_paging_iter()]
    assert found == [made[2], made[0], old]
    assert not desk.api.v1.customers.list(lately | {"starting_after": made[0]}).data


def test_objects_are_shown_by_their_fields(desk: Desk) -> None:
    wanted = desk.customer(metadata={"engagement": "7"})
    desk.customer(metadata={"engagement": "8"})
    [found] = desk.control("GET", "objects?kind=customer&metadata__engagement=7")
    assert found["id"] == wanted.id
    refused = requests.get(f"{desk.url}/_sandbox/objects?kind=customer&a'b=7")
    assert refused.status_code == 400


def test_events_are_listed_by_type_and_time(desk: Desk) -> None:
    since = desk.now
    customer = desk.customer()
    desk.advance(1000)
    desk.api.v1.customers.update(customer.id, {"name": "New"})
    [event] = desk.api.v1.events.list({"type": "customer.updated"}).data
    assert event.data.previous_attributes.to_dict() == {"name": "Acme"}
    assert event.data.object.name == "New"
    assert event.request.id.startswith("req_")
    assert len(desk.api.v1.events.list({"created": {"gte": since + 900}}).data) == 1
    assert len(desk.api.v1.events.list({"type": "customer.*"}).data) == 2
    assert desk.api.v1.events.retrieve(event.id).id == event.id


def test_expansion_goes_down_and_only_where_it_can(desk: Desk) -> None:
    subscription = desk.subscribed()
    paths = [
        "customer",
        "latest_invoice.payments.data.payment.payment_intent",
        "default_payment_method",
    ]
    with pytest.raises(stripe.InvalidRequestError, match="more than 4 levels"):
        desk.api.v1.subscriptions.retrieve(subscription.id, {"expand": paths})
    paths[1] = "latest_invoice.payments"
    whole = desk.api.v1.subscriptions.retrieve(subscription.id, {"expand": paths})
    assert isinstance(whole.customer, stripe.Customer) and whole.customer.name == "Acme"
    assert whole.latest_invoice.payments.data[0].status == "paid"
    assert whole.default_payment_method.card.last4 == "4242"
    listed = desk.api.v1.subscriptions.list({"expand": ["data.customer"]})
    assert listed.data[0].customer.id == whole.customer.id
    with pytest.raises(stripe.InvalidRequestError, match="cannot be expanded"):
        desk.api.v1.subscriptions.retrieve(subscription.id, {"expand": ["status"]})


def test_metadata_is_merged_unset_and_limited(desk: Desk) -> None:
    customer = desk.customer(metadata={"a": "1", "b": "2"})
    update = desk.api.v1.customers.update
    assert update(customer.id, {"metadata": {"b": "", "c": "3"}}).metadata.to_dict() == {
        "a": "1",
        "c": "3",
    }
    assert update(customer.id, {"metadata": ""}).metadata.to_dict() == {}
    with pytest.raises(stripe.InvalidRequestError, match="500"):
        update(customer.id, {"metadata": {"k": "x" * 501}})


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("metadata['engagement']:'e 1'", {"A"}),
        ('metadata["engagement"]:"e2" OR name:"A"', {"A", "B"}),
        ("email:'a@b.co' AND metadata['engagement']:'e2'", {"B"}),
        ("name~'ob'", {"Bob's"}),
        ("name:'Bob\\'s'", {"Bob's"}),
        ("-metadata['engagement']:null AND -name:'A'", {"B"}),
        ("created>1", {"A", "B", "Bob's"}),
    ],
)
def test_search_finds_by_metadata(desk: Desk, query: str, names: set[str]) -> None:
    desk.customer(name="A", metadata={"engagement": "e 1"})
    desk.customer(name="B", email="a@b.co", metadata={"engagement": "e2"})
    desk.customer(name="Bob's")
    assert {c.name for c in desk.api.v1.customers.search({"query": query}).data} == names


def test_search_finds_subscriptions_and_refuses_nonsense(desk: Desk) -> None:
    subscription = desk.subscribed()
    query = "metadata['engagement']:'e1' AND status:'trialing'"
    assert [s.id for s in desk.api.v1.subscriptions.search({"query": query}).data] == [
        subscription.id
    ]
    with pytest.raises(stripe.InvalidRequestError):
        desk.api.v1.customers.search({"query": "who knows"})


def test_a_deleted_customer_is_a_stub_and_their_subscriptions_end(desk: Desk) -> None:
    subscription = desk.subscribed()
    customer = str(subscription.customer)
    assert desk.api.v1.customers.delete(customer).deleted
    assert desk.api.v1.customers.retrieve(customer).deleted
    assert desk.api.v1.customers.list().data == []
    assert desk.api.v1.subscriptions.retrieve(subscription.id).status == "canceled"
    desk.advance(40 * 86400)
    assert len(desk.invoices(subscription.id)) == 1
    with pytest.raises(stripe.InvalidRequestError):
        desk.api.v1.customers.update(customer, {"name": "Ghost"})


def test_refunds_stop_at_what_was_paid(desk: Desk) -> None:
    desk.subscribed()
    [intent] = desk.api.v1.payment_intents.list().data
    part = desk.api.v1.refunds.create({"payment_intent": intent.id, "amount": 150_000})
    with pytest.raises(stripe.InvalidRequestError, match="greater than unrefunded amount"):
        desk.api.v1.refunds.create({"payment_intent": intent.id, "amount": 450_001})
    rest = desk.api.v1.refunds.create({"charge": part.charge})
    assert (part.amount, rest.amount) == (150_000, 450_000)
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        desk.api.v1.refunds.create({"charge": part.charge})
    assert refusal.value.code == "charge_already_refunded"
    charge = desk.api.v1.charges.retrieve(str(part.charge))
    assert (charge.refunded, charge.amount_refunded) == (True, 600_000)


def test_an_invoice_that_cannot_be_charged_is_a_card_error(desk: Desk) -> None:
    customer = desk.customer()
    method = desk.api.v1.payment_methods.attach(
        "pm_card_chargeCustomerFail", {"customer": customer.id}
    )
    desk.api.v1.invoice_items.create({"customer": customer.id, "amount": 1_000, "currency": "usd"})
    values = {
        "customer": customer.id,
        "pending_invoice_items_behavior": "include",
        "default_payment_method": method.id,
    }
    invoice = desk.api.v1.invoices.create(values)
    with pytest.raises(stripe.CardError) as declined:
        desk.api.v1.invoices.pay(invoice.id)
    assert (declined.value.http_status, declined.value.code) == (402, "card_declined")
    assert declined.value.error.decline_code == "generic_decline"
    assert desk.api.v1.invoices.retrieve(invoice.id).attempt_count == 1
    with pytest.raises(stripe.CardError):
        desk.api.v1.payment_methods.attach("pm_card_chargeDeclined", {"customer": customer.id})


def test_a_first_payment_never_made_expires_the_subscription_and_voids_its_invoice(
    desk: Desk,
) -> None:
    customer = desk.customer()
    token = "pm_card_chargeCustomerFail"
    method = desk.api.v1.payment_methods.attach(token, {"customer": customer.id})
    product = desk.api.v1.products.create({"name": "Retainer"}).id
    monthly = {"currency": "usd", "unit_amount": 100, "recurring": {"interval": "month"}}
    subscription = desk.api.v1.subscriptions.create(
        {
            "customer": customer.id,
            "items": [{"price_data": {"product": product} | monthly}],
            "default_payment_method": method.id,
        }
    )
    assert subscription.status == "incomplete"
    desk.advance(24 * 3600)
    assert desk.api.v1.subscriptions.retrieve(subscription.id).status == "incomplete_expired"
    assert [i.status for i in desk.invoices(subscription.id)] == ["void"]
    desk.advance(40 * 86400)
    assert len(desk.invoices(subscription.id)) == 1


def test_a_preview_is_the_invoice_to_the_cent(desk: Desk) -> None:
    subscription = desk.subscribed()
    desk.advance_to(subscription.trial_end + 10 * 86400)
    change = {
        "items": [{"id": subscription["items"].data[0].id, "quantity": 3}],
        "proration_behavior": "always_invoice",
        "proration_date": desk.now,
    }
    calls_before = len(desk.event_types())
    preview = desk.api.v1.invoices.create_preview(
        {"subscription": subscription.id, "subscription_details": change}
    )
    assert len(desk.event_types()) == calls_before
    changed = desk.api.v1.subscriptions.update(subscription.id, change)
    invoice = desk.api.v1.invoices.retrieve(str(changed.latest_invoice))
    shown = [(x.amount, x.description) for x in preview.lines.data]
    assert shown == [(x.amount, x.description) for x in invoice.lines.data]
    assert preview.amount_due == invoice.amount_paid > 0
    assert shown[0][0] < 0 < shown[1][0]
    desk.advance(31 * 86400)
    assert desk.invoices(subscription.id)[-1].amount_paid == 1_500_000
