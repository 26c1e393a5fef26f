"""After a strike, an absence or a city's change of mind: which agreed visits may have to move."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q
from django.utils.translation import gettext as _

from visits.domain.disruption_reach import NO_WAYS, touches, ways_of
from visits.domain.disruptions import disruptions_touching
from visits.domain.journeys import Around, unreachable_after_absence
from visits.domain.planning import may_move
from visits.models import Campaign, Disruption, HostAnswer, HostAvailability, Visit

# What the page's address names the absence by for which it was opened.
ABSENCE = "absence"


@dataclass(frozen=True)
class Candidate:
    """A visit that could be planned anew, and what endangers it now, in sentences."""

    visit: Visit
    dangers: tuple[str, ...]

    @property
    def is_offer(self) -> bool:
        """Whether its dates are only on offer: then a plan may also take them back."""
        return not self.visit.is_promised


def candidates(campaign: Campaign, *, at: datetime) -> list[Candidate]:
    """The agreed visits ahead that may be released, and the offers that something endangers and no
    city has accepted, in the order of time; moved visits that wait for their city count as agreed.
    """
    offered = Visit.objects.offered().exclude(holds__accepted_at__isnull=False)
    may_give_way = Q(pk__in=Visit.objects.promised().values("pk")) | Q(pk__in=offered.values("pk"))
    rows = (
        Visit.objects.filter(may_give_way, campaign=campaign, starts_at__gt=at)
        .select_related("host__home", "place", "campaign")
        .prefetch_related("requests", "holds")
        .order_by("starts_at")
    )
    visits = [visit for visit in rows if may_move(visit, at)]
    disruptions = list(Disruption.objects.active())
    ways = ways_of(visits, among=disruptions)
    refused = {row.visit_id: row for row in HostAnswer.objects.refused().filter(visit__in=visits)}
    absences = _absences(visits)
    late = unreachable_after_absence(visits)
    found = [
        Candidate(
            visit,
            (
                *_stopped(visit, disruptions, ways.get(visit.pk, NO_WAYS)),
                *_away(visit, absences),
                *_late(visit, late),
                *_refused(visit, refused.get(visit.pk)),
            ),
        )
        for visit in visits
    ]
    return [row for row in found if row.dangers or not row.is_offer]


def _stopped(visit: Visit, disruptions: Sequence[Disruption], around: Around) -> list[str]:
    return [
        (
            _("%(disruption)s touches it.")
            if touches(row, visit)
            else _("%(disruption)s touches its journeys.")
        )
        % {"disruption": row.name}
        for row in disruptions_touching(visit, among=disruptions, around=around)
    ]


def _refused(visit: Visit, answer: HostAnswer | None) -> list[str]:
    if answer is None:
        return []
    words = _("%(host)s has refused it: %(reason)s")
    return [words % {"host": visit.host.name, "reason": answer.reason}]


def _late(visit: Visit, late: Sequence[Visit]) -> list[str]:
    if visit not in late:
        return []
    words = _("%(host)s is unavailable until shortly before and cannot be there in time.")
    return [words % {"host": visit.host.name}]


def _absences(visits: Sequence[Visit]) -> list[HostAvailability]:
    if not visits:
        return []
    first = min(visit.starts_at for visit in visits)
    last = max(visit.ends_at for visit in visits)
    return list(HostAvailability.objects.busy().touching(first, last))


def _away(visit: Visit, absences: Sequence[HostAvailability]) -> list[str]:
    return [
        _("%(host)s is unavailable then.") % {"host": visit.host.name}
        for row in absences
        if row.host_id == visit.host_id
        and row.starts_at < visit.ends_at
        and visit.starts_at < row.ends_at
    ][:1]
