"""What lies behind the demo's first day: clients of the last months, and what became of each.

All of it is lived, not written: business time and the Stripe stand-in's are set back before
anything is there, then moved on to each day on which something happened, and the app's own verbs,
planners and jobs do the rest. So every invoice, mail and share has the date it would have had.
"""
