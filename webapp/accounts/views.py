"""Signing in by link, and a person's own account. Signing in by password is Flask-Security's."""

from __future__ import annotations

import uuid

from flask import (
    Blueprint,
    Flask,
    Response,
    abort,
    flash,
    redirect,
    render_template,
    request,
    url_for,
)
from flask import session as browser
from flask.typing import ResponseReturnValue
from flask_login import current_user, login_user
from flask_security import hash_password, verify_password

from webapp import audit, clock, outbox, web
from webapp.access import SIGNED_IN, Open, allow
from webapp.accounts import sessions
from webapp.accounts.forms import AskLinkForm, PasswordForm, ProfileForm
from webapp.accounts.models import Person, SignInAttempt, SignInLink

blueprint = Blueprint("accounts", __name__, template_folder="templates")


def init(app: Flask) -> None:
    app.before_request(refuse_foreign_next)
    app.before_request(throttle_passwords)
    app.after_request(answer_to_password)


# -- passwords -------------------------------------------------------------------------------------


def refuse_foreign_next() -> None:
    """After signing in one goes on within this site, or the address was tampered with."""
    goal = request.values.get("next", "/") if request.endpoint == "security.login" else "/"
    if goal and (not goal.startswith("/") or goal[1:2] in ("/", "\\")):
        abort(400)


def throttle_passwords() -> None:
    """Only forms: Flask-Security would answer JSON in ways that nobody here counts."""
    if not _is_password_post():
        return
    if request.mimetype not in web.FORMS or _wants_json():
        abort(415)
    if SignInAttempt.too_many("password", *_who()):
        abort(429)


def answer_to_password(response: Response) -> Response:
    """Flask-Security answers a refused sign-in with 200; ours is 422, counted and written down."""
    if _is_password_post() and response.status_code < 400 and not current_user.is_authenticated:
        response.status_code = 422
        SignInAttempt.note("password", *_who())
        audit.record_refusal("person.sign_in_refused", email=_who()[0])
    return response


def _wants_json() -> bool:
    return request.accept_mimetypes.best == "application/json"


def _is_password_post() -> bool:
    return request.endpoint == "security.login" and request.method == "POST"


def _who() -> tuple[str, str]:
    return request.form.get("email", "").strip().lower()[:254], request.remote_addr or ""


# -- links -----------------------------------------------------------------------------------------


@blueprint.route("/sign-in/link", methods=["GET", "POST"])
@allow(Open.ANYONE)
def ask_link() -> ResponseReturnValue:
    """The same answer whoever asks; a job finds out whether there is somebody to write to."""
    form = AskLinkForm()
    if not form.validate_on_submit():
        return render_template("accounts/ask_link.html", form=form), _code(form)
    if SignInAttempt.too_many("link", *_who()):
        abort(429)
    SignInAttempt.note("link", *_who())
    key = f"accounts.send_sign_in_link:{uuid.uuid4()}"
    outbox.enqueue("accounts.send_sign_in_link", _who()[0], key=key)
    return render_template("accounts/link_sent.html", email=form.email.data)


@blueprint.route("/sign-in/link/<token>", methods=["GET", "POST"])
@allow(Open.LINK)
def use_link(token: str) -> ResponseReturnValue:
    """GET shows a button and changes nothing, so that mail scanners spend no link."""
    link = SignInLink.usable(token)
    if link is None:
        return render_template("accounts/link_gone.html"), 404
    if request.method == "GET":
        return render_template("accounts/use_link.html", person=link.person)
    person = link.use()
    login_user(person)
    browser["by_link"] = True
    audit.record("person.signed_in_by_link", person)
    return redirect(url_for("desk.home"), 303)


# -- the account -----------------------------------------------------------------------------------


@blueprint.get("/account")
@allow(SIGNED_IN)
def account() -> ResponseReturnValue:
    return _account_page(ProfileForm(obj=current_user), PasswordForm())


@blueprint.post("/account/profile")
@allow(SIGNED_IN)
def change_profile() -> ResponseReturnValue:
    form = ProfileForm()
    if not form.validate():
        return _account_page(form, PasswordForm(formdata=None)), 422
    form.populate_obj(current_user)
    flash("Your details are saved.", "good")
    return redirect(url_for("accounts.account"), 303)


@blueprint.post("/account/password")
@allow(SIGNED_IN)
def change_password() -> ResponseReturnValue:
    form = PasswordForm()
    if not _password_allowed(form):
        return _account_page(ProfileForm(formdata=None, obj=current_user), form), 422
    _set_password(current_user._get_current_object(), form.new.data)
    flash("Your new password is set; other devices are signed out.", "good")
    return redirect(url_for("accounts.account"), 303)


def _password_allowed(form: PasswordForm) -> bool:
    valid: bool = form.validate()
    if _must_prove() and not verify_password(form.current.data or "", current_user.password):
        form.current.errors = [*form.current.errors, "That is not your present password."]
        return False
    return valid


def _must_prove() -> bool:
    return bool(current_user.password) and not browser.get("by_link")


def _set_password(person: Person, password: str) -> None:
    person.password = hash_password(password)
    person.fs_uniquifier = uuid.uuid4().hex
    login_user(person)
    sessions.end_others(person)
    audit.record("person.password_set", person)
    at = clock.machine_now().isoformat()
    outbox.enqueue("accounts.tell_password_changed", person.id, at)


@blueprint.post("/account/sessions/end")
@allow(SIGNED_IN)
def end_sessions() -> ResponseReturnValue:
    sessions.end_others(current_user)
    audit.record("person.sessions_ended", current_user._get_current_object())
    flash("All your other devices are signed out.", "good")
    return redirect(url_for("accounts.account"), 303)


def _account_page(profile: ProfileForm, password: PasswordForm) -> str:
    return render_template(
        "accounts/account.html",
        profile=profile,
        password=password,
        must_prove=_must_prove(),
        sessions=sessions.of(current_user),
    )


def _code(form: AskLinkForm) -> int:
    return 422 if form.errors else 200
