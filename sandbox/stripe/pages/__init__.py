"""The pages Stripe hosts: Checkout, 3-D Secure, the portal, invoices, Connect's onboarding.

Server-rendered, no script. What a browser test may rely on is in the package's docstring.
"""

from flask import Blueprint

from sandbox.stripe.pages import checkout, connect, credit_notes, invoices, portal

blueprint = Blueprint("pages", __name__)
for _module in (checkout, portal, invoices, credit_notes, connect):
    blueprint.register_blueprint(_module.blueprint)

__all__ = ["blueprint"]
