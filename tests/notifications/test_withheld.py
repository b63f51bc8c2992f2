"""What the firm reads of a mail leaves out the links that only its reader may use."""

from __future__ import annotations

import pytest

from webapp.notifications.models import EmailMessage


@pytest.mark.parametrize(
    "path", ["sign-in/link/aB-9_x", "meetings/move/Ij.aw.Z-9_", "meetings/cancel/Ij.aw.Z",
             "meetings/rebook/Ij.aw.Z"]
)  # fmt: skip
def test_links_that_act_for_their_reader_are_withheld(path: str) -> None:
    way, _, token = path.rpartition("/")
    text = f"Press:\nhttps://example.com/{path}\nSee https://example.com/meetings/0b1c too"
    mail = EmailMessage(text=text, html=f'<a href="https://example.com/{path}">Press</a>')
    assert token not in mail.shown_text and token not in mail.shown_html
    assert f"https://example.com/{way}/…" in mail.shown_text
    assert "/meetings/0b1c" in mail.shown_text and ">Press</a>" in mail.shown_html
