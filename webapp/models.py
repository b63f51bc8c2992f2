"""Every room's tables in one import, for migrations and for whatever starts without the pages."""

from webapp import audit, outbox
from webapp.accounts import models as accounts
from webapp.billing import models as billing
from webapp.booking import models as booking
from webapp.booking.outside import models as outside
from webapp.catalog import models as catalog
from webapp.engagements import models as engagements
from webapp.notifications import models as notifications
from webapp.reviews import models as reviews

__all__ = [
    "accounts",
    "audit",
    "billing",
    "booking",
    "catalog",
    "engagements",
    "notifications",
    "outbox",
    "outside",
    "reviews",
]
