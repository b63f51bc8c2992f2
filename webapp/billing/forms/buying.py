"""What a client types on the way to paying."""

from __future__ import annotations

from flask_wtf import FlaskForm
from wtforms import StringField
from wtforms.validators import Length

from webapp.plain_text import one_line, stripped


class CodeForm(FlaskForm):
    """A code for a reduction; empty: none after all."""

    code = StringField("Code", [Length(max=40), one_line], filters=[stripped])
