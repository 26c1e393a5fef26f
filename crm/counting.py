"""Counts for people who look: exact up to a number beyond which nobody reads on."""

from typing import cast

from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.utils.formats import number_format
from django.utils.functional import cached_property
from django.utils.translation import ngettext_lazy

# Two hundred pages of a list, twenty of a search: who searched reads on by another word.
MOST = 10_000
MOST_FOUND = 1_000

# What a list holds; the number may be words, such as "12 of 10,000+", and `total` says how many.
NOUNS = {
    "answers": ngettext_lazy("%(number)s answer", "%(number)s answers", "total"),
    "days": ngettext_lazy("%(number)s day", "%(number)s days", "total"),
    "disruptions": ngettext_lazy("%(number)s disruption", "%(number)s disruptions", "total"),
    "entries": ngettext_lazy("%(number)s entry", "%(number)s entries", "total"),
    "events": ngettext_lazy("%(number)s event", "%(number)s events", "total"),
    "exports": ngettext_lazy("%(number)s export", "%(number)s exports", "total"),
    "journeys": ngettext_lazy("%(number)s journey", "%(number)s journeys", "total"),
    "mails": ngettext_lazy("%(number)s mail", "%(number)s mails", "total"),
    "organisations": ngettext_lazy("%(number)s organisation", "%(number)s organisations", "total"),
    "people": ngettext_lazy("%(number)s person", "%(number)s people", "total"),
    "promises": ngettext_lazy("%(number)s promise", "%(number)s promises", "total"),
    "requests": ngettext_lazy("%(number)s request", "%(number)s requests", "total"),
}


def counted(noun: str, number: str | int, total: int) -> str:
    """ "1 person", "12 of 27 people"."""
    return str(NOUNS[noun] % {"number": number, "total": total})


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
