"""What every page shares: error pages, security headers, formatting, health."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import js_lib_htmx
from alembic.script import ScriptDirectory
from babel.dates import format_date, format_datetime
from flask import (
    Blueprint,
    Flask,
    Response,
    abort,
    current_app,
    g,
    has_request_context,
    render_template,
    request,
    send_from_directory,
)
from flask.typing import ResponseReturnValue
from flask_login import current_user
from flask_wtf.csrf import CSRFProtect
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import HTTPException, SecurityError

from webapp import access, clock
from webapp.access import Open, allow
from webapp.db import session
from webapp.money import LOCALE, Money, locale_of
from webapp.outbox import Job
from webapp.zone_names import current, known_zone

blueprint = Blueprint("web", __name__)
csrf = CSRFProtect()

HTMX = Path(js_lib_htmx.__file__).parent / "static" / "htmx"
MIGRATIONS = Path(__file__).parent.parent / "migrations"
FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")
STRIPE_PAGES = (
    "https://checkout.stripe.com",
    "https://billing.stripe.com",
    "https://connect.stripe.com",
)
# Where consultants say yes to our using their calendar, where the firm has set that up.
CONSENT_PAGES = {
    "google_client_id": "https://accounts.google.com",
    "microsoft_client_id": "https://login.microsoftonline.com",
}

MESSAGES = {
    400: ("That did not come through", "The request was not complete. Go back and try again."),
    401: ("Please sign in", "Your session has ended. Sign in, then try again."),
    403: ("Not yours to open", "Your account is not allowed to do this."),
    404: ("Nothing here", "There is no such page, or it is not yours to see."),
    405: ("Not this way", "That page cannot be used like this."),
    409: ("Somebody was faster", "What you saw has changed meanwhile. Look again and choose anew."),
    413: ("Too much at once", "What was sent is larger than we take."),
    422: ("Please check", "Some of what was entered cannot be used."),
    429: ("A moment, please", "That was tried too often. Wait a little, then try again."),
    500: ("Something went wrong", "It is our fault. Nothing was saved; please try again."),
    503: ("Back in a moment", "We cannot reach a part of our system. Please try again shortly."),
}


def init(app: Flask) -> None:
    csrf.init_app(app)
    app.register_blueprint(blueprint)
    app.before_request(refuse_nul)
    app.before_request(refuse_foreign_origins)
    app.after_request(secure_headers)
    app.register_error_handler(HTTPException, error_page)
    app.register_error_handler(Exception, fault_page)
    app.add_template_filter(format_money, "money")
    app.add_template_filter(format_when, "when")
    app.add_template_filter(format_day, "day")
    app.add_template_filter(format_time, "time")
    app.add_template_global(absolute_url)


def absolute_url(endpoint: str, **values: Any) -> str:
    """A full address under BASE_URL, for mails and for Stripe: works outside a request too."""
    base = urlsplit(current_app.config["SETTINGS"].base_url)
    adapter = current_app.url_map.bind(base.netloc, url_scheme=base.scheme)
    return adapter.build(endpoint, values, force_external=True)


# -- formatting ------------------------------------------------------------------------------------


def format_money(amount: Money | None) -> str:
    """As its reader writes it; nothing is a dash."""
    return "–" if amount is None else amount.format(reader_locale())


def reader_locale() -> str:
    """English as it is written where the reader's company is; as in the United States for visitors,
    for the firm, and in mails, whose reader is nobody's request."""
    known = has_request_context() and current_user.is_authenticated
    return locale_of(current_user.country) if known else LOCALE


def format_when(at: datetime, zone: str) -> str:
    """'Thu 3 December 2026, 10:00 (New York, UTC−5)': never a time without its zone and offset."""
    local = at.astimezone(ZoneInfo(zone))
    moment = format_datetime(local, "EEE d MMMM y, HH:mm", locale="en")
    return f"{moment} ({zone_label(zone, at)})"


def format_time(at: datetime, zone: str) -> str:
    return at.astimezone(ZoneInfo(zone)).strftime("%H:%M")


def format_day(value: date | datetime, zone: str = "UTC") -> str:
    """'3 December 2026'; an instant is shown as the date it falls on in the zone."""
    if isinstance(value, datetime):
        value = value.astimezone(ZoneInfo(zone)).date()
    return format_date(value, "d MMMM y", locale="en")


def zone_label(zone: str, at: datetime | None = None) -> str:
    """'New York, UTC−5': the zone's place and its offset at that instant."""
    place, offset = zone_place(zone), zone_offset(zone, at)
    return offset if place == offset else f"{place}, {offset}"


def zone_place(zone: str) -> str:
    """'New York'."""
    return current(zone).split("/")[-1].replace("_", " ")


