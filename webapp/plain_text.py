"""What may be typed into a form's text fields: validators and filters that all rooms share."""

from __future__ import annotations

import re
from typing import Any

from wtforms import Field, Form, StringField
from wtforms.validators import DataRequired, Length, ValidationError

CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
# They turn the rest of a line around, so that it reads as something else (Unicode TR 36).
BIDI_CONTROL = re.compile(r"[\u202a-\u202e\u2066-\u2069]")
LAYOUT = re.compile(r"[\r\n\t]")


def stripped(value: str | None) -> str:
    return (value or "").strip()


def one_line(_form: Form, field: Field) -> None:
    """Names go into headings and mail headers: no line breaks, no control characters."""
    if CONTROL.search(field.data or "") or BIDI_CONTROL.search(field.data or ""):
        raise ValidationError("Use one line of ordinary characters.")


def has_letter(_form: Form, field: Field) -> None:
    if not any(character.isalnum() for character in field.data or ""):
        raise ValidationError("Use letters or digits.")


def ordinary_text(_form: Form, field: Field) -> None:
    """Text of several lines: no control characters but those that lay it out."""
    if CONTROL.search(LAYOUT.sub("", field.data or "")):
        raise ValidationError("Use ordinary characters.")


def name_field(label: str, asked: str, most: int = 120, **more: Any) -> StringField:
    """What somebody or something is called; asked: said where it is left out."""
    checks = [DataRequired(asked), Length(max=most), one_line, has_letter]
    return StringField(label, checks, filters=[stripped], **more)
