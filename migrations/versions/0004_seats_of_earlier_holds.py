"""Whoever was held or assigned before there were teams fills the whole of what was sold."""

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
        SELECT hold.id, hold.consultant_id, offering.role, offering.days_per_month
        FROM hold JOIN offering ON offering.id = hold.offering_id
        ON CONFLICT (hold_id, consultant_id) DO NOTHING
        """
    )
    op.create_check_constraint("role", "assignment", "role IN ('coo', 'integrator', 'both')")


def downgrade() -> None:
    op.drop_constraint(op.f("ck_assignment_role"), "assignment", type_="check")
    op.execute("DELETE FROM hold_seat")
