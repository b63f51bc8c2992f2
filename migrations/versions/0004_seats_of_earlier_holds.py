"""Whoever was held or assigned before there were teams fills the whole of what was sold.

A hold of two whose seats an earlier schema did not keep gets them back from what is left of it:
the other one's claims and days.
"""

from __future__ import annotations

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        """
        INSERT INTO hold_seat (hold_id, consultant_id, role, days)
        WITH bare AS (
            SELECT hold.id, hold.consultant_id AS lead_id, offering.role, offering.days_per_month
            FROM hold JOIN offering ON offering.id = hold.offering_id
            WHERE NOT EXISTS (SELECT FROM hold_seat WHERE hold_seat.hold_id = hold.id)
        ), taken AS (
            SELECT hold_id, consultant_id FROM claim
            UNION SELECT hold_id, consultant_id FROM capacity_use
        ), second AS (
            SELECT bare.id AS hold_id, (array_agg(taken.consultant_id))[1] AS consultant_id
            FROM bare JOIN taken ON taken.hold_id = bare.id
            WHERE bare.role = 'both' AND taken.consultant_id <> bare.lead_id
            GROUP BY bare.id HAVING count(*) = 1
        ), seat AS (
            SELECT bare.id AS hold_id, bare.lead_id AS consultant_id,
                CASE WHEN second.hold_id IS NULL THEN bare.role ELSE 'coo' END AS role,
                CASE WHEN second.hold_id IS NULL THEN bare.days_per_month
                    ELSE (bare.days_per_month + 1) / 2 END AS days
            FROM bare LEFT JOIN second ON second.hold_id = bare.id
            UNION ALL
            SELECT bare.id, second.consultant_id, 'integrator', bare.days_per_month / 2
            FROM bare JOIN second ON second.hold_id = bare.id
        )
        SELECT seat.hold_id, seat.consultant_id, seat.role, coalesce(
            (SELECT max(days) FROM capacity_use AS used
             WHERE used.hold_id = seat.hold_id AND used.consultant_id = seat.consultant_id),
            seat.days
        )
        FROM seat
        """
    )
    op.create_check_constraint("role", "assignment", "role IN ('coo', 'integrator', 'both')")


def downgrade() -> None:
    """The seats stay: not all of them could be told again from the rest."""
    op.drop_constraint(op.f("ck_assignment_role"), "assignment", type_="check")
