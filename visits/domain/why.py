"""Why a request has no date, or not this one, and the smallest change that would help.

"This plan" is the calendar as it stands with what the latest draft adds to it. Agreed visits may
be asked to move in it, never to go; dates on offer may be taken back.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from crm import wording
from visits.domain.alternatives import leeway_of, lifted_words
from visits.domain.plan_rules import decided_against
from visits.domain.planning import LoadedProblem, load_problem
from visits.domain.planning_tasks import task_of_visit
from visits.domain.plans import latest_version
from visits.domain.reach import journey_words
from visits.models import Host, PlanVersion, VisitRequest
from visits.planning import problem as p
from visits.planning.changes import Change, ChangeKind, Placed, lay_out, ways_to_fit
from visits.planning.preferences import worth_of
from visits.planning.problem import Limits, ProblemError
from visits.planning.reasons import NEARNESS
from visits.planning.search import solve
from visits.planning.solution import Solution
from visits.planning.spans import local_day, minute_of
from visits.planning.verdicts import weigh_start, what_if
from visits.planning.why import Cell, CellMark, cells_of
from visits.reason_words import both, desk_words, public_words
from visits.states import VisitState

# Rules of the planner behind which stands a decision of ours.
DECISIONS = ("banned_host", "banned_day", "pinned_elsewhere", "pinned_day")
# An exact answer is waited for on a page, so it is bounded in counts and in seconds.
EXACT = Limits(seconds=4.0, effort=0.5)


@dataclass(frozen=True)
class CellWords:
    """One host on one day: the mark, the sentence for the desk and the one for a letter."""

    cell: Cell
    host: Host
    sentence: str
    public: str

    @property
    def mark(self) -> str:
        """free, soft (possible against a soft rule), taken or closed."""
        if self.cell.mark == CellMark.FREE and self.cell.soft:
            return "soft"
        return str(self.cell.mark)


@dataclass(frozen=True)
class ChangeWords:
    """One change: what has to give way, what then happens, what it costs; `slot` is where the
    request can be offered dates when nobody else is touched, else None."""

    change: Change
    sentence: str
    costs: list[str]
    host: Host
    slot: datetime | None


@dataclass(frozen=True)
class Why:
    """The answer for one request; the sentences are empty when nothing stands against it."""

    sentence: str
    public: str
    plan: str
    cells: list[CellWords] = field(default_factory=list)
    changes: list[ChangeWords] = field(default_factory=list)


@dataclass(frozen=True)
class ExactCost:
    """What saying yes does to the best plan there is, in sentences."""

    sentences: list[str]


class Weighing:
    """One open request in the plan as it stands at one moment."""

    def __init__(self, request: VisitRequest, *, at: datetime) -> None:
        self.request, self.at = request, at
        self.version = latest_version(request.campaign)
        self.loaded = load_problem(request.campaign, at=at)
        self.problem, self.solution, self.agreed = self.plan()

    @property
    def is_open(self) -> bool:
        """Whether the request waits for a date and its city can be travelled to."""
        return any(task.ref == self.request.ref for task in self.loaded.problem.tasks)

    @property
    def task(self) -> p.Task:
        """The request as the planner sees it."""
        return next(task for task in self.problem.tasks if task.ref == self.request.ref)

    @property
    def together(self) -> list[VisitRequest]:
        """The requests of the visit this one would be."""
        return [self.loaded.requests[ref] for ref in self.task.requests]

    def plan(self) -> tuple[p.Problem, Solution, frozenset[str]]:
        """The problem in which visits ahead may be moved, the plan, and the agreed visits in it."""
        released, placed = _released(self.loaded, at=self.at)
        problem = self.loaded.problem
        wide = replace(
            problem,
            tasks=(*problem.tasks, *released),
            fixed=tuple(v for v in problem.fixed if v.ref not in {task.ref for task in released}),
        )
        drafted = _drafted(self.version, wide) if self.version else []
        drafted = [row for row in drafted if row.task != self.request.ref]
        self.drafted = bool(drafted)
        agreed = frozenset(
            task.ref
            for task in released
            if self.loaded.visits[task.ref].state != VisitState.TENTATIVE
        )
        for rows in ([*placed, *drafted], placed):
            plan = lay_out(wide, rows)
            if plan is not None:
                return wide, plan, agreed
            self.drafted = False
        plan = lay_out(problem, [])
        return problem, plan or solve(problem, Limits(seconds=1.0)), frozenset()

    def why(self, *, on: date | None = None, host: Host | None = None) -> Why:
        """The reasons of every day, and the changes that would help: at all, or on one day."""
        cells = [
            self.words_of(cell) for cell in cells_of(self.problem, self.solution, self.task.ref)
        ]
        leeway = leeway_of(self.task, agreed=self.agreed)
        changes = ways_to_fit(
            self.problem,
            self.solution,
            self.task.ref,
            leeway,
            host=host.ref if host else None,
            day=on,
        )
        chosen = [
            each
            for each in cells
            if (on is None or each.cell.day == on) and (host is None or each.host == host)
        ]
        main = self.main_cell(chosen)
        sentence = main.sentence if main else ""
        if sentence and (lift := self.nearest_lift(changes)) is not None:
            sentence = lifted_words(self.loaded, self.problem, lift)
        return Why(
            sentence=sentence,
            public=main.public if main else "",
            plan=self.plan_words(),
            cells=cells,
            changes=[self.change_words(change) for change in changes],
        )

    def nearest_lift(self, changes: Sequence[Change]) -> Change | None:
        """Decisions of ours to be taken back, where nothing smaller helps, or for a wished day."""
        wished = {wish.day for wish in self.task.wishes}
        for change in changes:
            day = local_day(self.task.place.zone, minute_of(change.placed.start))
            if change.kind == ChangeKind.LIFT and (change is changes[0] or day in wished):
                return change
        return None

    def main_cell(self, cells: Sequence[CellWords]) -> CellWords | None:
        """The reason nearest to a place, of the wished days where there are any ahead."""
        wished = {wish.day for wish in self.task.wishes}
        cells = [each for each in cells if each.cell.day in wished] or list(cells)
        if not cells or any(each.cell.mark == CellMark.FREE for each in cells):
            return None
        return max(cells, key=lambda each: _nearness(each.cell))

    def plan_words(self) -> str:
        """Which plan the sentences speak of."""
        if self.version is None or not self.drafted:
            return _("the calendar as it stands")
        return _("the calendar as it stands, with what plan v%(n)d adds") % {
            "n": self.version.number
        }

    def words_of(self, cell: Cell) -> CellWords:
        """A cell in words."""
        host, zone = self.loaded.hosts[cell.host], self.task.place.zone
        if cell.slot is not None:
            sentence = _("%(host)s can be there %(when)s.") % {
                "host": host.name,
                "when": wording.time_range(cell.slot.start, cell.slot.end, zone),
            }
            notes = [desk_words(reason) for reason in cell.soft]
            return CellWords(cell, host, " ".join([sentence, *notes]), "")
        assert cell.reason is not None, "a day without a slot has a reason"
        sentence = desk_words(cell.reason)
        if cell.reason.code in DECISIONS:
            decided = decided_against(self.loaded.decisions, self.together, host, cell.day)
            sentence = decided or sentence
        if cell.room_if:
            names = both(self.label(ref) for ref in cell.room_if[:3])
            room = ngettext(
                "There is room if %(names)s gives way.",
                "There is room if one of these gives way: %(names)s.",
                len(cell.room_if),
            )
            sentence = " ".join([sentence, room % {"names": names}])
        why = str(cell.reason.params.get("why", ""))
        return CellWords(cell, host, sentence, public_words(cell.reason.code, cell.day, why=why))

    def label(self, ref: str) -> str:
        """What a task is called at the desk."""
        visit = self.loaded.visits.get(ref)
        if visit is not None:
            return str(visit)
        request = self.loaded.requests.get(ref)
        return str(request) if request is not None else ref

    def change_words(self, change: Change) -> ChangeWords:
        """A change in words."""
        placed, zone = change.placed, self.task.place.zone
        host = self.loaded.hosts[placed.host]
        then = {
            "when": wording.local_time(placed.start, zone),
            "host": host.name,
            "length": wording.duration(change.duration),
        }
        sentences = {
            ChangeKind.PLACE: _("It fits as things stand: %(when)s with %(host)s."),
            ChangeKind.TIME: _("If another part of the day suits: %(when)s with %(host)s."),
            ChangeKind.DAY: _("If another day suits: %(when)s with %(host)s."),
            ChangeKind.SHORTER: _("If it lasts %(length)s: %(when)s with %(host)s."),
            ChangeKind.ONLINE: _("If it is held online (%(length)s): %(when)s with %(host)s."),
        }
        if change.kind == ChangeKind.LIFT:
            sentence = lifted_words(self.loaded, self.problem, change)
        elif change.kind in sentences:
            sentence = sentences[change.kind] % then
        elif change.kind == ChangeKind.MOVE:
            moved = change.moved[0]
            task = next(task for task in self.problem.tasks if task.ref == moved.task)
            sentence = _(
                "If %(visit)s moves to %(then)s with %(other)s: %(when)s with %(host)s."
            ) % {
                **then,
                "visit": self.label(moved.task),
                "then": wording.local_time(moved.start, task.place.zone),
                "other": self.loaded.hosts[moved.host].name,
            }
        else:
            sentence = _("If %(visits)s gives way: %(when)s with %(host)s.") % {
                **then,
                "visits": both(self.label(ref) for ref in change.dropped),
            }
        touches_nobody = not change.moved and not change.dropped
        return ChangeWords(
            change,
            sentence,
            self.costs(change),
            host,
            placed.start if touches_nobody and change.kind != ChangeKind.LIFT else None,
        )

    def costs(self, change: Change) -> list[str]:
        """What a change costs in this plan."""
        words = [journey_words(change.extra_minutes)]
        if change.lost:
            words.append(
                _("drops priority %(lost)d, places priority %(own)d")
                % {"lost": change.lost, "own": self.task.priority}
            )
        for row in change.moved:
            if row.task in self.agreed:
                words.append(_("its city has agreed and would be asked again"))
            elif row.task in self.loaded.visits:
                words.append(_("its dates are on offer and would be offered anew"))
        if any(ref in self.loaded.visits for ref in change.dropped):
            words.append(_("dates on offer are taken back"))
        if change.extra_points < 0:
            words.append(_("wishes are met less well"))
        start = minute_of(change.placed.start)
        day = local_day(self.task.place.zone, start)
        worth = worth_of(self.problem, self.task, day, start)
        return [*words, *(desk_words(reason) for reason in worth.deductions)]

    def exact(self) -> ExactCost:
        """Force the request into the best plan and solve again, agreed visits standing."""
        problem = self.loaded.problem
        best = solve(problem, EXACT, with_reasons=False)
        if any(visit.task == self.task.ref for visit in best.visits):
            return ExactCost([_("The best plan has a place for it already; plan again.")])
        try:
            forced = what_if(problem, best, self.task.ref, EXACT)
        except ProblemError:
            words = _(
                "No plan can hold it as long as everything agreed and on offer stays where it is."
            )
            return ExactCost([words])
        moved, dropped = len(forced.moved), len(forced.dropped)
        words = _("Priority placed goes from %(before)d to %(after)d.") % {
            "before": forced.priority_before,
            "after": forced.priority_after,
        }
        counts = [
            ngettext("%(n)d visit of the plan moves.", "%(n)d visits of the plan move.", moved)
            % {"n": moved},
            ngettext("%(n)d loses its place.", "%(n)d lose their place.", dropped) % {"n": dropped},
        ]
        names = both(self.label(ref) for ref in forced.dropped)
        return ExactCost([words, *counts, *([names + "."] if names else [])])


def _nearness(cell: Cell) -> int:
    """The nearer to a place, the higher."""
    if cell.mark == CellMark.TAKEN or cell.reason is None:
        return len(NEARNESS) + len(cell.room_if)
    return NEARNESS.index(cell.reason.code) if cell.reason.code in NEARNESS else 0


def _released(loaded: LoadedProblem, *, at: datetime) -> tuple[list[p.Task], list[Placed]]:
    """Visits ahead as tasks with their places, as far as they keep the rules where they are."""
    problem, tasks, placed = loaded.problem, [], []
    hosts = {host.ref: host for host in problem.hosts}
    for fixed in problem.fixed:
        visit = loaded.visits[fixed.ref]
        task = task_of_visit(visit, loaded.known)
        host = hosts.get(fixed.host)
        if task is None or host is None or fixed.start <= at:
            continue
        others = [row for row in problem.fixed if row.ref != fixed.ref]
        if weigh_start(problem, others, task, host, fixed.start).possible:
            tasks.append(task)
            placed.append(Placed(task.ref, fixed.host, fixed.start))
    return tasks, placed


def _drafted(version: PlanVersion, problem: p.Problem) -> list[Placed]:
    """Where the version puts requests that still wait for a date."""
    open_tasks = {task.ref for task in problem.tasks}
    rows = version.placements.filter(visit=None).select_related("host")
    found = []
    for placement in rows.prefetch_related("requests"):
        for request in placement.requests.all():
            if request.ref in open_tasks:
                found.append(Placed(request.ref, placement.host.ref, placement.starts_at))
    return found
