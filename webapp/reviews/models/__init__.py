"""The monthly review: its series and one row a month."""

from webapp.reviews.models.refusals import IllegalReview
from webapp.reviews.models.review import Review
from webapp.reviews.models.series import ReviewSeries

__all__ = ["IllegalReview", "Review", "ReviewSeries"]
