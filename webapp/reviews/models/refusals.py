"""Why a review stays as it is."""


class IllegalReview(ValueError):
    """The step is not possible; the message says why, for a person to read."""