def zone_offset(zone: str, at: datetime | None = None) -> str:
    delta = (at or clock.now()).astimezone(ZoneInfo(zone)).utcoffset()
    minutes = int(delta.total_seconds() // 60) if delta else 0
    sign, (hours, rest) = "−" if minutes < 0 else "+", divmod(abs(minutes), 60)
    return f"UTC{sign}{hours}" + (f":{rest:02}" if rest else "") if minutes else "UTC"


def firm_zone() -> str:
    """Where the firm is: for readers whose own zone nobody knows."""
    return str(current_app.config["SETTINGS"].firm_time_zone)


def chosen_zone() -> str | None:
    """The zone that the address names, as a page's own choice of zones does."""
    return _today(request.args.get("zone"))


def _today(name: str | None) -> str | None:
    """A zone by its present name, whatever the browser calls it; None for what is none."""
    return current(name) if name and known_zone(name) else None


def visitor_zone(fallback: str) -> str:
    """The zone the visitor chose, or the one their browser told, or the fallback.

    Neither chosen nor told, the page says so, and the browser asks for it once more.
    """
    name = chosen_zone() or _today(request.cookies.get("tz"))
    g.zone_guessed = name is None and request.method == "GET"
    return name or fallback


# -- security --------------------------------------------------------------------------------------


def refuse_nul() -> None:
    """PostgreSQL keeps no NUL in a text, and nobody types one."""
    if "\0" in request.path:
        abort(404)
    sent = (request.args, request.form if request.mimetype in FORMS else MultiDict[str, str]())
    if any("\0" in text for values in sent for pair in values.items(multi=True) for text in pair):
        abort(400)


def refuse_foreign_origins() -> None:
    """A second lock beside the CSRF token: unsafe requests come from our own pages."""
    site = request.headers.get("Sec-Fetch-Site", "same-origin")
    if request.method in {"POST", "PUT", "PATCH", "DELETE"} and site not in {"same-origin", "none"}:
        abort(403)


def secure_headers(response: Response) -> Response:
    headers = response.headers
    headers.setdefault("Content-Security-Policy", content_policy())
    headers["X-Content-Type-Options"] = "nosniff"
    headers["Referrer-Policy"] = "strict-origin-when-cross-origin"
    headers["Cross-Origin-Opener-Policy"] = "same-origin"
    headers["Permissions-Policy"] = "camera=(), microphone=(), geolocation=(), payment=()"
    if current_app.config["SESSION_COOKIE_SECURE"]:
        headers["Strict-Transport-Security"] = "max-age=31536000; includeSubDomains"
    if request.endpoint not in {"static", "web.htmx"}:
        headers.setdefault("Cache-Control", "no-store")
    return response


def content_policy() -> str:
    # Browsers hold form-action against the redirect that follows a POST as well, so the hosted
    # payment and consent pages must be named.
    settings = current_app.config.get("SETTINGS")  # the sandbox's own page has none
    consent = [page for name, page in CONSENT_PAGES.items() if getattr(settings, name, "")]
    pages = [*STRIPE_PAGES, current_app.config["STRIPE_API_BASE"], *consent]
    targets = " ".join(["'self'", *filter(None, pages)])
    return (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
        "font-src 'self'; connect-src 'self'; manifest-src 'self'; base-uri 'none'; "
        f"object-src 'none'; frame-ancestors 'none'; form-action {targets}"
    )


# -- errors ----------------------------------------------------------------------------------------


def error_page(error: HTTPException) -> ResponseReturnValue:
    if isinstance(error, SecurityError):
        # For a host that is not ours no address of a page can be built.
        return Response("This host is not served here.\n", 400, mimetype="text/plain")
    if error.response is not None:
        return error.response
    return _page(error.code or 500, error.get_headers())


def fault_page(error: Exception) -> ResponseReturnValue:
    """An unexpected fault: written down with its trace, told calmly; 503 where it will pass."""
    if isinstance(error, PoolTimeout) or (isinstance(error, DBAPIError) and _passing(error)):
        current_app.logger.warning("database unavailable: %s", error)
        return _page(503, [("Retry-After", "5")])
    current_app.logger.exception("unexpected fault on %s %s", request.method, access.where())
    return _page(500)


def _passing(error: DBAPIError) -> bool:
    return error.connection_invalidated or type(error).__name__ == "OperationalError"


def _page(code: int, headers: Any = ()) -> ResponseReturnValue:
    title, message = MESSAGES.get(code, MESSAGES[500 if code >= 500 else 400])
    body = render_template("error.html", code=code, title=title, message=message)
    kept = [(name, value) for name, value in headers if name.lower() != "content-type"]
    return body, code, kept


# -- health and files ------------------------------------------------------------------------------


@blueprint.get("/healthz")
@allow(Open.ANYONE)
def healthz() -> ResponseReturnValue:
    return {"status": "alive"}


@blueprint.get("/readyz")
@allow(Open.ANYONE)
def readyz() -> ResponseReturnValue:
    """Database reached and migrated; the age of the oldest ready job is told, never a failure."""
    try:
        at_head = session.scalar(text("SELECT version_num FROM alembic_version")) == _head()
        age = _oldest_ready_job()
    except DBAPIError:
        session.rollback()
        return {"status": "database unavailable"}, 503
    status = "ready" if at_head else "migrations are not at head"
    return {"status": status, "oldest_ready_job_seconds": age}, 200 if at_head else 503


def _head() -> str | None:
    return ScriptDirectory(str(MIGRATIONS)).get_current_head()


def _oldest_ready_job() -> int:
    now = clock.now()
    ready = select(func.min(Job.run_after)).where(Job.state == "waiting", Job.run_after <= now)
    oldest = session.scalar(ready)
    return int((now - oldest).total_seconds()) if oldest else 0


@blueprint.get("/static/lib/htmx.js")
@allow(Open.ANYONE)
def htmx() -> ResponseReturnValue:
    return send_from_directory(HTMX, "htmx.min.js", max_age=86400)
