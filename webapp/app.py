"""Open first: create_app and the list of features.

A feature is a package; its views.py offers a `blueprint`, and `init(app)` where it needs more.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from flask import Flask, Response, current_app, has_request_context, request, url_for
from flask_login import current_user
from werkzeug.middleware.proxy_fix import ProxyFix

from webapp import access, clock, db, logs, web
from webapp.accounts import security
from webapp.accounts import views as accounts
from webapp.billing import views as billing
from webapp.booking import views as booking
from webapp.catalog import views as catalog
from webapp.config import Settings
from webapp.desk import views as desk
from webapp.engagements import views as engagements
from webapp.firm import views as firm
from webapp.fit import views as fit
from webapp.reviews import views as reviews

FEATURES: tuple[ModuleType, ...] = (
    accounts, catalog, fit, booking, engagements, billing, reviews, desk, firm,
)  # fmt: skip

PUBLIC = frozenset[access.Role]()
NAVIGATION = (
    ("COO or Integrator?", "fit.compare", PUBLIC),
    ("Offerings", "catalog.offerings", PUBLIC),
    ("Consultants", "booking.consultants", PUBLIC),
    ("Roster", "desk.roster", frozenset({access.Role.CONSULTANT})),
    ("Availability", "booking.availability", frozenset({access.Role.CONSULTANT})),
    ("Earnings", "billing.earnings", frozenset({access.Role.CONSULTANT})),
    ("My engagement", "desk.client_home", access.CLIENT),
    ("Billing", "billing.client_billing", frozenset({access.Role.SPONSOR, access.Role.BILLING})),
    ("Calendar", "booking.calendar", access.CLIENT | {access.Role.CONSULTANT}),
    ("Practice", "firm.engagements", access.FIRM),
    ("Money", "firm.money", access.FIRM),
    ("Clients", "firm.companies", access.FIRM),
    ("Offerings", "firm.offerings", access.FIRM),
    ("Codes", "firm.coupons", frozenset({access.Role.OWNER, access.Role.FINANCE})),
    ("Consultants", "firm.consultants", access.FIRM),
    ("Waitlist", "firm.waitlist", access.FIRM),
    ("E-mails", "firm.emails", access.FIRM),
    ("Jobs", "firm.jobs", access.FIRM),
    ("Stripe", "firm.stripe_events", access.FIRM),
    ("Audit", "firm.audit_events", access.FIRM),
)
# What the firm looks up, beside what it works with: kept together in a menu of its own.
RECORDS = frozenset({"firm.emails", "firm.jobs", "firm.stripe_events", "firm.audit_events"})


AFFILIATION = (
    "“Integrator” is used here as the common name of a role. We are not affiliated with, endorsed"
    " or licensed by EOS Worldwide, LLC, whose marks belong to it."
)


class Righthand(Flask):
    """One request is one transaction, committed or rolled back here and nowhere else."""

    def dispatch_request(self) -> Response:
        try:
            response = self.make_response(super().dispatch_request())
        except BaseException:
            db.session.rollback()
            raise
        if response.status_code >= 400:
            db.session.rollback()
        else:
            db.session.commit()
        return response


def create_app(settings: Settings | None = None) -> Righthand:
    """Build the app from the environment (or given settings); refuses to start when unsafe."""
    settings = settings or Settings.from_environ()
    logs.configure(readable=settings.sandbox)
    app = Righthand(__name__)
    app.config.update(flask_options(settings), SETTINGS=settings)
    db.connect(settings.database_url)
    app.teardown_appcontext(_return_connection)
    web.init(app)
    security.init(app, settings)
    for feature in FEATURES:
        app.register_blueprint(feature.blueprint)
        if hasattr(feature, "init"):
            feature.init(app)
    access.declare(app, "static", access.Open.ANYONE)
    access.check_declared(app)
    app.before_request(access.enforce)
    app.context_processor(page_context)
    if settings.proxy_hops:
        hops = settings.proxy_hops
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops)  # type: ignore[method-assign]
    return app


def flask_options(settings: Settings) -> dict[str, Any]:
    return {
        "SECRET_KEY": settings.secret_key,
        "SECRET_KEY_FALLBACKS": list(settings.secret_key_fallbacks),
        "SESSION_COOKIE_SECURE": settings.secure,
        "TRUSTED_HOSTS": list(settings.trusted_hosts),
        "MAX_CONTENT_LENGTH": 1024 * 1024,
        "MAX_FORM_PARTS": 300,
        "STRIPE_API_BASE": settings.stripe_api_base,
        "WTF_CSRF_TIME_LIMIT": None,
    }


def _return_connection(_error: BaseException | None) -> None:
    db.session.remove()


@dataclass(frozen=True)
class NavigationLink:
    """group: the menu it is kept in; '' stands in the bar itself."""

    label: str
    url: str
    current: bool
    group: str = ""


def navigation() -> Iterator[NavigationLink]:
    """What the viewer may go to: public pages for visitors, their own rooms for the rest.

    The page's own room is the link whose address says most of it: /practice/jobs is Jobs alone.
    """
    links = list(_links())
    current = max((url for _, url, _ in links if _within(url)), key=len, default=None)
    return (NavigationLink(label, url, url == current, group) for label, url, group in links)


def _within(url: str) -> bool:
    here = _room()
    return here == url or here.startswith(url + "/")


def _room() -> str:
    """The page's address; billing's pages for the firm belong to Money."""
    of_money = request.blueprint == "billing" and request.path.startswith("/practice/")
    return url_for("firm.money") if of_money else request.path


def _links() -> Iterator[tuple[str, str, str]]:
    roles = current_user.role_names if current_user.is_authenticated else frozenset()
    for label, endpoint, who in NAVIGATION:
        if (who & roles) if roles else not who:
            yield label, url_for(endpoint), "Records" if endpoint in RECORDS else ""


def page_context() -> dict[str, Any]:
    """What base.html shows; a mail, rendered outside a request, gets the firm alone."""
    settings: Settings = current_app.config["SETTINGS"]
    firm_context = {"firm_name": settings.firm_name, "firm_address": settings.firm_address}
    if not has_request_context():
        return firm_context
    return firm_context | {
        "now": clock.now(),
        "affiliation_notice": AFFILIATION,
        "account_url": url_for("accounts.account"),
        "navigation": list(navigation()),
        "viewer": current_user if current_user.is_authenticated else None,
        "sign_in_url": url_for("security.login"),
        "sign_out_url": url_for("security.logout"),
    }
