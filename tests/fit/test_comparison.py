"""COO or Integrator: the comparison of the two roles."""

from __future__ import annotations

from html import unescape

from flask.testing import FlaskClient

from webapp.fit.roles import COO, DIFFERENCES, INTEGRATOR


def test_each_role_has_four_responsibilities_and_three_differences(client: FlaskClient) -> None:
    page = unescape(client.get("/coo-or-integrator").text)
    assert len(COO.responsibilities) == len(INTEGRATOR.responsibilities) == 4
    assert len(DIFFERENCES) == 3
    for _, text in (*COO.responsibilities, *INTEGRATOR.responsibilities):
        assert text in page
    for row in DIFFERENCES:
        assert all(cell in page for cell in row)


def test_the_notice_stands_where_the_word_is_explained(
    client: FlaskClient,
) -> None:
    page = client.get("/coo-or-integrator").text
    assert "not affiliated" in page and "EOS Worldwide" in page


def test_it_leads_on_to_booking_each_role(client: FlaskClient) -> None:
    page = client.get("/coo-or-integrator").text
    for role in ("coo", "integrator", "both"):
        assert f'href="/book?role={role}"' in page
