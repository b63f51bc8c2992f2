"""The pages Stripe hosts: Checkout, the 3-D Secure challenge, the portal, invoices.

Server-rendered, no script. What a browser test may rely on is in the package's docstring.
"""

from flask import Blueprint

from sandbox.stripe.pages import checkout, invoices, portal

blueprint = Blueprint("pages", __name__)
for _module in (checkout, portal, invoices):
    blueprint.register_blueprint(_module.blueprint)

__all__ = ["blueprint"]
