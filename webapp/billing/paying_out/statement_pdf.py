"""The statement as a PDF, set by Typst from data alone: what people typed is never markup."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import typst
from flask import current_app

from webapp.billing.models import Transfer
from webapp.billing.paying_out.ledger import Movement
from webapp.billing.paying_out.statements import WORDS, Account, Statement, working_of
from webapp.web import format_day

SHEET = Path(__file__).parent / "statement.typ"


def as_pdf(statement: Statement) -> bytes:
    told = {"statement": json.dumps(_data(statement))}
    made = typst.compile(str(SHEET), sys_inputs=told)
    assert isinstance(made, bytes)
    return made


def _data(statement: Statement) -> dict[str, Any]:
    settings = current_app.config["SETTINGS"]
    return {
        "title": statement.title,
        "name": statement.consultant.name,
        "firm": settings.firm_name,
        "address": settings.firm_address,
        "accounts": [_account(statement, account) for account in statement.accounts],
    }


def _account(statement: Statement, account: Account) -> dict[str, Any]:
    return {
        "currency": account.currency,
        "opening": account.opening.format(),
        "closing": account.closing.format(),
        "rows": [
            [
                format_day(one.at, statement.zone),
                WORDS[one.kind],
                "\n".join([_client(one.transfer), *_working(one)]),
                one.amount.format(),
            ]
            for one in account.movements
        ],
    }


def _working(one: Movement) -> list[str]:
    working = working_of(one)
    return [working.told, *working.sums] if working else []


def _client(transfer: Transfer) -> str:
    invoice, company = transfer.invoice, transfer.invoice.engagement.company
    credit = ", what the client’s credit paid" if transfer.part.startswith("credit") else ""
    return f"{company.name if company else 'A client'}, invoice {invoice.number}{credit}"
