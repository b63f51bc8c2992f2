"""What is stored when a mail is asked for."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests import make
from tests.mail import Mailbox
from webapp.access import Role
from webapp.accounts.mails import send_sign_in_link


@pytest.mark.parametrize("between", ["\r\n", "\n", "\x0b", "\x85", "\u2028", "\u2029"])
def test_a_name_with_a_line_break_does_not_stop_the_mail(
    app: object, drain: Callable[[], int], mailbox: Mailbox, between: str
) -> None:
    person = make.person(Role.CONSULTANT, name=f"Grace{between}Bcc: all@example.com")
    send_sign_in_link(person.email)
    drain()
    [message] = mailbox.messages
    [to] = message["To"].addresses
    assert (to.display_name, to.addr_spec) == ("Grace Bcc: all@example.com", person.email)
    assert message["Bcc"] is None
