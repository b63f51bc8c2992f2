"""Pages of reviews: one review, and an engagement's series with its rule."""

from webapp.reviews.views import review, series
from webapp.reviews.views.room import blueprint

__all__ = ["blueprint", "review", "series"]
