"""The customer portal: cards and bank accounts on file, billing details and past invoices."""

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from sandbox.stripe.billing import banks, payment_methods, setups, standing
from sandbox.stripe.billing.money import in_words
from sandbox.stripe.core.account import Account
from sandbox.stripe.core.documents import Document, private
from sandbox.stripe.core.errors import CardDeclined
from sandbox.stripe.core.events import change
from sandbox.stripe.pages.bank_form import BankForm
from sandbox.stripe.pages.card_form import CardForm
from sandbox.stripe.pages.details_form import DetailsForm
from sandbox.stripe.pages.shared import account, not_found

blueprint = Blueprint("portal", __name__)


@blueprint.get("/p/session/<token>")
def show(token: str) -> ResponseReturnValue:
    session = _session(token)
    return _page(account(), session, CardForm({})) if session else not_found()


@blueprint.post("/p/session/<token>/cards")
def add_card(token: str) -> ResponseReturnValue:
    """Put a card on file and use it from now on, for the customer and for each subscription."""
    here, session = account(), _session(token)
    if session is None:
        return not_found()
    form = CardForm.typed(request.form, wants_email=False)
    with here.store.transaction():
        customer = here.get("customer", session["customer"])
        entry = form.entry(here.time_of(customer))
        if entry is None:
            return _page(here, session, form), 422
        method = payment_methods.create(here, entry, customer["id"])
        private(method)["pending_for"] = token
        here.save(method)
        return _put_on_file(here, session, method, form, proven=False)


@blueprint.post("/p/session/<token>/bank")
def add_bank_account(token: str) -> ResponseReturnValue:
    """The same for a bank account, where the customer's currency has debits."""
    here, session = account(), _session(token)
    offered = _bank_form(here, here.get("customer", session["customer"])) if session else None
    if session is None or offered is None:
        return not_found()
    bank = BankForm.typed(request.form, offered.kind, wants_email=False)
    entry = bank.entry()
    if entry is None:
        return _page(here, session, CardForm({}), bank=bank), 422
    with here.store.transaction():
        method = payment_methods.create(here, entry, session["customer"])
        return _put_on_file(here, session, method, CardForm({}), proven=False)


def _bank_form(here: Account, customer: Document) -> BankForm | None:
    form = BankForm.offered(banks.offered(here, customer["currency"] or "usd"))
    if form:
        form.wants_email = False
    return form


def _put_on_file(
    here: Account, session: Document, method: Document, form: CardForm, *, proven: bool
) -> ResponseReturnValue:
    token = private(session)["token"]
    try:
        if setups.check(method, proven=proven) == "requires_action":
            target = url_for("pages.portal.challenge", token=token, method=method["id"])
            return redirect(target, 303)
        payment_methods.attach(here, method, session["customer"])
    except CardDeclined as declined:
        form.general = str(declined)
        return _page(here, session, form), 402
    setups.succeed(here, method, session["customer"])
    use_everywhere(here, method)
    return redirect(_after(session, token), 303)


def use_everywhere(here: Account, method: Document) -> None:
    customer = here.get("customer", method["customer"])
    payment_methods.set_customer_default(here, customer, method["id"])
    for subscription in here.find("subscription", customer=customer["id"]):
        if subscription["status"] not in standing.ENDED:
            change(
                here,
                "customer.subscription.updated",
                subscription,
                default_payment_method=method["id"],
            )


def _after(session: Document, token: str) -> str:
    """Where a flow ends: where it was told to, else on the portal's first page."""
    completion = (session["flow"] or {}).get("after_completion") or {}
    if completion.get("type") == "redirect":
        return str(completion["redirect"]["return_url"])
    return url_for("pages.portal.show", token=token)


@blueprint.get("/p/session/<token>/cards/<method>/authenticate")
def challenge(token: str, method: str) -> ResponseReturnValue:
    if _pending(token, method) is None:
        return not_found()
    return render_template("stripe/challenge.html", amount=None, back=None)


@blueprint.post("/p/session/<token>/cards/<method>/authenticate")
def authenticate(token: str, method: str) -> ResponseReturnValue:
    here, session = account(), _session(token)
    with here.store.transaction():
        found = _pending(token, method)
        if session is None or found is None:
            return not_found()
        form = CardForm({})
        if request.form.get("outcome") != "complete":
            form.general = str(setups.refusal("authentication_failed"))
            return _page(here, session, form), 402
        return _put_on_file(here, session, found, form, proven=True)


