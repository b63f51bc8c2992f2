"""The Flask app of the sandbox page, in the looks of Righthand itself.

``webapp.web`` gives it error pages, headers and formatting, ``webapp/static`` its style sheets.
"""

import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from flask import Flask, Response, current_app, request, url_for
from flask_login import LoginManager
from jinja2 import ChoiceLoader, FileSystemLoader

from sandbox.bootstrap import ROOT
from sandbox.mail.store import MailStore
from sandbox.page import api, calendar, components, doings, mails, payments, time_views
from sandbox.page.travel import Travel
from sandbox.timemachine.jobs import Jobs
from sandbox.timemachine.machine import TimeMachine
from sandbox.timemachine.planner import Planner
from sandbox.timemachine.stand_in import StandIn
from webapp import web

TEMPLATES = (
    "sandbox/page/templates",
    "sandbox/templates",
    "webapp/templates",
    "webapp/booking/templates",
)
LINKS = (
    ("Mail", "mails.mail_list"),
    ("Payments", "payments.books"),
    ("Time", "time.clock_page"),
    ("Components", "components.showroom"),
)


def create_page(environment: Mapping[str, str] = os.environ) -> Flask:
    """Settings as the supervisor exports them (sandbox/settings.py)."""
    app = Flask(__name__, static_folder=ROOT / "webapp" / "static")
    app.jinja_loader = ChoiceLoader([FileSystemLoader(ROOT / path) for path in TEMPLATES])
    app.config.update(
        SECRET_KEY=secrets.token_hex(32),
        SESSION_COOKIE_NAME="sandbox",
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=False,
        TRUSTED_HOSTS=["127.0.0.1", "localhost"],
        STRIPE_API_BASE=environment["STRIPE_API_BASE"],
        APP_URL=environment["BASE_URL"],
        FIRM_TIME_ZONE=environment.get("FIRM_TIME_ZONE", "UTC"),
    )
    attach(app, environment)
    web.init(app)
    nobody_signs_in(app)
    web.csrf.exempt(api.blueprint)
    for module in (mails, payments, doings, time_views, components, calendar, api):
        app.register_blueprint(module.blueprint)
    app.context_processor(page_context)
    app.after_request(allow_frames)
    return app


def nobody_signs_in(app: Flask) -> None:
    """Pages may ask who reads them, and for whom amounts are to be written."""
    manager = LoginManager(app)
    manager.request_loader(lambda _request: None)


def attach(app: Flask, environment: Mapping[str, str]) -> None:
    """What the views work on."""
    stand_in = StandIn(environment["STRIPE_API_BASE"])
    store = MailStore.open(Path(environment["RIGHTHAND_STATE"]) / "mail")
    machine = TimeMachine(
        clock_file=Path(environment["CLOCK_OFFSET_FILE"]),
        jobs=Jobs(environment["DATABASE_URL"]),
        planner=Planner(),
        payments=stand_in,
        zones=tuple({"UTC", app.config["FIRM_TIME_ZONE"]}),
    )
    app.extensions.update(mail_store=store, stand_in=stand_in, travel=Travel(machine))


def page_context() -> dict[str, Any]:
    """What every page shows; instants are told in the reader's own zone."""
    links = [(label, url_for(endpoint)) for label, endpoint in LINKS]
    return {
        "firm_name": "Righthand sandbox",
        "navigation": [
            {"label": label, "url": url, "current": request.path.startswith(url)}
            for label, url in links
        ],
        "zone": web.visitor_zone(current_app.config["FIRM_TIME_ZONE"]),
        "app_url": current_app.config["APP_URL"],
    }


def allow_frames(response: Response) -> Response:
    """A mail is shown in a frame of its own; otherwise the app's own policy holds."""
    if not response.headers.get("Content-Security-Policy"):
        response.headers["Content-Security-Policy"] = web.content_policy() + "; frame-src 'self'"
    return response
