"""The monthly review: its series and one row a month."""

from webapp.reviews.models.review import IllegalReview, Review
from webapp.reviews.models.series import ReviewSeries

__all__ = ["IllegalReview", "Review", "ReviewSeries"]
