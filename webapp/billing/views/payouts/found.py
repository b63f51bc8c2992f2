"""What pages about payouts look up."""

from __future__ import annotations

import uuid
from typing import Any

from flask import abort
from flask_login import current_user
from sqlalchemy import select

from webapp.billing.models import ConnectedAccount
from webapp.billing.paying_out import wording
from webapp.billing.paying_out.ledger import months_of, shares_of, standing_of
from webapp.billing.paying_out.statements import month_named, title_of
from webapp.billing.paying_out.working import Working
from webapp.catalog.models import Consultant
from webapp.db import session
from webapp.paging import paged


def own_consultant() -> Consultant:
    """The consultant that the viewer is; 404 for whoever is none."""
    mine = select(Consultant).where(Consultant.person_id == current_user.id)
    return session.scalar(mine) or abort(404)


def consultant_of(consultant_id: uuid.UUID) -> Consultant:
    return session.get(Consultant, consultant_id) or abort(404)


def earnings_of(consultant: Consultant) -> dict[str, Any]:
    """What a page shows of a consultant's earnings; the queries are as many however long it is."""
    account = ConnectedAccount.of(consultant.id)
    return {
        "consultant": consultant,
        "payee": account,
        "account_state": wording.account_state(account),
        "wanted": wording.wanted(account) if account else [],
        "standings": standing_of(consultant.id),
        "months": [
            (code, title_of(month_named(code)))
            for code in months_of(consultant.id, consultant.time_zone)
        ],
        "page": paged(shares_of(consultant.id), 20),
        "state_of": wording.state_of,
        "working_of": Working.of,
        "zone": consultant.time_zone,
    }
