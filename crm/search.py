"""One normalised search column per row, so that Łódź, łódź and lodz find the same rows on
every database (SQLite's own LIKE folds ASCII only)."""

import re
import unicodedata
from collections.abc import Iterable

from anyascii import anyascii
from django.db import models

from crm.trigrams import narrowing

SIGNS = re.compile(r"[^a-z0-9]+")
# A phone number as people type it; a shorter one may be a year or a house.
PHONE = re.compile(r"\+?[\d\s()/.–-]{6,30}", re.ASCII)
SHORTEST_PHONE = 6
# How many words of a text are shown before the one that was looked for, and in all.
WORDS_BEFORE, WORDS_SHOWN = 6, 16


def search_key(*parts: str) -> str:
    """The parts as one lower-case ASCII line: NFKC, casefold, anyascii, single blanks."""
    text = " ".join(part for part in parts if part)
    folded = anyascii(unicodedata.normalize("NFKC", text).casefold()).lower()
    return " ".join(folded.split())


def name_key(name: str) -> str:
    """The search key of a name with blanks for all signs: Saint-Étienne is "saint etienne"."""
    return " ".join(SIGNS.sub(" ", search_key(name)).split())


def phone_digits(text: str) -> str:
    """The digits of a phone number without blanks, signs and leading zeros; empty for other text.

    What is typed as at home ("0221 123456") stands within the number with its country.
    """
    typed = unicodedata.normalize("NFKC", text).strip().replace("(0)", "")
    if not PHONE.fullmatch(typed):
        return ""
    digits = re.sub(r"\D", "", typed).lstrip("0")
    return digits if len(digits) >= SHORTEST_PHONE else ""


def words_around(text: str, wanted: str) -> str:
    """The words of `text` around the first that holds a word of `wanted`; empty without one."""
    words, sought = text.split(), words_of(wanted)
    keys = enumerate(map(search_key, words))
    found = next((at for at, key in keys if any(part in key for part in sought)), None)
    if found is None:
        return ""
    start = max(found - WORDS_BEFORE, 0)
    end = start + WORDS_SHOWN
    shown = " ".join(words[start:end])
    return f"{'… ' if start else ''}{shown}{' …' if end < len(words) else ''}"


class SearchQuerySet(models.QuerySet):
    def search(self, text: str):
        """Rows whose search key holds every word of `text`, in any order."""
        found = self.filter(holding(text))
        numbers = narrowing(self.model, words_of(text), self.db)
        return found if numbers is None else found.filter(pk__in=numbers)

    def best_first(self, text: str):
        """Rows in which a word begins with each word of `text` before those that only hold it."""
        begins = models.Q(
            *(
                models.Q(search_key__startswith=word) | models.Q(search_key__contains=f" {word}")
                for word in words_of(text)
            )
        )
        usual = list(self.query.order_by or self.model._meta.ordering or ())
        first = models.Case(models.When(begins, then=0), default=1)
        return self.order_by(first, *usual)


def likeness(label: str, text: str) -> int:
    """How well a label answers what is typed, the least is best: every word is one of its words, or
    begins one, or stands within one, or one of them is not there at all."""
    words = name_key(label).split()
    worst = 0
    for wanted in name_key(text).split():
        if wanted in words:
            continue
        if any(word.startswith(wanted) for word in words):
            worst = max(worst, 1)
        elif any(wanted in word for word in words):
            worst = max(worst, 2)
        else:
            return 3
    return worst


def holding(text: str) -> models.Q:
    """Every word of `text` stands in the search key."""
    return models.Q(*(models.Q(search_key__contains=word) for word in words_of(text)))


def words_of(text: str) -> list[str]:
    """What is searched for one by one; of a long text only its beginning."""
    return search_key(text).split()[:12]


class SearchableModel(models.Model):
    """A row found by what it says; `search_parts` names what counts."""

    search_key = models.TextField(editable=False, blank=True, default="")

    class Meta:
        abstract = True

    def search_parts(self) -> Iterable[str]:
        raise TypeError(f"{type(self).__name__} must say what it is searched by.")

    def refresh_search_key(self) -> None:
        self.search_key = search_key(*self.search_parts())

    def save(self, *args, update_fields=None, **kwargs):
        self.refresh_search_key()
        if update_fields is not None:
            update_fields = {*update_fields, "search_key"}
        super().save(*args, update_fields=update_fields, **kwargs)
