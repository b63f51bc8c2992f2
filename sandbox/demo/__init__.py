"""An invented firm with its clients, for a first look: people, offerings, engagements.

Everything after the firm's own rows is done by the app's own verbs, and paid at the Stripe
stand-in's hosted page over HTTP, so that what the pages show is what really happened.
"""
