"""``python -m sandbox.demo``: load the demo data, once; say who can sign in.

Needs the app's settings, a migrated database, the Stripe stand-in, and DEMO_PASSWORD. Prints a line
"<role> <email> <password>" per demo person; run again it prints the same and changes nothing.
"""

import os
import sys
from collections.abc import Iterator

from flask import current_app

from sandbox.demo import away, engagements, firm, money, outside, reviews, waitlist
from sandbox.demo.clients import CLIENTS, HARBOR
from sandbox.demo.people import CONSULTANTS, STAFF
from webapp.access import Role
from webapp.app import create_app


def main() -> int:
    password = os.environ.get("DEMO_PASSWORD", "")
    if not password:
        print("DEMO_PASSWORD is not set.", file=sys.stderr)
        return 2
    with create_app().app_context():
        load(password)
    print("\n".join(sign_ins(password)))
    return 0


def load(password: str) -> None:
    firm.load(password)
    outside.load()
    money.prepare()
    for client in CLIENTS:
        engagements.load(client, password if client is HARBOR else None)
    reviews.load(HARBOR)
    waitlist.load()
    away.load()
    money.load(current_app.config["SETTINGS"])


def sign_ins(password: str) -> Iterator[str]:
    for staff in STAFF:
        yield f"{staff.role} {staff.email} {password}"
    for consultant in CONSULTANTS:
        if consultant.slug in firm.SIGN_IN:
            yield f"{Role.CONSULTANT} {consultant.email} {password}"
    yield f"{Role.SPONSOR} {HARBOR.draft.contact_email} {password}"


if __name__ == "__main__":
    sys.exit(main())
