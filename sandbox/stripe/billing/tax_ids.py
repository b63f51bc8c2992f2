"""Customers' tax numbers: what they must look like, and whether they have been verified.

Source: https://docs.stripe.com/billing/customer/tax-ids: the form is checked when a number is
given, the register is asked afterwards; in test mode ``111111111`` (``unverified``) and
``222222222`` (``pending``) stand for the other answers. The forms checked here are the EU's,
Britain's, Switzerland's and the United States'; others are only not empty.
"""

import re
from typing import Any

from sandbox.stripe.core.account import Account
from sandbox.stripe.core.documents import Document, shape
from sandbox.stripe.core.errors import invalid
from sandbox.stripe.core.events import change, emit
from sandbox.stripe.core.schedule import schedule, when_due

_FORMS = {
    "eu_vat": r"(AT|BE|BG|CY|CZ|DE|DK|EE|EL|ES|FI|FR|HR|HU|IE|IT|LT|LU|LV|MT|NL|PL|PT|RO|SE|SI|SK)"
    r"[0-9A-Z+*]{8,12}",
    "gb_vat": r"(GB\d{9}(\d{3})?|XI\d{9}(\d{3})?)",
    "ch_vat": r"CHE-?\d{3}\.?\d{3}\.?\d{3} ?(MWST|TVA|IVA)?",
    "us_ein": r"\d{2}-?\d{7}",
}
_ASKED = {"eu_vat", "gb_vat"}
"""Kinds a public register is asked about; the rest stay ``unavailable``."""


def add(account: Account, customer: Document, kind: str, value: str) -> Document:
    """Put a number on a customer; the register's answer comes a moment later."""
    written = value.strip().upper()
    if not fits(kind, written):
        raise invalid(f"Invalid value for {kind}.", "value", "tax_id_invalid")
    made = shape(
        "tax_id",
        country=_country(kind, written),
        created=account.time_of(customer),
        customer=customer["id"],
        livemode=False,
        owner={"type": "customer", "customer": customer["id"]},
        type=kind,
        value=written,
        verification={"status": "pending" if kind in _ASKED else "unavailable"},
    )
    account.save(made)
    emit(account, "customer.tax_id.created", made)
    if kind in _ASKED:
        at = account.time_of(customer) + 1
        schedule(account, "tax_id.verify", made["id"], at, account.timeline_of(made))
    return made


def fits(kind: str, value: str) -> bool:
    """Whether it looks like a number of this kind."""
    return re.fullmatch(_FORMS.get(kind, r".+"), value) is not None


def _country(kind: str, value: str) -> str | None:
    if kind == "eu_vat":
        return "GR" if value.startswith("EL") else value[:2]
    return None if kind.startswith("eu_") else kind[:2].upper()


@when_due("tax_id.verify")
def verify(account: Account, identifier: str) -> None:
    """What the register answers."""
    found = account.store.load(identifier)
    if found is None or "222222222" in found["value"]:
        return
    if "111111111" in found["value"]:
        answer: dict[str, Any] = {"status": "unverified"}
    else:
        name = account.get("customer", found["customer"])["name"]
        answer = {"status": "verified", "verified_name": name}
    change(account, "customer.tax_id.updated", found, verification=found["verification"] | answer)


def of(account: Account, customer: str) -> list[Document]:
    """Oldest first."""
    return account.find("tax_id", customer=customer)[::-1]


def shown(numbers: list[Document]) -> list[dict[str, str]]:
    """As invoices and sessions carry them."""
    return [{"type": number["type"], "value": number["value"]} for number in numbers]


def remove(account: Account, number: Document) -> None:
    account.store.remove(number["id"])
    emit(account, "customer.tax_id.deleted", number)
