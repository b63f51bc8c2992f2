"""Who has been a client for a while, each for what became of them. All are invented."""

from datetime import date

from dateutil.relativedelta import relativedelta

from sandbox.demo.clients import Client, Colleague
from sandbox.demo.people import WEEKDAYS, Bookable, Hours
from webapp.access import Role
from webapp.engagements.models import Draft

NEW_YORK, CHICAGO, LONDON = "America/New_York", "America/Chicago", "Europe/London"

# With all her days taken she is on no public list.
JUDITH = Bookable(
    "judith-abara", "Judith Abara",
    "Stays until the managers no longer need her, and says when that is",
    "Twenty years in distribution and trades, the last ten as chief operating officer of three "
    "family companies. Takes nobody new until one of her clients has learned it.",
    ("coo", "integrator"), ("retail", "manufacturing", "professional services"), ("English",),
    NEW_YORK, "US", 22,
    (Hours(WEEKDAYS, (("09:00", "17:00"),)),),
    rules={"minimum_notice": 12 * 60},
)  # fmt: skip


def draft(company: str, contact: str, email: str, zone: str, address: str, country: str) -> Draft:
    """The postal code stands at the address's end where the country is the US."""
    code = address.split()[-1] if country == "US" else ""
    return Draft(
        company_name=company, time_zone=zone, country=country, address=address, postal_code=code,
        contact_name=contact, contact_email=email,
    )  # fmt: skip


GROWN = draft(
    "Copperfield Tea Merchants", "Nadia Ferreira", "nadia@copperfieldtea.example.com",
    NEW_YORK, "19 Customs Row\nBaltimore, MD 21230", "US",
)  # fmt: skip


class Past:
    """The clients, with kick-offs counted back from a day."""

    def __init__(self, today: date) -> None:
        self.today = today

    def ago(self, days: int, months: int = 0) -> date:
        return self.today - relativedelta(months=months) - relativedelta(days=days)

    @property
    def first_day(self) -> date:
        """On which the firm looks for help; the first client books soon after."""
        return self.ago(25, months=2)

    @property
    def grown(self) -> Client:
        """In their third month, on a larger plan since the second."""
        return Client(
            "coo-four-days", JUDITH.slug, 0,
            GROWN,
            kick_off=self.ago(14, months=2),
            colleagues=(
                Colleague(Role.BILLING, "Ibrahim Sesay", "ibrahim@copperfieldtea.example.com"),
                Colleague(Role.LEADER, "Clara Novak", "clara@copperfieldtea.example.com"),
            ),
        )  # fmt: skip

    @property
    def resting(self) -> Client:
        """On pause."""
        return Client(
            "integrator-four-days", JUDITH.slug, 0,
            draft("Marlowe Print Works", "Felix Marlowe", "felix@marloweprint.example.com",
                  CHICAGO, "402 Letterpress Alley\nSt. Louis, MO 63103", "US"),
            kick_off=self.ago(20, months=1),
        )  # fmt: skip

    @property
    def behind(self) -> Client:
        """Whose card was declined, so that a coordinator has something to decide."""
        return Client(
            "coo-two-days", JUDITH.slug, 0,
            draft("Stillwater Cycles", "Anneke Visser", "anneke@stillwatercycles.example.com",
                  NEW_YORK, "7 Towpath Street\nTroy, NY 12180", "US"),
            kick_off=self.ago(11, months=1),
        )  # fmt: skip

    @property
    def busy(self) -> Client:
        """Used more hours than included; and the card is good for this month only."""
        return Client(
            "coo-four-days", JUDITH.slug, 0,
            draft("Orchard Lane Veterinary", "Samir Qureshi", "samir@orchardlanevets.example.com",
                  NEW_YORK, "86 Orchard Lane\nIthaca, NY 14850", "US"),
            kick_off=self.ago(8, months=1), card_expires=f"{self.today:%m / %y}",
        )  # fmt: skip

    @property
    def overdue(self) -> Client:
        """Pays by invoice, and has forgotten the last one."""
        return Client(
            "coo-four-days", JUDITH.slug, 0,
            draft("Bexley & Wren Architects", "Honor Bexley", "honor@bexleywren.example.com",
                  NEW_YORK, "31 Gable Street\nAlbany, NY 12207", "US"),
            kick_off=self.ago(20, months=1), pays="invoice", net_days=14,
        )  # fmt: skip

    @property
    def contested(self) -> Client:
        """A diagnostic whose payment their bank took back."""
        return Client(
            "operations-diagnostic", "mateo-villalobos", 0,
            draft("Gable & Thorne Hotels", "Philippa Thorne", "philippa@gablethorne.example.com",
                  NEW_YORK, "5 Esplanade\nNewport, RI 02840", "US"),
            kick_off=self.ago(20, months=1),
        )  # fmt: skip

    @property
    def refunded(self) -> Client:
        """A diagnostic of which a part was given back after the share had been sent."""
        return Client(
            "leadership-diagnostic", "amara-okafor", 0,
            draft("Fenwick Analytics", "Rohan Fenwick", "rohan@fenwickanalytics.example.com",
                  LONDON, "22 Quayside\nNewcastle NE1 3DX", "GB"),
            kick_off=self.ago(20, months=1),
        )  # fmt: skip

    @property
    def all(self) -> tuple[Client, ...]:
        return (self.grown, self.resting, self.behind, self.busy, self.overdue,
                self.contested, self.refunded)  # fmt: skip
