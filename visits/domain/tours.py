"""What hosts do on the road for other campaigns than the one that is planned.

A tour counts as time away as a whole, from leaving home until being home again: no visit of one
campaign lies in the middle of another's tour.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field
from datetime import datetime

from visits.domain.booking import BUFFER
from visits.domain.journeys import Journey, causes_journeys, journeys_between
from visits.models import Host, Visit
from visits.planning import problem as p
from visits.reason_words import both
from visits.states import VisitState

Span = tuple[datetime, datetime]


@dataclass
class Elsewhere:
    """What hosts do for other campaigns, by the number of the host: `busy` is when they are away
    for it, `tours` are its tours. The `inside` are visits of the campaign itself, by their number,
    that were agreed in the middle of one."""

    busy: dict[int, list[p.Busy]] = field(default_factory=dict)
    tours: dict[int, list[p.Tour]] = field(default_factory=dict)
    inside: set[int] = field(default_factory=set)

    def is_on_tour(self, host: Host, at: datetime) -> bool:
        return any(tour.start <= at < tour.end for tour in self.tours.get(host.pk, ()))


def elsewhere_of(
    visits: Iterable[Visit], own: Iterable[Visit], taken: Mapping[int, Sequence[p.Busy]]
) -> Elsewhere:
    """What these `visits` of other campaigns keep their hosts from, beside the campaign's `own`.

    A visit with several dates on offer takes all of them. What its hosts have `taken` otherwise, or
    have of the campaign's own in the middle of a tour, is cut out of the time away.
    """
    theirs: dict[Host, list[Visit]] = {}
    for visit in visits:
        theirs.setdefault(visit.host, []).extend(every_date(visit))
    settled: dict[Host, list[Visit]] = {}
    for visit in own:
        if visit.host in theirs and len(list(every_date(visit))) == 1:
            settled.setdefault(visit.host, []).append(visit)
    all_rows = [*theirs.values(), *settled.values()]
    journeys = journeys_between(visit for rows in all_rows for visit in rows)
    found = Elsewhere()
    for host, rows in theirs.items():
        beside = settled.get(host, [])
        tours = _tours_of(host, rows, journeys.get(host, ()), beside)
        inside = [row for row in beside if any(_meets(row, tour) for tour in tours)]
        cut = [(row.starts_at, row.ends_at + BUFFER) for row in inside]
        cut += [(each.start, each.end) for each in taken.get(host.pk, ())]
        found.tours[host.pk] = tours
        found.inside |= {row.pk for row in inside}
        found.busy[host.pk] = [
            p.Busy(start, end, label=tour.name, at_home=True, tour=tour)
            for tour in tours
            for start, end in _without(tour, cut)
        ] + [_by_itself(host, row) for row in rows if not any(_meets(row, tour) for tour in tours)]
    return found


def every_date(visit: Visit) -> Iterator[Visit]:
    """The visit, and as if it were at each other date still on offer to its city."""
    yield visit
    for hold in visit.holds.all() if visit.state == VisitState.TENTATIVE else ():
        if hold.reservation.active and hold.starts_at != visit.starts_at:
            other = copy(visit)
            other.starts_at, other.ends_at = hold.starts_at, hold.ends_at
            yield other


def _tours_of(
    host: Host, rows: Sequence[Visit], journeys: Sequence[Journey], beside: Sequence[Visit]
) -> list[p.Tour]:
    """The tours on which the host makes these visits, each called after their campaigns."""
    stops = [row for row in (*rows, *beside) if causes_journeys(row)]
    found = []
    for start, end in _spans(host, journeys, stops):
        made = [row for row in rows if causes_journeys(row) and start <= row.starts_at < end]
        if made:
            names = dict.fromkeys(str(row.campaign) for row in made)
            found.append(p.Tour(both(names), start, end))
    return found


def _spans(host: Host, journeys: Sequence[Journey], stops: Sequence[Visit]) -> Iterator[Span]:
    """From leaving home until being home again; without a journey home until the last visit."""
    made = [row for row in journeys if not row.is_missed]
    rows = sorted(made, key=lambda row: row.departs_at)
    trips: list[list[Journey]] = []
    for row in rows:
        is_home = not trips or trips[-1][-1].destination.pk == host.home_id
        if is_home or row.origin.pk == host.home_id:
            trips.append([])
        trips[-1].append(row)
    leaves = [trip[0].departs_at for trip in trips]
    for trip, start, then in zip(trips, leaves, [*leaves[1:], None], strict=False):
        end = max(row.arrives_at for row in trip)
        if trip[-1].destination.pk != host.home_id:
            ends = [row.ends_at + BUFFER for row in stops if _is_between(row, start, then)]
            end = max([end, *ends])
        yield start, end


def _is_between(visit: Visit, start: datetime, then: datetime | None) -> bool:
    return start <= visit.starts_at and (then is None or visit.starts_at < then)


def _meets(visit: Visit, tour: p.Tour) -> bool:
    return visit.starts_at < tour.end and tour.start < visit.ends_at


def _without(tour: p.Tour, cut: Iterable[Span]) -> Iterator[Span]:
    """What is left of a tour."""
    begins = tour.start
    for start, end in sorted(cut):
        if begins < start < tour.end:
            yield begins, start
        begins = max(begins, end)
    if begins < tour.end:
        yield begins, tour.end


def _by_itself(host: Host, visit: Visit) -> p.Busy:
    """The visit's own time: it is online, in the host's own town, or nobody knows where."""
    return p.Busy(
        start=visit.starts_at,
        end=visit.ends_at + BUFFER,
        label=f"{visit}, {visit.campaign}",
        at_home=not visit.is_online and visit.place_id == host.home_id,
    )
