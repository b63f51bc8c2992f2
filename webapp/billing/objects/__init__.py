"""What we read of Stripe's objects: frozen facts, so that nothing of the SDK leaves the gateway.

Each `read` takes the object as a plain dictionary in the shape of API 2026-10-28: periods stand on
subscription items, an invoice names its subscription under `parent` and its payments in a list.
https://docs.stripe.com/api
"""
