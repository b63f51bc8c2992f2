"""Pages of engagements: the way to an agreement, what happens to one later, and the pulse."""

from webapp.engagements.views import agreement, details, progress, pulse, slot
from webapp.engagements.views.blueprint import blueprint

__all__ = ["agreement", "blueprint", "details", "progress", "pulse", "slot"]
