"""Walking a list in its order instead of sorting all that match, where the database cannot choose.

SQLite's planner looks up everybody of an organisation with the value asked for and sorts them all
for one page; with many of them, fifty are met much sooner on the way through the index of the
list's order. PostgreSQL knows how common a value is and decides that itself.
"""

from django.db import connections, models
from django.db.models import QuerySet

# Rows that match; fifty of more are met sooner by walking.
FEW = 1_000


@models.CharField.register_lookup
class WithoutIndex(models.Transform):
    """The same value, for which SQLite looks up no index: the unary plus of its planner."""

    lookup_name = "without_index"
    template = "+%(expressions)s"


def is_better(rows: QuerySet, count: int) -> bool:
    """Whether a page of rows that so many match is found by walking, if it is told so."""
    return count > FEW and connections[rows.db].vendor == "sqlite"
