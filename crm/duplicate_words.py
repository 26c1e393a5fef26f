"""Why two records may be of one human, or may not, in words."""

from typing import NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from crm.domain.duplicates import told
from crm.matching.fields import Level
from crm.matching.pairs import Pair
from crm.models import Lookalike

SAME, NEAR, ALIKE, OTHER = Level.SAME, Level.NEAR, Level.ALIKE, Level.OTHER
WORDS: dict[str, dict[Level, str | Promise]] = {
    "given": {
        SAME: _("same given name"),
        NEAR: _("given name one letter apart"),
        ALIKE: _("given name alike"),
        OTHER: _("other given name"),
    },
    "family": {
        SAME: _("same family name"),
        NEAR: _("family name one letter apart"),
        ALIKE: _("family name alike"),
        OTHER: _("other family name"),
    },
    "organisation": {
        SAME: _("same organisation"),
        NEAR: _("organisation spelt nearly the same"),
        ALIKE: _("organisation with like words"),
        OTHER: _("other organisation"),
    },
    "city": {
        SAME: _("same city"),
        NEAR: _("city spelt nearly the same"),
        ALIKE: _("city of a like name"),
        OTHER: _("other city"),
    },
    "country": {SAME: _("same country"), OTHER: _("other country")},
    "mail": {
        SAME: _("same mail address"),
        NEAR: _("mail address one letter apart"),
        OTHER: _("other mail address"),
    },
    "phone": {
        SAME: _("same phone number"),
        NEAR: _("phone number one digit apart"),
        ALIKE: _("same digits in another order"),
        OTHER: _("other phone number"),
    },
}


class Reason(NamedTuple):
    """One thing that speaks for one human (`is_for`) or against."""

    words: str
    is_for: bool


class Suggestion(NamedTuple):
    """A stored pair with its reasons, as lists and pages show it."""

    lookalike: Lookalike
    reasons: list[Reason]

    @property
    def percent(self) -> int:
        """Never 100: the machine is never sure."""
        return percent(self.lookalike.probability)


def percent(probability: float) -> int:
    return min(99, int(probability * 100))


def suggestion_of(lookalike: Lookalike) -> Suggestion:
    return Suggestion(lookalike, reasons(lookalike))


def reasons(pair: Pair | Lookalike) -> list[Reason]:
    """What speaks for it first, then what speaks against."""
    found = [
        Reason(str(WORDS[name][level]), level is not OTHER)
        for name, level in told(pair)
        if level in WORDS[name]
    ]
    return sorted(found, key=lambda reason: not reason.is_for)
