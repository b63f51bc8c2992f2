"""A consultant's hours as people read them."""
