"""Owing: what a client is asked to pay beside the retainer, and what follows when it is not."""
