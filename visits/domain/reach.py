"""What a host can really reach for a request, given everything booked and held, travel included."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from functools import cached_property
from itertools import product
from math import prod
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from crm import wording
from visits.domain.plan_rules import with_decisions
from visits.domain.planning import LoadedProblem, load_problem
from visits.domain.planning_tasks import task_of_requests
from visits.models import Host, Visit, VisitRequest
from visits.planning import problem as p
from visits.planning.constraints import host_refusal
from visits.planning.preferences import worth_of
from visits.planning.solution import Reason
from visits.planning.spans import is_zone, minute_of
from visits.planning.verdicts import Slot, Verdict, weigh_start
from visits.planning.verdicts import reachable_slots as slots_beside
from visits.reason_words import desk_words
from visits.states import VisitState

# So many ways in which cities may answer their offers are looked at one by one.
MOST_ANSWERS = 32
# The starts a coordinator would choose, minutes after midnight.
USUAL_STARTS = (9 * 60 + 30, 13 * 60 + 30)
ONLINE_MINUTES = 90
# Rules of the host and the road; the days and hours of the place are weighed beside them.
OF_HOST_AND_ROAD = frozenset(
    {
        "cannot_travel",
        "lacks_language",
        "leg_short_of_time",
        "home_too_late",
        "leg_stopped",
        "leg_stopped_and_short",
        "outside_travel_hours",
        "lands_short",
        "no_journey",
        "visits_overlap",
        "on_the_road",
        "rest_day",
        "cap_reached",
    }
)


@dataclass(frozen=True)
class ReachableSlot:
    """A slot that can be offered: `points` tells how well it meets the wishes, `wish` the rank of
    the date wished for (None for another one), `extra_minutes` how much longer the host travels
    than without it, at most; `notes` are the soft rules that speak against it."""

    host: Host
    starts_at: datetime
    ends_at: datetime
    zone: str
    points: float
    wish: int | None
    extra_minutes: int
    notes: list[str] = field(default_factory=list)

    @property
    def day(self) -> date:
        """The local date of the place."""
        return self.starts_at.astimezone(ZoneInfo(self.zone)).date()

    @property
    def minute(self) -> int:
        """Minutes after midnight at the place."""
        local = self.starts_at.astimezone(ZoneInfo(self.zone))
        return local.hour * 60 + local.minute

    @property
    def value(self) -> str:
        """The start as a form sends it."""
        return self.starts_at.astimezone(ZoneInfo(self.zone)).isoformat(timespec="minutes")

    def rank(self) -> tuple[float, int, datetime]:
        """Better first: the wish, then the journey, then the earlier day."""
        return (-self.points, self.extra_minutes, self.starts_at)


class Reach:
    """One request against the calendar of every host at one moment.

    Nothing is kept between two of them: what is booked meanwhile counts in the next.
    """

    def __init__(
        self,
        request: VisitRequest,
        *,
        at: datetime,
        mode: str = "",
        minutes: int | None = None,
    ) -> None:
        self.request, self.at = request, at
        self.mode, self.minutes = mode, minutes

    @cached_property
    def loaded(self) -> LoadedProblem:
        """The request and everything that stands beside it."""
        return load_problem(self.request.campaign, at=self.at, only=[self.request])

    @cached_property
    def is_known(self) -> bool:
        """Whether all is known that the planner needs: the city's place in the register, without
        which no journey is known, or for a meeting online its time zone alone."""
        if self.request.place_id is not None:
            return True
        mode = self.mode or self.request.mode
        return mode == p.Mode.ONLINE and is_zone(self.request.zone)

    @cached_property
    def as_asked(self) -> p.Task:
        """The request as the planner sees it, also where it may be met online alone."""
        problem, known = self.loaded.problem, self.loaded.known
        if problem.tasks:
            return problem.tasks[0]
        assert known is not None, "what was loaded for a request comes with what weighs it"
        task = task_of_requests([self.request], offers={}, known=known)
        return with_decisions(replace(problem, tasks=(task,)), self.loaded.decisions).tasks[0]

    @cached_property
    def task(self) -> p.Task:
        """The same in the mode and of the length asked about."""
        task = self.as_asked
        mode = p.Mode(self.mode) if self.mode in tuple(p.Mode) else task.mode
        default = task.duration
        if mode != task.mode:
            default = ONLINE_MINUTES if mode == p.Mode.ONLINE else 2 * ONLINE_MINUTES
        # Topics a host does not cover are a note: whoever offers the date can bring them along.
        return replace(task, mode=mode, duration=self.minutes or default, needs=())

    def hosts(self, host: Host | None) -> list[p.Host]:
        """The hosts asked about."""
        return [each for each in self.loaded.problem.hosts if host is None or each.ref == host.ref]

    def slots(self, host: Host | None = None) -> list[ReachableSlot]:
        """Every start on the grid that can be reached whatever cities answer, the best first."""
        if not self.is_known:
            return []
        found: list[ReachableSlot] = []
        for each in self.hosts(host):
            found += self.slots_of(each)
        return sorted(found, key=ReachableSlot.rank)

    def slots_of(self, host: p.Host) -> Iterable[ReachableSlot]:
        """The slots of one host."""
        ranks = {wish.day: wish.rank for wish in reversed(self.task.wishes)}
        zone, uncovered = self.task.place.zone, self.uncovered(host)
        for slot in best_of_answers(self.loaded, self.task, host):
            day = slot.start.astimezone(ZoneInfo(zone)).date()
            worth = worth_of(self.loaded.problem, self.task, day, minute_of(slot.start))
            yield ReachableSlot(
                host=self.loaded.hosts[host.ref],
                starts_at=slot.start,
                ends_at=slot.end,
                zone=zone,
                points=slot.points,
                wish=ranks.get(day),
                extra_minutes=slot.travel_minutes,
                notes=[*uncovered, *(desk_words(reason) for reason in worth.deductions)],
            )

    def uncovered(self, host: p.Host) -> list[str]:
        """What the city asks about that neither this host nor an expert covers, as a sentence."""
        bare = replace(self.as_asked, mode=p.Mode.ONLINE, languages=frozenset())
        reason = host_refusal(bare, host)
        return [desk_words(reason)] if reason and reason.code == "lacks_skill" else []

    def notes(self, host: Host) -> list[str]:
        """What to know about a host before offering, beside the journeys."""
        return [words for each in self.hosts(host) for words in self.uncovered(each)]

    def verdict(self, host: Host, starts_at: datetime) -> Verdict | None:
        """What the planner says to one start, on the grid or not: the worst of all answers.

        None where no journey can be weighed.
        """
        hosts = self.hosts(host)
        if not self.is_known or not hosts:
            return None
        verdicts = [
            weigh_start(self.loaded.problem, facts, self.task, hosts[0], starts_at)
            for facts in answers_of(self.loaded, host.ref)
        ]
        return min(verdicts, key=lambda verdict: (verdict.possible, -(verdict.travel_minutes or 0)))

    def travel_for(self, visit: Visit) -> int:
        """How many minutes longer the host travels for a visit of the request than without it.

        0 for one that cannot be reached as things stand: no journey leads there.
        """
        minutes = int(visit.duration.total_seconds() // 60)
        as_it_is = Reach(self.request, at=self.at, mode=visit.mode, minutes=minutes)
        as_it_is.loaded = self.loaded
        verdict = as_it_is.verdict(visit.host, visit.starts_at)
        return (verdict.travel_minutes or 0) if verdict else 0

    def road_reasons(self, host: Host, starts_at: datetime) -> list[Reason]:
        """What of the host and the road forbids a start."""
        verdict = self.verdict(host, starts_at)
        if verdict is None:
            return []
        return [reason for reason in verdict.hard if reason.code in OF_HOST_AND_ROAD]

    def is_short_notice(self, starts_at: datetime) -> bool:
        """Whether a start leaves the city less notice than the campaign promises."""
        if not self.is_known:
            return False
        earliest = self.loaded.problem.earliest
        return earliest is not None and starts_at < earliest


def answers_of(loaded: LoadedProblem, host: str) -> Iterator[tuple[p.FixedVisit, ...]]:
    """A host's calendar for every way in which cities may choose among the dates on offer.

    Of too many ways only the strictest is told: every date counts as taken.
    """
    held = _dates_on_offer(loaded)
    choices = [
        [
            replace(visit, start=start, end=end)
            for start, end in held.get(visit.ref, [(visit.start, visit.end)])
        ]
        for visit in loaded.problem.fixed
        if visit.host == host
    ]
    if prod(len(dates) for dates in choices) <= MOST_ANSWERS:
        yield from product(*choices)
        return
    yield tuple(
        replace(visit, ref=f"{visit.ref} {number}")
        for dates in choices
        for number, visit in enumerate(dates)
    )


def _dates_on_offer(loaded: LoadedProblem) -> dict[str, list[tuple[datetime, datetime]]]:
    """Every date still on offer to a city, by the visit it belongs to."""
    found: dict[str, list[tuple[datetime, datetime]]] = {}
    for ref, visit in loaded.visits.items():
        if visit.state == VisitState.TENTATIVE:
            live = [hold for hold in visit.holds.all() if hold.reservation.active]
            if live:
                found[ref] = [(hold.starts_at, hold.ends_at) for hold in live]
    return found


def best_of_answers(
    loaded: LoadedProblem, task: p.Task, host: p.Host, *, days: Collection[date] | None = None
) -> list[Slot]:
    """The slots a host can reach whatever cities answer, each with the longest extra journey."""
    common: dict[datetime, Slot] | None = None
    for facts in answers_of(loaded, host.ref):
        slots = {
            slot.start: slot for slot in slots_beside(loaded.problem, facts, task, host, days=days)
        }
        if common is None:
            common = slots
            continue
        common = {
            start: max(slot, slots[start], key=lambda each: each.travel_minutes)
            for start, slot in common.items()
            if start in slots
        }
    return list((common or {}).values())


def usual_first(slots: Iterable[Slot], zone: str) -> Slot | None:
    """The slot with the shortest extra journey; of equal ones what one would choose."""

    def order(slot: Slot) -> tuple:
        local = slot.start.astimezone(ZoneInfo(zone))
        return (
            -slot.points,
            slot.travel_minutes,
            local.date(),
            _away(local.hour * 60 + local.minute),
        )

    return min(slots, key=order, default=None)


def reachable_slots(
    request: VisitRequest, *, host: Host | None = None, at: datetime
) -> list[ReachableSlot]:
    """The slots that can be offered to the city of a request, the best first.

    With `host` only those of this host. Empty when nothing can be reached, or when the city is not
    in the register of places.
    """
    return Reach(request, at=at).slots(host)


def best_of_half_days(slots: Sequence[ReachableSlot]) -> list[ReachableSlot]:
    """One slot for each morning and afternoon, in the order given: the most usual of equal ones."""
    best: dict[tuple[str, date, bool], ReachableSlot] = {}
    for slot in slots:
        key = (slot.host.ref, slot.day, slot.minute < 12 * 60)
        known = best.get(key)
        if known is None or _usual(slot) < _usual(known):
            best[key] = slot
    return sorted(best.values(), key=ReachableSlot.rank)


def _usual(slot: ReachableSlot) -> tuple[float, int, int]:
    """Better first within a half day: wish and journey, then how usual the start is."""
    return (-slot.points, slot.extra_minutes, _away(slot.minute))


def _away(minute: int) -> int:
    """How far a start lies from the usual ones."""
    return min(abs(minute - usual) for usual in USUAL_STARTS)


def journey_words(extra_minutes: int) -> str:
    """How much longer the host travels."""
    if not extra_minutes:
        return _("no more travel")
    words = wording.duration(abs(extra_minutes))
    if extra_minutes > 0:
        return _("%(time)s more travel") % {"time": words}
    return _("%(time)s less travel") % {"time": words}
