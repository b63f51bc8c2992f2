"""The demo firm's clients and what each has booked. All are invented."""

from dataclasses import dataclass
from datetime import date

from webapp.access import Role
from webapp.engagements.models import Draft

CODE = "SPRING10"


@dataclass(frozen=True)
class Colleague:
    role: Role
    name: str
    email: str


@dataclass(frozen=True)
class Client:
    """consultant: a slug, or two with a '+' who work as one team, the COO first.

    days_ahead: the kick-off is at the first suitable time after so many days; kick_off: at the last
    one up to that day.

    pays: 'card', 'bank' (a debit, which takes days to clear), 'invoice' (within net_days), or ''
    where they left it at the agreement. card_expires: 'MM / YY'; net_days: that they have to pay an
    invoice. code: one that gives something off. steps: onboarding steps
    they have done since.
    """

    offering: str
    consultant: str
    days_ahead: int
    draft: Draft
    pays: str = "card"
    card_expires: str = "12 / 40"
    net_days: int = 30
    kick_off: date | None = None
    code: str = ""
    colleagues: tuple[Colleague, ...] = ()
    steps: tuple[str, ...] = ()


HARBOR = Client(
    "coo-four-days",
    "mateo-villalobos",
    7,
    Draft(
        company_name="Harbor & Pine Outfitters",
        time_zone="America/New_York",
        country="US",
        address="48 Wharf Street\nPortland, ME 04101",
        postal_code="04101",
        purchase_order="PO-2207",
        contact_name="Dana Whitfield",
        contact_email="dana@harborpine.example.com",
        contact_phone="+1 207 555 0136",
    ),
    colleagues=(
        Colleague(Role.LEADER, "Omar Haddad", "omar@harborpine.example.com"),
        Colleague(Role.BILLING, "Renee Castellanos", "renee@harborpine.example.com"),
        Colleague(Role.OBSERVER, "Wil Jansen", "wil@harborpine.example.com"),
    ),
    code=CODE,
    steps=("sponsor",),
)

LUMEN = Client(
    "operations-diagnostic",
    "mateo-villalobos",
    2,
    Draft(
        company_name="Lumen Street Bakeries",
        time_zone="America/Chicago",
        country="US",
        address="1910 Lumen Street\nMilwaukee, WI 53202",
        postal_code="53202",
        contact_name="Bogdan Petrescu",
        contact_email="bogdan@lumenstreet.example.com",
    ),
    steps=("sponsor", "access"),
)

QUILLWORKS = Client(
    "coo-four-days-uk",
    "amara-okafor",
    3,
    Draft(
        company_name="Quillworks Ltd",
        time_zone="Europe/London",
        country="GB",
        address="7 Paper Mill Lane\nBristol BS1 6ZZ",
        postal_code="BS1 6ZZ",
        contact_name="Tomasz Zielinski",
        contact_email="tomasz@quillworks.example.com",
    ),
)

FERNCLIFF = Client(
    "coo-and-integrator-four-days",
    "mateo-villalobos+siobhan-kerrigan",
    5,
    Draft(
        company_name="Ferncliff Joinery",
        time_zone="America/New_York",
        country="US",
        address="215 Sawmill Road\nBurlington, VT 05401",
        postal_code="05401",
        contact_name="Greta Lindqvist",
        contact_email="greta@ferncliff.example.com",
    ),
    steps=("sponsor",),
)

CLIENTS = (
    HARBOR,
    LUMEN,
    QUILLWORKS,
    FERNCLIFF,
    Client(
        "leadership-diagnostic",
        "hana-sugimoto",
        10,
        Draft(
            company_name="Brightwell Family Clinics",
            time_zone="America/Los_Angeles",
            country="US",
            address="3300 Alder Avenue\nSacramento, CA 95814",
            postal_code="95814",
            contact_name="Leilani Kahale",
            contact_email="leilani@brightwell.example.com",
        ),
        pays="",
    ),
    Client(
        "integrator-four-days",
        "siobhan-kerrigan",
        9,
        Draft(
            company_name="Tidewater Instruments",
            time_zone="America/New_York",
            country="US",
            address="12 Sounding Lane\nAnnapolis, MD 21401",
            postal_code="21401",
            purchase_order="4500-118",
            contact_name="Marguerite Osei",
            contact_email="marguerite@tidewater.example.com",
        ),
        pays="invoice",
    ),
    Client(
        "coo-two-days",
        "lukas-brandt",
        12,
        Draft(
            company_name="Alder & Ash Studios",
            time_zone="America/Chicago",
            country="US",
            address="88 Foundry Row\nChicago, IL 60607",
            postal_code="60607",
            contact_name="Ruben Achterberg",
            contact_email="ruben@alderash.example.com",
        ),
        pays="bank",
    ),
)
