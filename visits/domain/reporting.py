"""The twelve numbers for the funder, each with the rows behind it; computed, never stored.

Each number is one function that takes a `Basis`: the campaign, the moment, and what several
numbers share. K1 and K8 count different things and are never added.
"""

from collections.abc import Callable
from datetime import datetime

from visits.domain.figures import delivery, outreach
from visits.domain.figures.basis import Basis
from visits.domain.figures.figure import Figure
from visits.domain.figures.rows import Row
from visits.models import Campaign

FIGURES: dict[str, Callable[[Basis], Figure]] = {
    "K1": outreach.event_participation,
    "K2": outreach.audience_mix,
    "K3": outreach.countries_reached,
    "K4": outreach.municipalities_engaged,
    "K5": outreach.conversion,
    "K6": delivery.reply_time,
    "K7": delivery.visits_delivered,
    "K8": delivery.persons_reached,
    "K9": delivery.reliability,
    "K10": delivery.follow_ups_kept,
    "K11": outreach.contacts_who_want_news,
    "K12": delivery.interest_in_adoption,
}


def figure(campaign: Campaign, key: str, *, at: datetime) -> Figure:
    """One number of the campaign as it stands at `at`; KeyError for an unknown key."""
    return FIGURES[key](Basis(campaign, at))


def all_figures(campaign: Campaign, *, at: datetime) -> list[Figure]:
    """The twelve numbers in their order."""
    basis = Basis(campaign, at)
    return [compute(basis) for compute in FIGURES.values()]


__all__ = ["FIGURES", "Figure", "Row", "all_figures", "figure"]
