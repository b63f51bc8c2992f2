"""Forms of the accounts room."""

from __future__ import annotations

from typing import Any

from flask_security import LoginForm
from flask_wtf import FlaskForm
from wtforms import EmailField, PasswordField, StringField
from wtforms.validators import (
    Email,
    EqualTo,
    InputRequired,
    Length,
    Optional,
    ValidationError,
)

from webapp.plain_text import name_field, one_line, stripped
from webapp.zone_field import ZoneField

SHORTEST_PASSWORD = 10


class AskLinkForm(FlaskForm):
    email = EmailField(
        "E-mail", [InputRequired("Enter your e-mail address."), Email(), Length(max=254)]
    )


class SignInForm(LoginForm):
    """Flask-Security's own, in our words."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.email.label.text = "E-mail"


class ProfileForm(FlaskForm):
    name = name_field("Name", "Enter your name.")
    phone = StringField("Phone", [Optional(), Length(max=40), one_line], filters=[stripped])
    time_zone = ZoneField()


class PasswordForm(FlaskForm):
    """`current` is asked of those who signed in with a password, not of those who used a link."""

    current = PasswordField("Present password")
    new = PasswordField(
        "New password",
        [InputRequired("Enter a new password."), Length(min=SHORTEST_PASSWORD, max=256)],
        description=f"{SHORTEST_PASSWORD} characters or more; a few unrelated words do well.",
    )
    again = PasswordField("New password again", [EqualTo("new", "The two are not the same.")])

    def validate_new(self, field: PasswordField) -> None:
        if len(set(field.data or "")) < 4:
            raise ValidationError("Use more different characters.")
