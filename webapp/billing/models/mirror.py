"""What every mirrored Stripe object carries."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Mapped, mapped_column


class Mirrored:
    """synced_at: when we last read the object from Stripe (business time)."""

    stripe_id: Mapped[str] = mapped_column(unique=True)
    livemode: Mapped[bool]
    synced_at: Mapped[datetime]