def _pending(token: str, method: str) -> Document | None:
    found = account().store.load(method)
    mine = found is not None and private(found).get("pending_for") == token
    return found if mine and found and not found["customer"] else None


@blueprint.post("/p/session/<token>/cards/<method>/default")
def make_default(token: str, method: str) -> ResponseReturnValue:
    here = account()
    with here.store.transaction():
        found = _card(here, token, method)
        if found is None:
            return not_found()
        use_everywhere(here, found)
    return redirect(url_for("pages.portal.show", token=token), 303)


@blueprint.post("/p/session/<token>/cards/<method>/remove")
def remove(token: str, method: str) -> ResponseReturnValue:
    here = account()
    with here.store.transaction():
        found = _card(here, token, method)
        if found is None:
            return not_found()
        payment_methods.detach(here, found)
    return redirect(url_for("pages.portal.show", token=token), 303)


@blueprint.post("/p/session/<token>/details")
def save_details(token: str) -> ResponseReturnValue:
    here, session = account(), _session(token)
    allowed = _allowed(here, session) if session else frozenset()
    if session is None or not allowed:
        return not_found()
    form = DetailsForm.typed(request.form, allowed)
    wanted = form.changes()
    if wanted is None:
        return _page(here, session, CardForm({}), form), 422
    with here.store.transaction():
        change(here, "customer.updated", here.get("customer", session["customer"]), **wanted)
    return redirect(url_for("pages.portal.show", token=token), 303)


def _allowed(here: Account, session: Document) -> frozenset[str]:
    """Which of the customer's details the portal's configuration leaves to them."""
    configuration = here.get("billing_portal.configuration", session["configuration"])
    feature = configuration["features"]["customer_update"]
    return frozenset(feature["allowed_updates"]) if feature["enabled"] else frozenset()


def _card(here: Account, token: str, method: str) -> Document | None:
    session, found = _session(token), here.store.load(method)
    if session is None or found is None or found.get("object") != "payment_method":
        return None
    return found if found["customer"] == session["customer"] else None


def _session(token: str) -> Document | None:
    found = account().find("billing_portal.session", _private__token=token)
    return found[0] if found else None


def _page(
    here: Account,
    session: Document,
    form: CardForm,
    details: DetailsForm | None = None,
    bank: BankForm | None = None,
) -> str:
    customer = here.get("customer", session["customer"])
    return render_template(
        "stripe/portal.html",
        session=session,
        token=private(session)["token"],
        customer=customer,
        cards=payment_methods.on_file(here, customer["id"]),
        default=customer["invoice_settings"]["default_payment_method"] or _used(here, customer),
        invoices=[
            _invoice_row(i) for i in here.find("invoice", customer=customer["id"]) if i["number"]
        ],
        notes=here.find("credit_note", customer=customer["id"]),
        balance=_balance(here, customer),
        form=form,
        bank=bank or _bank_form(here, customer),
        details=details or DetailsForm.kept(customer, _allowed(here, session)),
        back=session["return_url"],
        title="Billing",
    )


def _used(here: Account, customer: Document) -> str | None:
    """The card a subscription is paid with, when the customer has no default of their own."""
    methods = (
        s["default_payment_method"] for s in here.find("subscription", customer=customer["id"])
    )
    return next((m for m in methods if m), None)


def _balance(here: Account, customer: Document) -> str | None:
    """What the next invoice will be lower or higher by, in the currency it last moved in."""
    moved = here.find("customer_balance_transaction", customer=customer["id"])
    amount = customer["balance"]
    if not amount or not moved:
        return None
    words = in_words(abs(amount), moved[0]["currency"])
    return f"Credit of {words}" if amount < 0 else f"{words} owed from before"


def _invoice_row(invoice: Document) -> dict[str, object]:
    return {
        "number": invoice["number"],
        "date": invoice["created"],
        "amount": in_words(invoice["total"], invoice["currency"]),
        "status": invoice["status"],
        "url": invoice["hosted_invoice_url"],
    }
