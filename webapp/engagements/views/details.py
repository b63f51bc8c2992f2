"""Company and contact: the page after the kick-off time is held."""

from __future__ import annotations

from typing import Any

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from webapp import access
from webapp.access import CLIENT, Open, Role, allow
from webapp.accounts.models import Company, Person
from webapp.booking import waitlisting
from webapp.booking.models import Hold, SlotTaken
from webapp.db import session
from webapp.engagements.forms import DetailsForm
from webapp.engagements.models import Draft, Engagement
from webapp.engagements.views import start
from webapp.engagements.views.blueprint import blueprint
from webapp.web import visitor_zone


class Asking:
    """One look at the details page: whose company it is about, and so what has to be asked."""

    def __init__(self, hold: Hold, engagement: Engagement | None) -> None:
        self.hold, self.engagement = hold, engagement
        self.draft = engagement.details if engagement else Draft()
        self.booker = start.coordinator()
        self.companies = self._companies()
        self.company = self._chosen()
        self.person = self._client()
        self.offered_to = waitlisting.entry_of(hold)
        self.form = DetailsForm(data=self._known())
        self.form.ask_only_unknown(self.company, self.person)

    def _companies(self) -> list[Company]:
        """Those the viewer may book for: a coordinator all, a client the ones they sponsor."""
        person = start.viewer()
        if self.booker:
            return list(session.scalars(select(Company).order_by(Company.name)))
        rows = person.memberships if person else []
        return [row.company for row in rows if row.role == Role.SPONSOR and row.company]

    def _chosen(self) -> Company | None:
        wanted = request.values.get("company") or self.draft.company_id
        if not wanted and not self.booker and not self.draft.complete and self.companies:
            return self.companies[0]
        return next((company for company in self.companies if str(company.id) == wanted), None)

    def _client(self) -> Person | None:
        person = start.viewer()
        return person if person and not self.booker and person.role_names & CLIENT else None

    def _known(self) -> dict[str, str]:
        """What the form starts from: what was typed before, else what can be guessed."""
        if self.draft.complete:
            return self.draft.as_dict()
        sponsor = self.company.sponsor if self.company and self.booker else None
        known = {"time_zone": visitor_zone(self.hold.time_zone)}
        if self.offered_to:
            known |= {"contact_name": self.offered_to.name, "contact_email": self.offered_to.email}
        if sponsor:
            known |= {"contact_name": sponsor.name, "contact_email": sponsor.email}
        return known

    @property
    def pass_on_url(self) -> str | None:
        """Where an offer from the line can be given up, while it stands."""
        entry = self.offered_to
        if entry is None or entry.state != "offered" or not self.hold.live:
            return None
        return url_for("booking.place_in_line", token=access.sign("waitlist", str(entry.id)))

    @property
    def zone(self) -> str:
        if self.engagement and self.draft.complete:
            return self.engagement.time_zone
        return self.hold.time_zone

    def page(self, token: str, **more: Any) -> str:
        context = start.page_context(self.hold, token, "Details", self.zone)
        return render_template(
            "engagements/details.html", asking=self, form=self.form, **context, **more
        )


def _only_the_agreement(engagement: Engagement | None, token: str) -> ResponseReturnValue | None:
    """A link that a coordinator sent about a company on file changes nothing about its parties."""
    draft = engagement.details if engagement else Draft()
    if not draft.company_id or draft.person_id or start.coordinator():
        return None
    return redirect(url_for("engagements.agreement", token=token), 303)


@blueprint.get("/start/<token>")
@allow(Open.LINK)
def details(token: str) -> ResponseReturnValue:
    hold = start.hold_of(token)
    engagement = Engagement.begun_with(hold)
    elsewhere = start.past_booking(engagement, token) or _only_the_agreement(engagement, token)
    if engagement and not elsewhere:
        elsewhere = start.needs_sign_in(engagement)
    return elsewhere or start.over(hold, token) or Asking(hold, engagement).page(token)


@blueprint.post("/start/<token>")
@allow(Open.LINK)
def send_details(token: str) -> ResponseReturnValue:
    engagement = Engagement.of_hold(start.hold_of(token))
    elsewhere = start.past_booking(engagement, token) or _only_the_agreement(engagement, token)
    if elsewhere or (elsewhere := start.needs_sign_in(engagement)):
        return elsewhere
    asking = Asking(engagement.hold, engagement)
    if not asking.form.validate():
        return asking.page(token), 422
    try:
        start.keep_time(engagement)
    except SlotTaken as lost:
        return asking.page(token, **start.alternatives(lost, asking.zone)), 409
    draft = asking.form.draft(asking.company, asking.person)
    engagement.note_details(draft, start.viewer())
    return redirect(url_for("engagements.agreement", token=token), 303)
