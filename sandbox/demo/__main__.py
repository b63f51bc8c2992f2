"""``python -m sandbox.demo``: load the demo data, once; say who can sign in.

Needs the app's settings, a migrated database, the Stripe stand-in, and DEMO_PASSWORD. Prints a line
"<role> <email> <password>" per demo person; run again it prints the same and changes nothing.
"""

import os
import sys
from collections.abc import Iterator

from sandbox.demo import away, engagements, firm, money, outside, reviews, waitlist
from sandbox.demo.clients import CLIENTS, HARBOR
from sandbox.demo.past import loading as past
from sandbox.demo.people import CONSULTANTS, STAFF
from webapp.access import Role
from webapp.config import Settings
from workers.app import flask_app


def main() -> int:
    password = os.environ.get("DEMO_PASSWORD", "")
    if not password:
        print("DEMO_PASSWORD is not set.", file=sys.stderr)
        return 2
    with os.fdopen(os.dup(1), "w") as answers, flask_app.app_context():
        os.dup2(2, 1)  # what jobs log is not what this tells
        load(password, flask_app.config["SETTINGS"])
        print("\n".join(sign_ins(password)), file=answers)
    return 0


def load(password: str, settings: Settings) -> None:
    days = past.begin(settings)
    firm.load(password)
    money.prepare()
    if days:
        past.live(days, password)
    outside.load()
    for client in CLIENTS:
        engagements.load(client, password if client is HARBOR else None)
    reviews.load(HARBOR)
    waitlist.load()
    away.load()
    money.load(settings)


def sign_ins(password: str) -> Iterator[str]:
    for staff in STAFF:
        yield f"{staff.role} {staff.email} {password}"
    for consultant in CONSULTANTS:
        if consultant.slug in firm.SIGN_IN:
            yield f"{Role.CONSULTANT} {consultant.email} {password}"
    yield f"{Role.SPONSOR} {HARBOR.draft.contact_email} {password}"
    for role, email in past.people():
        yield f"{role} {email} {password}"


if __name__ == "__main__":
    sys.exit(main())
