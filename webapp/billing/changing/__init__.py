"""Changing what is paid: previews, plan changes, pauses, notice, and surprises at Stripe."""
