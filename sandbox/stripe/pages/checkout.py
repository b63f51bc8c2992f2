"""The Checkout page and the 3-D Secure challenge it may lead to."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from sandbox.stripe.billing import buyers, checkout, promotions
from sandbox.stripe.billing.money import in_words
from sandbox.stripe.billing.sessions import due_today, line_items, reckon
from sandbox.stripe.core.account import Account
from sandbox.stripe.core.documents import Document, private
from sandbox.stripe.core.errors import ApiError, CardDeclined
from sandbox.stripe.pages.bank_form import BankForm
from sandbox.stripe.pages.buyer_form import BuyerForm
from sandbox.stripe.pages.card_form import LONGEST, CardForm
from sandbox.stripe.pages.shared import account, not_found, notice

blueprint = Blueprint("checkout", __name__)


def while_open(
    act: Callable[[Account, Document], ResponseReturnValue],
) -> Callable[[str], ResponseReturnValue]:
    """A view of a session, in one transaction; once it is paid or has expired it only says so."""

    @wraps(act)
    def view(identifier: str) -> ResponseReturnValue:
        here = account()
        with here.store.transaction():
            session = _session(here, identifier)
            if session is None:
                return not_found()
            return act(here, session) if session["status"] == "open" else _closed(session)

    return view


@blueprint.get("/c/pay/<identifier>")
@while_open
def show(here: Account, session: Document) -> ResponseReturnValue:
    return _page(here, session, CardForm(_known(here, session)))


@blueprint.post("/c/pay/<identifier>")
@while_open
def pay(here: Account, session: Document) -> ResponseReturnValue:
    form = CardForm.typed(request.form)
    form.values["country"] = buyers.country(here, session) or ""
    entry = form.entry(here.time_of(session))
    if entry is None or not buyers.is_located(here, session):
        return _page(here, session, form), 422
    return _attempt(here, session, form, lambda: checkout.pay(here, session, entry))


@blueprint.post("/c/pay/<identifier>/bank")
@while_open
def pay_by_bank(here: Account, session: Document) -> ResponseReturnValue:
    offered = BankForm.offered(session["payment_method_types"])
    if offered is None:
        return not_found()
    typed = request.form.to_dict() | {"country": buyers.country(here, session) or ""}
    bank, form = BankForm.typed(typed, offered.kind), CardForm(_known(here, session))
    entry = bank.entry()
    if entry is None or not buyers.is_located(here, session):
        return _page(here, session, form, bank), 422
    return _attempt(here, session, form, lambda: checkout.pay(here, session, entry))


@blueprint.post("/c/pay/<identifier>/buyer")
@while_open
def save_buyer(here: Account, session: Document) -> ResponseReturnValue:
    """Where the buyer is and what their tax number is, from which the total follows."""
    if not buyers.asks_address(session):
        return not_found()
    buyer, form = BuyerForm.typed(request.form), CardForm(_known(here, session))
    details = buyer.details()
    if details is None:
        return _page(here, session, form, buyer=buyer), 422
    private(session)["buyer"] = details
    reckon(here, session)
    return redirect(url_for("pages.checkout.show", identifier=session["id"]), 303)


@blueprint.post("/c/pay/<identifier>/code")
@while_open
def apply_code(here: Account, session: Document) -> ResponseReturnValue:
    """Take a promotion code, or let go of the one taken when nothing is typed."""
    if not session["allow_promotion_codes"]:
        return not_found()
    buyer = BuyerForm.known(here, session)
    buyer.values["code"] = request.form.get("code", "").strip()[:LONGEST]
    refusal = promotions.take(here, session, buyer.values["code"])
    if refusal:
        buyer.errors["code"] = refusal
        return _page(here, session, CardForm(_known(here, session)), buyer=buyer), 422
    return redirect(url_for("pages.checkout.show", identifier=session["id"]), 303)


def _attempt(here: Account, session: Document, form: CardForm, act: Any) -> ResponseReturnValue:
    try:
        with here.store.attempt():
            outcome = act()
    except CardDeclined as declined:
        form.general = str(declined)
        return _page(here, session, form), 402
    except ApiError as refusal:
        form.general = str(refusal)
        return _page(here, session, form), 400
    if outcome == checkout.AUTHENTICATE:
        return redirect(url_for("pages.checkout.challenge", identifier=session["id"]), 303)
    return _closed(session)


@blueprint.get("/c/pay/<identifier>/authenticate")
def challenge(identifier: str) -> ResponseReturnValue:
    here = account()
    session = _session(here, identifier)
    if session is None:
        return not_found()
    if session["status"] != "open" or "attempt" not in private(session):
        return redirect(url_for("pages.checkout.show", identifier=identifier), 303)
    amount = in_words(session["amount_total"], session["currency"] or "usd")
    return render_template("stripe/challenge.html", amount=amount, back=None)


@blueprint.post("/c/pay/<identifier>/authenticate")
def authenticate(identifier: str) -> ResponseReturnValue:
    here = account()
    with here.store.transaction():
        session = _session(here, identifier)
        if session is None:
            return not_found()
        passed = request.form.get("outcome") == "complete"
        form = CardForm(_known(here, session) | _before(here, session))
        return _attempt(here, session, form, lambda: checkout.authenticate(here, session, passed))


def _session(here: Account, identifier: str) -> Document | None:
    found = here.store.load(identifier)
    return found if found and found["object"] == "checkout.session" else None


def _closed(session: Document) -> ResponseReturnValue:
    """Paid: on to the success page, however often asked. Expired: say so."""
    if session["status"] == "complete":
        return redirect(session["success_url"].replace("{CHECKOUT_SESSION_ID}", session["id"]), 303)
    text = "This checkout has expired and nothing was charged. Go back to start again."
    return notice("Checkout expired", text, 410, session["cancel_url"])


def _known(here: Account, session: Document) -> dict[str, str]:
    owner = here.store.load(session["customer"] or "") or {}
    return {
        "email": owner.get("email") or session["customer_email"] or "",
        "name": owner.get("name") or "",
    }


def _before(here: Account, session: Document) -> dict[str, str]:
    """What was typed before the challenge, as far as a card keeps it."""
    method = here.store.load(private(session).get("attempt", "")) or {}
    billing = method.get("billing_details") or {}
    return {name: billing[name] for name in ("email", "name") if billing.get(name)}


def _page(
    here: Account,
    session: Document,
    form: CardForm,
    bank: BankForm | None = None,
    buyer: BuyerForm | None = None,
) -> str:
    total, currency = due_today(here, session), session["currency"] or "usd"
    return render_template(
        "stripe/checkout.html",
        session=session,
        form=form,
        bank=bank or BankForm.offered(session["payment_method_types"], form.values),
        rows=[_row(item) for item in line_items(here, session)],
        total=in_words(total, currency),
        sums=_sums(session, currency),
        buyer=buyer or BuyerForm.known(here, session),
        asks_address=buyers.asks_address(session),
        asks_number=buyers.collects_number(session),
        located=buyers.is_located(here, session),
        code=promotions.taken(here, session),
        later=_later(here, session),
        button=_button(session, total, currency),
        note=((session["custom_text"] or {}).get("submit") or {}).get("message"),
        back=session["cancel_url"],
        title="Pay" if total else "Save your card",
    )


def _button(session: Document, total: int, currency: str) -> str:
    if total:
        return f"Pay {in_words(total, currency)}"
    return "Start subscription" if session["mode"] == "subscription" else "Save card"


def _sums(session: Document, currency: str) -> list[tuple[str, str]]:
    """What stands between the lines and the total, where anything does."""
    totals = session["total_details"] or {}
    off, tax = totals.get("amount_discount", 0), totals.get("amount_tax", 0)
    rows = [("Subtotal", session["amount_subtotal"]), ("Discount", -off)] if off else []
    rows += [("Tax", tax)] if tax or session["automatic_tax"]["status"] == "complete" else []
    return [(name, in_words(amount, currency)) for name, amount in rows]


def _row(item: Document) -> dict[str, Any]:
    recurring = item["price"]["recurring"]
    amount = in_words(item["amount_subtotal"], item["currency"])
    every = f" per {recurring['interval']}" if recurring else ""
    return {"name": item["description"], "quantity": item["quantity"], "amount": amount + every}


def _later(here: Account, session: Document) -> int | None:
    """When the recurring part is first charged, if not today."""
    found: int | None = private(session).get("subscription_data", {}).get("trial_end")
    return found
