"""Counts for people who look: exact up to a number beyond which nobody reads on."""

from typing import cast

from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.utils.formats import number_format
from django.utils.functional import cached_property

# Two hundred pages of a list, twenty of a search: who searched reads on by another word.
MOST = 10_000
MOST_FOUND = 1_000


def count_up_to(rows: QuerySet, most: int = MOST) -> int:
    """How many rows there are; `most + 1` stands for any number above `most`."""
    return rows.order_by().values("pk")[: most + 1].count()


def in_words(count: int, most: int = MOST) -> str:
    """ "1,234", or "10,000+" above `most`."""
    return number_format(min(count, most), force_grouping=True) + "+" * (count > most)


class CountingPaginator(Paginator):
    """Pages of a list that does not count beyond `most` rows."""

    most = MOST

    @cached_property
    def up_to(self) -> int:
        """The count of `count_up_to`."""
        return count_up_to(cast(QuerySet, self.object_list), self.most)

    @property
    def count(self) -> int:
        return min(self.up_to, self.most)

    @property
    def words(self) -> str:
        return in_words(self.up_to, self.most)


class SearchPaginator(CountingPaginator):
    """Pages of what was searched for."""

    most = MOST_FOUND
